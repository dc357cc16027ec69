//! How far a stream of a source has been read.

use crate::{InvalidValue, SourceName, Timestamp};

/// Which stream: a source, one of its streams, and what it is read from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CursorKey {
    source: SourceName,
    stream: String,
    scope: String,
}

impl CursorKey {
    /// The longest stream or scope, in bytes.
    pub const MAX_BYTES: usize = 512;

    /// Names a stream, for example `git`, `refs/heads/main`, `github.com/owner/repo`.
    ///
    /// # Errors
    /// When stream or scope is empty, too long, or holds a control character.
    pub fn new(
        source: SourceName,
        stream: impl Into<String>,
        scope: impl Into<String>,
    ) -> Result<Self, InvalidValue> {
        let (stream, scope) = (stream.into(), scope.into());
        for (what, text) in [("cursor stream", &stream), ("cursor scope", &scope)] {
            if text.is_empty() {
                return Err(InvalidValue::new(what, text, "it is empty"));
            }
            if text.len() > Self::MAX_BYTES {
                return Err(InvalidValue::new(what, text, "it is longer than 512 bytes"));
            }
            if text.chars().any(char::is_control) {
                return Err(InvalidValue::new(what, text, "it holds a control character"));
            }
        }
        Ok(Self { source, stream, scope })
    }

    /// The source.
    pub const fn source(&self) -> &SourceName {
        &self.source
    }

    /// The stream within the source, for example a branch.
    pub fn stream(&self) -> &str {
        &self.stream
    }

    /// What the stream is read from, for example a repository.
    pub fn scope(&self) -> &str {
        &self.scope
    }
}

/// How far one stream has been read. The value is the source's own; the ledger only keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCursor {
    /// Which stream.
    pub key: CursorKey,
    /// Where to go on reading.
    pub value: String,
    /// When the page that ended here was read.
    pub retrieved_at: Timestamp,
}

impl SourceCursor {
    /// The longest cursor value, in bytes.
    pub const MAX_VALUE_BYTES: usize = 65_536;

    /// Checks that the ledger can keep the value.
    ///
    /// # Errors
    /// When it is too long or holds the character U+0000.
    pub fn check_value(value: &str) -> Result<(), InvalidValue> {
        if value.len() > Self::MAX_VALUE_BYTES {
            return Err(InvalidValue::new("cursor value", value, "it is longer than 65536 bytes"));
        }
        if value.contains('\0') {
            return Err(InvalidValue::new("cursor value", value, "it holds the character U+0000"));
        }
        Ok(())
    }
}
