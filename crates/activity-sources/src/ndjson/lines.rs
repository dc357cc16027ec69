//! Takes a file apart into lines, each a JSON value.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Take};

use serde_json::Value;

use crate::records::{Fault, Position, Record, Records, Snapshot};

/// The longest line that is read, in bytes. What the ledger keeps of an event is much shorter.
pub(super) const MAX_LINE_BYTES: u64 = 1024 * 1024;

/// What some programs put before UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The lines of a file that are not blank.
pub(super) struct Lines {
    reader: BufReader<Take<File>>,
    at: Position,
    line: Vec<u8>,
}

impl Lines {
    pub(super) fn open(snapshot: &Snapshot, at: Position) -> io::Result<Self> {
        Ok(Self { reader: snapshot.reader_at(at.offset)?, at, line: Vec::new() })
    }

    /// Reads a line, of which no more than the longest one is kept. False at the end.
    fn read_line(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut bounded = (&mut self.reader).take(MAX_LINE_BYTES + 1);
        let mut read = bounded.read_until(b'\n', &mut self.line)? as u64;
        if read == 0 {
            return Ok(false);
        }
        let mut is_ended = self.line.ends_with(b"\n");
        while !is_ended {
            let more = self.reader.fill_buf()?;
            if more.is_empty() {
                break;
            }
            let end = more.iter().position(|byte| *byte == b'\n');
            let length = end.map_or(more.len(), |end| end + 1);
            is_ended = end.is_some();
            self.reader.consume(length);
            read += length as u64;
        }
        self.at.offset += read;
        self.at.line_breaks += u64::from(is_ended);
        Ok(true)
    }
}

impl Records for Lines {
    fn next(&mut self) -> io::Result<Option<Record>> {
        loop {
            let from = self.at;
            if !self.read_line()? {
                return Ok(None);
            }
            let mut bytes = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
            let is_too_long = bytes.len() as u64 > MAX_LINE_BYTES;
            if from.offset == 0 {
                bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
            }
            let bytes = bytes.trim_ascii();
            if bytes.is_empty() && !is_too_long {
                continue;
            }
            let line = from.line_breaks + 1;
            let content = value_of(bytes, is_too_long).map_err(|problem| Fault {
                line,
                field: None,
                problem,
            });
            return Ok(Some(Record { from, line, content }));
        }
    }

    fn position(&self) -> Position {
        self.at
    }
}

fn value_of(bytes: &[u8], is_too_long: bool) -> Result<Value, String> {
    if is_too_long {
        return Err(format!("is longer than {MAX_LINE_BYTES} bytes"));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("is not UTF-8 from byte {}", error.valid_up_to() + 1))?;
    serde_json::from_str(text).map_err(|error| {
        // The JSON parser counts lines of its own, and here there is always one.
        format!("is not JSON: {}", error.to_string().replace(" at line 1 column ", " at column "))
    })
}
