//! Lines of a file, of which no more than a bound is kept in memory.

use std::io::{self, BufRead, Read as _};

/// A place in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Position {
    /// How many bytes are before it.
    pub(crate) offset: u64,
    /// How many line breaks are before it.
    pub(crate) line_breaks: u64,
}

impl Position {
    /// The number of the line that begins here, from 1.
    pub(crate) const fn line(self) -> u64 {
        self.line_breaks + 1
    }
}

/// Reads a text line by line.
#[derive(Debug)]
pub(crate) struct BoundedLines<R> {
    reader: R,
    max_bytes: u64,
    at: Position,
    line: Vec<u8>,
}

impl<R: BufRead> BoundedLines<R> {
    /// Reads from a reader that stands at that place.
    pub(crate) const fn new(reader: R, at: Position, max_bytes: u64) -> Self {
        Self { reader, max_bytes, at, line: Vec::new() }
    }

    /// Goes to the next line. False at the end. After an error it stands at the line's beginning, and
    /// cannot be read further.
    pub(crate) fn advance(&mut self) -> io::Result<bool> {
        self.line.clear();
        let mut bounded = (&mut self.reader).take(self.max_bytes + 1);
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

    /// The line without its line break; `None` when it is longer than the bound.
    pub(crate) fn line(&self) -> Option<&[u8]> {
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        (line.len() as u64 <= self.max_bytes).then_some(line)
    }

    /// The end of the line.
    pub(crate) const fn position(&self) -> Position {
        self.at
    }
}
