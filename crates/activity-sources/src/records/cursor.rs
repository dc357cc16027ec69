//! How far a file has been read, as JSON that another run understands.
//!
//! Before `offset` everything was looked at. What waited there for a later epoch lies in the spans:
//! within a span, what happened before its `until` is done, and the rest waits. So the next epoch's
//! run finds what waits without handing out again what is done.

use ledger_core::{CursorKey, Sha256Hex, Timestamp};
use serde::{Deserialize, Serialize};

use crate::SourceError;
use crate::cursor::parse_cursor;

/// The version this program writes. Raise it when an older program would misread the value.
const VERSION: u32 = 1;

/// The most spans a cursor keeps. Only a run that was interrupted leaves more than one; where there
/// are more, neighbours become one that is done up to the earlier moment: what is handed out again
/// for that is skipped by its id.
const MAX_SPANS: usize = 64;

/// What a stored cursor says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileCursor {
    version: u32,
    /// Where the books began.
    pub(super) since: Timestamp,
    /// The fingerprint of how the file was understood; `None` where there is one way only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) terms: Option<Sha256Hex>,
    /// How many bytes were looked at.
    pub(super) offset: u64,
    /// How many line breaks are in them.
    pub(super) line_breaks: u64,
    /// Their hash.
    pub(super) sha256: Sha256Hex,
    /// Where something waits, in the file's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) waiting: Vec<Span>,
}

/// A part of the file where something waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Span {
    /// The offset of its first byte.
    pub(super) from: u64,
    /// How many line breaks are before it.
    pub(super) line_breaks: u64,
    /// The offset after its last byte.
    pub(super) to: u64,
    /// What happened before this is done.
    pub(super) until: Timestamp,
}

impl FileCursor {
    pub(super) fn new(
        since: Timestamp,
        terms: Option<Sha256Hex>,
        (offset, line_breaks): (u64, u64),
        sha256: Sha256Hex,
        mut waiting: Vec<Span>,
    ) -> Self {
        while waiting.len() > MAX_SPANS {
            let first = waiting.remove(0);
            waiting[0].from = first.from;
            waiting[0].line_breaks = first.line_breaks;
            waiting[0].until = waiting[0].until.min(first.until);
        }
        Self { version: VERSION, since, terms, offset, line_breaks, sha256, waiting }
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// When it is damaged, or a newer program wrote it.
    pub(super) fn parse(key: &CursorKey, value: &str) -> Result<Self, SourceError> {
        parse_cursor(key, value, VERSION, "file")
    }

    /// The value to store.
    pub(super) fn to_value(&self) -> String {
        serde_json::to_string(self).expect("numbers, times and hashes always serialize")
    }
}

#[cfg(test)]
mod tests {
    use ledger_core::{Sha256Hex, SourceCursor, Timestamp};

    use super::{FileCursor, MAX_SPANS, Span};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).expect("a time")
    }

    #[test]
    fn many_spans_become_few_and_lose_nothing() {
        let span = |n: u64| Span { from: n * 10, line_breaks: n, to: n * 10 + 5, until: at(9) };
        let mut spans: Vec<_> = (0..100).map(span).collect();
        spans[3].until = at(4);
        let cursor = FileCursor::new(at(0), None, (1_000, 100), Sha256Hex::of(b""), spans);
        assert_eq!(cursor.waiting.len(), MAX_SPANS);
        let first = Span { from: 0, line_breaks: 0, to: 365, until: at(4) };
        assert_eq!((cursor.waiting[0], cursor.waiting[1]), (first, span(37)));
        SourceCursor::check_value(&cursor.to_value()).expect("it fits");
    }
}
