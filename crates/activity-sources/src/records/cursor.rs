//! How far a file has been read, as JSON that another run understands.

use ledger_core::{CursorKey, Sha256Hex, Timestamp};
use serde::{Deserialize, Serialize};

use crate::SourceError;
use crate::cursor::parse_cursor;
use crate::file::{Position, Span};

/// The version this program writes. Raise it when an older program would misread the value.
const VERSION: u32 = 1;

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

impl FileCursor {
    pub(super) fn new(
        since: Timestamp,
        terms: Option<Sha256Hex>,
        Position { offset, line_breaks }: Position,
        sha256: Sha256Hex,
        waiting: Vec<Span>,
    ) -> Self {
        Self { version: VERSION, since, terms, offset, line_breaks, sha256, waiting }
    }

    /// Up to where any run has looked.
    pub(super) const fn seen(&self) -> Position {
        Position { offset: self.offset, line_breaks: self.line_breaks }
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
