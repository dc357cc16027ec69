//! Where a file is, and what it is called.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use super::snapshot::Snapshot;
use crate::SourceError;

/// How standard input is written where a file is asked for.
const STANDARD_INPUT: &str = "-";

/// What standard input is called where no name is given.
const STANDARD_INPUT_NAME: &str = "standard input";

/// A file, or a copy of standard input, which cannot be read twice.
#[derive(Debug)]
pub(crate) struct Place {
    /// What it is called: in cursors, errors and notices.
    pub(crate) name: String,
    at: At,
    /// Whether each run is about another content, so that nothing is said when it is.
    pub(crate) is_nameless_input: bool,
}

#[derive(Debug)]
enum At {
    Path(PathBuf),
    /// It has no name on the disk, so nothing of it stays when the program is stopped.
    Copy(File),
}

impl Place {
    /// Finds the file; reads standard input to its end.
    pub(crate) fn find(path: &Path, name: Option<String>) -> Result<Self, SourceError> {
        if path == Path::new(STANDARD_INPUT) {
            let is_nameless_input = name.is_none();
            let name = name.unwrap_or_else(|| STANDARD_INPUT_NAME.to_owned());
            let copy = copy_of_input()
                .map_err(|error| SourceError::unreadable(STANDARD_INPUT_NAME, &error))?;
            return Ok(Self { name, at: At::Copy(copy), is_nameless_input });
        }
        let shown = path.display().to_string();
        let whole = path.canonicalize().map_err(|error| not_there(&shown, &error))?;
        if !whole.is_file() {
            return Err(SourceError::NotThere {
                place: shown,
                problem: "is not a file".to_owned(),
                advice: "Give a file, or - for standard input".to_owned(),
            });
        }
        let name = name.unwrap_or_else(|| whole.display().to_string());
        Ok(Self { name, at: At::Path(whole), is_nameless_input: false })
    }

    /// Whether somebody may still write to it.
    pub(crate) const fn may_grow(&self) -> bool {
        matches!(self.at, At::Path(_))
    }

    /// The file as it is now.
    pub(crate) fn snapshot(&self) -> Result<Snapshot, SourceError> {
        let file = match &self.at {
            At::Path(path) => File::open(path),
            At::Copy(copy) => copy.try_clone(),
        };
        file.and_then(Snapshot::of).map_err(|error| not_there(&self.name, &error))
    }
}

fn copy_of_input() -> io::Result<File> {
    let mut copy = tempfile::tempfile()?;
    io::copy(&mut io::stdin().lock(), &mut copy)?;
    Ok(copy)
}

fn not_there(place: &str, error: &io::Error) -> SourceError {
    if error.kind() != io::ErrorKind::NotFound {
        return SourceError::unreadable(place, error);
    }
    SourceError::NotThere {
        place: place.to_owned(),
        problem: "does not exist".to_owned(),
        advice: "Give the path of a file, or - for standard input".to_owned(),
    }
}
