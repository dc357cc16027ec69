//! Takes a file apart into rows.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, BufReader, Read, Take};
use std::rc::Rc;

use csv::{ByteRecord, Reader, ReaderBuilder};

use super::columns::Layout;
use crate::file::{Position, Snapshot};
use crate::records::{Fault, MAX_RECORD_BYTES, Record, Records};

/// What went through to the reader of rows.
#[derive(Default)]
struct Passed {
    /// How much more may pass before the next row begins.
    left: u64,
    /// How many bytes passed.
    total: u64,
    /// The last of them.
    chunk: Vec<u8>,
}

impl Passed {
    /// The byte before that offset, which lies in what passed last.
    fn byte_before(&self, offset: u64) -> Option<u8> {
        let back = usize::try_from(self.total.checked_sub(offset)?).ok()?;
        let at = self.chunk.len().checked_sub(back + 1)?;
        self.chunk.get(at).copied()
    }
}

/// Refuses to read more than a row's worth before the next row begins.
struct Bounded {
    file: BufReader<Take<File>>,
    passed: Rc<RefCell<Passed>>,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut passed = self.passed.borrow_mut();
        if passed.left == 0 {
            return Err(io::Error::from(io::ErrorKind::FileTooLarge));
        }
        let read = self.file.read(buffer)?;
        if read > 0 {
            passed.left = passed.left.saturating_sub(read as u64);
            passed.total += read as u64;
            passed.chunk.clear();
            passed.chunk.extend_from_slice(&buffer[..read]);
        }
        Ok(read)
    }
}

/// The rows of a file, not yet understood.
pub(super) struct Rows {
    reader: Reader<Bounded>,
    passed: Rc<RefCell<Passed>>,
    /// Where the reader began.
    base: Position,
    row: ByteRecord,
    /// Behind all that is in the file.
    end: u64,
}

/// The rows of a file whose header is understood.
pub(super) struct ReadRows {
    rows: Rows,
    layout: Layout,
    is_cut: bool,
}

impl Rows {
    /// Begins behind the header, which comes with it. Without one it is empty.
    pub(super) fn open(snapshot: &Snapshot) -> io::Result<(Self, ByteRecord)> {
        let mut rows = Self::open_at(snapshot, Position::default())?;
        rows.read()?;
        let header = std::mem::take(&mut rows.row);
        Ok((rows, header))
    }

    /// Begins at the end of a row.
    pub(super) fn open_at(snapshot: &Snapshot, base: Position) -> io::Result<Self> {
        let passed = Rc::new(RefCell::new(Passed::default()));
        let file = Bounded { file: snapshot.reader_at(base.offset)?, passed: Rc::clone(&passed) };
        let reader = ReaderBuilder::new().has_headers(false).flexible(true).from_reader(file);
        Ok(Self { reader, passed, base, row: ByteRecord::new(), end: snapshot.length() })
    }

    pub(super) const fn with(self, layout: Layout) -> ReadRows {
        ReadRows { rows: self, layout, is_cut: false }
    }

    /// Where it stands.
    pub(super) fn at(&self) -> Position {
        let at = self.reader.position();
        Position {
            offset: self.base.offset + at.byte(),
            line_breaks: self.base.line_breaks + at.line().saturating_sub(1),
        }
    }

    fn read(&mut self) -> io::Result<bool> {
        // With what is read ahead. Past it a quote was not closed.
        self.passed.borrow_mut().left = MAX_RECORD_BYTES;
        self.reader.read_byte_record(&mut self.row).map_err(|error| match error.into_kind() {
            csv::ErrorKind::Io(error) => error,
            other => io::Error::other(format!("{other:?}")),
        })
    }

    /// On which line the row begins. Blank lines before it are read with it, and so may be the rest
    /// of the line break before it; so the line is counted back from the row's end.
    fn line_of_row(&self) -> u64 {
        let is_break = |byte: &u8| *byte == b'\n';
        let inside = self.row.as_slice().iter().filter(|byte| is_break(byte)).count() as u64;
        let before = self.passed.borrow().byte_before(self.reader.position().byte());
        let at_its_end = u64::from(before.as_ref().is_some_and(is_break));
        (self.at().line_breaks + 1).saturating_sub(inside + at_its_end)
    }
}

impl Records for ReadRows {
    fn next(&mut self) -> io::Result<Option<Record>> {
        if self.is_cut {
            return Ok(None);
        }
        let from = self.rows.at();
        match self.rows.read() {
            Ok(false) => Ok(None),
            Ok(true) => {
                let line = self.rows.line_of_row();
                let content = self.layout.value_of(&self.rows.row, line);
                Ok(Some(Record { from, line, content }))
            }
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                self.is_cut = true;
                let line = from.line_breaks + 1;
                let problem = format!(
                    "begins a row that is longer than {MAX_RECORD_BYTES} bytes, so nothing after it \
                     can be read; close its quote"
                );
                Ok(Some(Record { from, line, content: Err(Fault { line, field: None, problem }) }))
            }
            Err(error) => Err(error),
        }
    }

    fn position(&self) -> Position {
        let at = self.rows.at();
        if self.is_cut { Position { offset: self.rows.end, ..at } } else { at }
    }
}
