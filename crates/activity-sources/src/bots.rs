//! Whose work is left out: the operator's list of bots.

use std::collections::BTreeSet;

use ledger_core::Sha256Hex;

use crate::SourceError;

/// Patterns in lower case: a whole name, in which `*` stands for any text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Bots(Vec<String>);

impl Bots {
    /// Reads the operator's list.
    ///
    /// # Errors
    /// When a pattern is empty: it could only be a slip.
    pub(crate) fn new(kind: &str, patterns: &[String]) -> Result<Self, SourceError> {
        if patterns.iter().any(|pattern| pattern.trim().is_empty()) {
            let problem = "a bot's name or email is empty; leave it out";
            return Err(SourceError::settings(kind, problem));
        }
        Ok(Self(patterns.iter().map(|pattern| pattern.trim().to_lowercase()).collect()))
    }

    /// Whether that name is on the list, or says itself that it is a bot's.
    pub(crate) fn has(&self, name: &str) -> bool {
        let name = name.to_lowercase();
        name.contains("[bot]") || self.0.iter().any(|pattern| matches(pattern, &name))
    }

    /// Tells one list from another, whatever its order; `None` for an empty one.
    pub(crate) fn fingerprint(&self) -> Option<Sha256Hex> {
        let patterns: BTreeSet<&str> = self.0.iter().map(String::as_str).collect();
        let lines = Vec::from_iter(patterns).join("\n");
        (!lines.is_empty()).then(|| Sha256Hex::of(lines.as_bytes()))
    }
}

/// Whether the whole text is the pattern, in which `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_pattern_is_the_whole_text_with_stars() {
        for (pattern, text, expected) in [
            ("renovate", "renovate", true),
            ("renovate", "renovate x", false),
            ("*@bots.example", "a@bots.example", true),
            ("*@bots.example", "a@bots.example.org", false),
            ("ci*bot", "ci-bot", true),
            ("ab*ba", "aba", false),
            ("a*b*c", "a1b2c", true),
            ("a*b*c", "acb", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} on {text}");
        }
    }
}
