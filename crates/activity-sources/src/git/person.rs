//! Who a name and an email are: through the mailmap, to an identity of the ledger, and whether it
//! is a bot.

use std::collections::BTreeSet;

use gix::actor::SignatureRef;
use gix::bstr::{BStr, ByteSlice};
use gix::mailmap::Snapshot;
use ledger_core::{PlatformUserId, Sha256Hex};

use crate::text::{bounded, printable};

/// The longest name that an event shows, in bytes.
const MAX_LOGIN_BYTES: usize = 256;

/// The identity of somebody with neither name nor email.
const UNKNOWN: &str = "unknown";

/// Somebody who contributed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Person {
    /// The email after mailmap, in lower case. Without one: `name:` and the name in lower case;
    /// without a name too: `unknown`.
    pub(super) user_id: PlatformUserId,
    /// The name after mailmap.
    pub(super) login: Option<String>,
    /// Whether it is a bot, whose work is left out.
    pub(super) is_bot: bool,
}

/// Tells who is who, by the mailmap and the list of bots.
#[derive(Debug, Default)]
pub(super) struct People {
    pub(super) mailmap: Snapshot,
    /// Patterns in lower case: a whole email or name, in which `*` stands for anything.
    pub(super) bots: Vec<String>,
}

impl People {
    /// Who that is.
    pub(super) fn resolve(&self, name: &str, email: &str) -> Person {
        let (name, email) = (name.trim(), email.trim());
        let (mapped_name, mapped_email) = self.map(name, email);
        let is_bot = [name, email, &mapped_name, &mapped_email].iter().any(|t| self.is_bot(t));
        let login = printable(&mapped_name);
        Person {
            user_id: user_id(&login, &printable(&mapped_email)),
            login: (!login.is_empty()).then(|| bounded(login, MAX_LOGIN_BYTES)),
            is_bot,
        }
    }

    /// Tells one list of bots from another, whatever its order; `None` for an empty one.
    pub(super) fn bots_fingerprint(&self) -> Option<Sha256Hex> {
        let patterns: BTreeSet<&str> = self.bots.iter().map(String::as_str).collect();
        let lines = Vec::from_iter(patterns).join("\n");
        (!lines.is_empty()).then(|| Sha256Hex::of(lines.as_bytes()))
    }

    fn map(&self, name: &str, email: &str) -> (String, String) {
        let signature = SignatureRef {
            name: name.as_bytes().as_bstr(),
            email: email.as_bytes().as_bstr(),
            time: "",
        };
        let mapped = self.mailmap.try_resolve_ref(signature);
        let (new_name, new_email) = mapped.map_or((None, None), |new| (new.name, new.email));
        let text = |new: Option<&BStr>, old: &str| match new {
            Some(new) => new.to_str_lossy().into_owned(),
            None => old.to_owned(),
        };
        (text(new_name, name), text(new_email, email))
    }

    fn is_bot(&self, text: &str) -> bool {
        let text = text.to_lowercase();
        text.contains("[bot]") || self.bots.iter().any(|pattern| matches(pattern, &text))
    }
}

/// The identity of that email, and without one of that name.
fn user_id(name: &str, email: &str) -> PlatformUserId {
    let text = match (email, name) {
        ("", "") => UNKNOWN.to_owned(),
        ("", name) => format!("name:{}", name.to_lowercase()),
        (email, _) => email.to_lowercase(),
    };
    PlatformUserId::new(bounded(text, PlatformUserId::MAX_BYTES))
        .expect("the text is not empty, holds no control character and was cut to the limit")
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
    use gix::mailmap::Snapshot;

    use super::{People, matches};

    fn id(people: &People, name: &str, email: &str) -> String {
        people.resolve(name, email).user_id.to_string()
    }

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

    #[test]
    fn everybody_has_an_identity() {
        let people = People::default();
        assert_eq!(id(&people, "A", "A@Example.ORG"), "a@example.org");
        assert_eq!(id(&people, "Änn", ""), "name:änn");
        assert_eq!(id(&people, " ", " "), "unknown");
        assert_eq!(id(&people, "A", "a\0@b"), "a\u{fffd}@b");
        assert_eq!(people.resolve("", "a@b").login, None);
        let long = "x".repeat(300);
        assert_ne!(id(&people, "", &format!("{long}1")), id(&people, "", &format!("{long}2")));
    }

    #[test]
    fn a_bot_is_known_before_and_after_the_mailmap() {
        let people = People {
            mailmap: Snapshot::from_bytes(b"Robot <robot@x> <r@x>\n"),
            bots: vec!["robot@*".to_owned()],
        };
        assert!(people.resolve("R", "r@x").is_bot);
        assert!(people.resolve("dependabot[bot]", "a@b").is_bot);
        assert!(people.resolve("A", "49699333+Dependabot[BOT]@users.noreply.github.com").is_bot);
        assert!(!people.resolve("R", "other@x").is_bot);
    }
}
