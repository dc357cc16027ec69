//! What a writer meant to do and what it was answered, one line each, in a file that outlives the writer.
//!
//! What was meant is written before the call and the answer after it, so that of the last line at most one
//! call is not known: the one that was under way when somebody was killed. A line that is cut off was never
//! written.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::deed::Deed;
use crate::{Failure, Outcome};

/// One call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Call {
    /// Its number among the calls of its writer, from 0.
    pub(super) number: u64,
    pub(super) deed: Deed,
    /// Whether it is made under a key.
    pub(super) is_keyed: bool,
}

#[derive(Debug, Serialize, Deserialize)]
enum Line {
    Meant(Call),
    Answered(String),
}

/// The calls of one writer, and what each was answered. At most the last one has no answer.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    /// How much of the file was read.
    offset: u64,
    pub(super) answered: Vec<(Call, String)>,
    /// The call that was under way.
    pub(super) unanswered: Option<Call>,
}

impl Journal {
    /// A journal as far as it is not read at all.
    pub(super) const fn at(path: PathBuf) -> Self {
        Self { path, offset: 0, answered: Vec::new(), unanswered: None }
    }

    /// Reads what came since.
    pub(super) fn read_on(&mut self) -> Outcome<()> {
        let mut file = match File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        file.seek(SeekFrom::Start(self.offset))?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        for line in text[..whole].lines() {
            match (serde_json::from_str(line)?, self.unanswered.take()) {
                (Line::Meant(call), None) => self.unanswered = Some(call),
                (Line::Answered(text), Some(call)) => self.answered.push((call, text)),
                (line, _) => return Err(Failure::Unable(format!("{line:?} is out of turn"))),
            }
        }
        self.offset += u64::try_from(whole)?;
        Ok(())
    }
}

/// The same, by the one who writes it.
#[derive(Debug)]
pub(super) struct Pen(File);

impl Pen {
    /// Goes on behind the last whole line, up to which the journal was read.
    pub(super) fn at_the_end_of(journal: &Journal) -> Outcome<Self> {
        let path: &Path = &journal.path;
        let mut file = OpenOptions::new().create(true).truncate(false).write(true).open(path)?;
        file.set_len(journal.offset)?;
        file.seek(SeekFrom::End(0))?;
        Ok(Self(file))
    }

    pub(super) fn meant(&mut self, call: &Call) -> Outcome<()> {
        self.line(&Line::Meant(call.clone()))
    }

    pub(super) fn answered(&mut self, text: &str) -> Outcome<()> {
        self.line(&Line::Answered(text.to_owned()))
    }

    fn line(&mut self, line: &Line) -> Outcome<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        Ok(self.0.write_all(text.as_bytes())?)
    }
}
