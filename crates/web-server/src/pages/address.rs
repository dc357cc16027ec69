//! Where each page lives. Every link of every page is made here.

use std::fmt::Write as _;

/// One segment of a path: everything but RFC 3986's unreserved characters is percent-encoded.
/// The segments `.` and `..`, which a browser would resolve away, cannot be encoded; the server
/// refuses such names.
pub fn path_segment(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            // Writing to a String never fails.
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// A query string with its question mark; pairs with an empty value are left out, and without any
/// pair there is no question mark either.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (name, value) in pairs.iter().filter(|(_, value)| !value.is_empty()) {
        text.push(if text.is_empty() { '?' } else { '&' });
        text.push_str(name);
        text.push('=');
        text.push_str(&path_segment(value));
    }
    text
}

/// A ledger's front page: its current epoch.
pub fn ledger(ledger: &str) -> String {
    format!("/l/{}", path_segment(ledger))
}

/// All epochs of a ledger.
pub fn epochs(of: &str) -> String {
    format!("{}/epochs", ledger(of))
}

/// What everybody got so far.
pub fn holdings(of: &str) -> String {
    format!("{}/holdings", ledger(of))
}

/// One epoch.
pub fn epoch(ledger: &str, id: i64) -> String {
    format!("{}/{id}", epochs(ledger))
}

/// One contributor, across epochs.
pub fn contributor(of: &str, user: &str) -> String {
    format!("{}/users/{}", ledger(of), path_segment(user))
}

/// Why one contributor gets that amount in one epoch.
pub fn explanation(ledger: &str, id: i64, user: &str) -> String {
    format!("{}/users/{}", epoch(ledger, id), path_segment(user))
}

/// A statement as a file; `format` is `csv` or `json`.
pub fn statement_file(ledger: &str, id: i64, format: &str) -> String {
    let ledger = path_segment(ledger);
    format!("/api/v1/ledgers/{ledger}/epochs/{id}/statement?format={format}")
}

#[cfg(test)]
mod tests {
    use super::{contributor, explanation, path_segment, query, statement_file};

    #[test]
    fn only_unreserved_characters_stay() {
        assert_eq!(path_segment("ada-Lovelace_1.0~x"), "ada-Lovelace_1.0~x");
        assert_eq!(path_segment("ada@example.org"), "ada%40example.org");
        assert_eq!(path_segment("a/b?c#d e%"), "a%2Fb%3Fc%23d%20e%25");
        assert_eq!(path_segment("é\"<"), "%C3%A9%22%3C");
    }

    #[test]
    fn a_query_leaves_out_what_is_empty() {
        assert_eq!(query(&[("user", ""), ("after", "")]), "");
        assert_eq!(
            query(&[("user", "a&b"), ("source", ""), ("late", "true")]),
            "?user=a%26b&late=true"
        );
    }

    #[test]
    fn pages_have_addresses() {
        assert_eq!(contributor("the orchard", "a/b"), "/l/the%20orchard/users/a%2Fb");
        assert_eq!(explanation("orchard", 7, "ada"), "/l/orchard/epochs/7/users/ada");
        assert_eq!(
            statement_file("orchard", 7, "csv"),
            "/api/v1/ledgers/orchard/epochs/7/statement?format=csv"
        );
    }
}
