//! How far an archive has been read, as JSON that another run understands.

use ledger_core::{CursorKey, Sha256Hex, Timestamp};
use serde::{Deserialize, Serialize};

use crate::SourceError;
use crate::cursor::{Terms, parse_cursor};
use crate::file::{Position, Span};

/// The version this program writes. Raise it when an older program would misread the value.
const VERSION: u32 = 1;

/// What a stored cursor says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ArchiveCursor {
    version: u32,
    /// Where the books began.
    pub(super) since: Timestamp,
    /// The fingerprint of the operator's list of bots; `None` where it was empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bots: Option<Sha256Hex>,
    /// The fingerprint of the repositories that were wanted.
    pub(super) wanted: Sha256Hex,
    /// Which file it was.
    pub(super) file: FileIdentity,
    /// How many bytes of its text were looked at.
    offset: u64,
    /// How many line breaks are in them.
    line_breaks: u64,
    /// Whether that is all of it.
    is_whole: bool,
    /// Whether the text ended before its end. Then the checksum says nothing about what was read, and
    /// the file is read from its beginning again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) is_broken: bool,
    /// Where something waits, in the file's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) waiting: Vec<Span>,
}

/// How a run's last page ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// There is more text.
    NotYet,
    /// At the end of the text.
    Whole,
    /// Before it: the file is cut short, damaged or empty.
    Broken,
}

/// Tells one archive from another. A gzip file ends in the checksum and the length of its text (RFC
/// 1952, 2.3.1), so a sound one need not be read for that; any other text is hashed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileIdentity {
    /// How long the file is, as it is on the disk.
    pub(super) bytes: u64,
    /// The last bytes of a gzip file, or the hash of any other, in hexadecimal.
    pub(super) check: String,
}

impl ArchiveCursor {
    /// Nothing is read yet.
    pub(super) fn new(terms: Terms, wanted: Sha256Hex, file: FileIdentity) -> Self {
        let Terms { since, bots } = terms;
        Self {
            version: VERSION,
            since,
            bots,
            wanted,
            file,
            offset: 0,
            line_breaks: 0,
            is_whole: false,
            is_broken: false,
            waiting: Vec::new(),
        }
    }

    /// What the run was told to leave out.
    pub(super) fn terms(&self) -> Terms {
        Terms { since: self.since, bots: self.bots.clone() }
    }

    /// The same, for books that begin then.
    pub(super) fn with_since(self, since: Timestamp) -> Self {
        Self { since, ..self }
    }

    /// Up to where any run has looked.
    pub(super) const fn seen(&self) -> Position {
        Position { offset: self.offset, line_breaks: self.line_breaks }
    }

    /// The same, looked at up to there.
    pub(super) fn seen_to(&self, seen: Position, end: End, waiting: Vec<Span>) -> Self {
        let Position { offset, line_breaks } = seen;
        let (is_whole, is_broken) = match end {
            End::NotYet => (self.is_whole, false),
            End::Whole => (true, false),
            End::Broken => (self.is_whole, true),
        };
        Self { offset, line_breaks, is_whole, is_broken, waiting, ..self.clone() }
    }

    /// Whether nothing in the file is wanted before that moment that was not handed out.
    pub(super) fn is_done_until(&self, until: Timestamp) -> bool {
        self.is_whole && self.waiting.iter().all(|span| span.until >= until)
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// When it is damaged, or a newer program wrote it.
    pub(super) fn parse(key: &CursorKey, value: &str) -> Result<Self, SourceError> {
        parse_cursor(key, value, VERSION, "archive")
    }

    /// The value to store.
    pub(super) fn to_value(&self) -> String {
        serde_json::to_string(self).expect("numbers, times and texts always serialize")
    }
}
