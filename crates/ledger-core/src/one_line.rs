//! Text for people that fits on one line: an error, what something waits for.

use std::fmt;

/// Text on one line, never empty, at most [`OneLine::MAX_BYTES`] long. Any text can be made into one.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OneLine(String);

impl OneLine {
    /// The longest one, in bytes of UTF-8.
    pub const MAX_BYTES: usize = 2_000;

    /// The text with spaces for control characters, cut where it is too long. No text at all shows
    /// as `?`.
    pub fn of(text: &str) -> Self {
        let on_one_line: String =
            text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let trimmed = on_one_line.trim();
        let kept = trimmed[..trimmed.floor_char_boundary(Self::MAX_BYTES)].trim_end();
        Self(if kept.is_empty() { "?" } else { kept }.to_owned())
    }

    /// An error and its causes, each after a colon.
    pub fn of_error(error: &dyn std::error::Error) -> Self {
        let causes = std::iter::successors(Some(error), |cause| cause.source());
        Self::of(&causes.map(ToString::to_string).collect::<Vec<_>>().join(": "))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OneLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::OneLine;

    #[test]
    fn any_text_fits_and_a_kept_one_stays_as_it_is() {
        for (text, expected) in
            [("", "?"), (" \n", "?"), ("a\nb\0 ", "a b"), ("no answer", "no answer")]
        {
            assert_eq!(OneLine::of(text).as_str(), expected);
            assert_eq!(OneLine::of(text).to_string(), expected);
        }
        let long = OneLine::of(&"é".repeat(2_000));
        assert_eq!(long.as_str().len(), OneLine::MAX_BYTES);
        assert_eq!(OneLine::of(long.as_str()), long);
        assert_eq!(OneLine::of(&format!("{}  x", "a".repeat(1_999))).as_str().len(), 1_999);
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let cause = std::io::Error::other("reset");
        let error = std::io::Error::other(cause);
        assert_eq!(OneLine::of_error(&error).as_str(), "reset");
    }
}
