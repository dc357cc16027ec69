//! Takes a file apart into lines, each a JSON value.

use std::fs::File;
use std::io::{self, BufReader, Take};

use serde_json::Value;

use crate::file::{BoundedLines, Position, Snapshot};
use crate::records::{Fault, MAX_RECORD_BYTES, Record, Records};
use crate::text::json_problem;

/// What some programs put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a file that are not blank.
pub(super) struct Lines(BoundedLines<BufReader<Take<File>>>);

impl Lines {
    pub(super) fn open(snapshot: &Snapshot, at: Position) -> io::Result<Self> {
        Ok(Self(BoundedLines::new(snapshot.reader_at(at.offset)?, at, MAX_RECORD_BYTES)))
    }
}

impl Records for Lines {
    fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            let from = self.0.position();
            if !self.0.advance()? {
                return Ok(None);
            }
            let mut bytes = self.0.line();
            if from.offset == 0 {
                bytes = bytes.map(|line| line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line));
            }
            let bytes = bytes.map(<[u8]>::trim_ascii);
            if bytes.is_some_and(<[u8]>::is_empty) {
                continue;
            }
            let line = from.line();
            let content = value_of(bytes).map_err(|problem| Fault { line, field: None, problem });
            return Ok(Some(Record { from, line, content }));
        }
    }

    fn position(&self) -> Position {
        self.0.position()
    }
}

fn value_of(line: Option<&[u8]>) -> Result<Value, String> {
    let bytes = line.ok_or_else(|| format!("is longer than {MAX_RECORD_BYTES} bytes"))?;
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("is not UTF-8 from byte {}", error.valid_up_to() + 1))?;
    serde_json::from_str(text).map_err(|error| format!("is not JSON: {}", json_problem(&error)))
}
