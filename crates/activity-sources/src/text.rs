//! Text from outside, made fit for the ledger: no control characters, a known length.

use ledger_core::Sha256Hex;

/// How many digits of the hash tell cut texts apart.
const HASH_DIGITS: usize = 32;

/// The text on one line: white space at its ends is dropped, and each control character (NUL
/// included, which PostgreSQL cannot keep) becomes U+FFFD.
pub(crate) fn printable(text: &str) -> String {
    text.trim()
        .chars()
        .map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c })
        .collect()
}

/// The text in at most `max` bytes. A longer one keeps its beginning and ends in `~` and a hash of
/// the whole, so that two long texts with one beginning stay two.
pub(crate) fn bounded(text: String, max: usize) -> String {
    if text.len() <= max {
        return text;
    }
    let hash = Sha256Hex::of(text.as_bytes());
    let kept = &text[..text.floor_char_boundary(max.saturating_sub(HASH_DIGITS + 1))];
    format!("{kept}~{}", &hash.as_str()[..HASH_DIGITS])
}

/// The first `max` characters; what is cut shows as `…`. For text that is only read.
fn shortened(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

/// A text from outside as people are shown it: on one line, and not too long.
pub(crate) fn shown(text: &str, max: usize) -> String {
    shortened(&printable(text), max)
}

/// What is wrong with a text that is one line. The JSON parser counts lines of its own.
pub(crate) fn json_problem(error: &serde_json::Error) -> String {
    error.to_string().replace(" at line 1 column ", " at column ")
}

#[cfg(test)]
mod tests {
    use super::{bounded, printable, shortened};

    #[test]
    fn control_characters_never_pass() {
        assert_eq!(printable("  A\0b\nc\u{85} "), "A\u{fffd}b\u{fffd}c");
    }

    #[test]
    fn long_texts_with_one_beginning_stay_different() {
        let (one, two) = (format!("{}1", "é".repeat(200)), format!("{}2", "é".repeat(200)));
        let cut = bounded(one.clone(), 101);
        assert!(cut.len() <= 101 && cut.starts_with("éé"));
        assert_ne!(cut, bounded(two, 101));
        assert_eq!(cut, bounded(one, 101));
        assert_eq!(bounded("short".to_owned(), 5), "short");
    }

    #[test]
    fn a_shortened_text_shows_that_it_is_cut() {
        assert_eq!(shortened("abc", 3), "abc");
        assert_eq!(shortened("ab cd", 3), "ab…");
    }
}
