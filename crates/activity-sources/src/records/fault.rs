//! What is wrong with a line of a file.

use std::fmt;

use crate::text::shown;
use crate::{MAX_NOTICES, SourceError};

/// How much of a fault is shown, in characters.
const SHOWN_CHARS: usize = 240;

/// Something that keeps one record from being an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// On which line the record begins, from 1.
    pub(crate) line: u64,
    /// The field at fault, where it is one.
    pub(crate) field: Option<String>,
    /// What is wrong, and what would be right.
    pub(crate) problem: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let problem = shown(&self.problem, SHOWN_CHARS);
        match &self.field {
            Some(field) => {
                let field = shown(field, SHOWN_CHARS);
                write!(f, "line {}, {field}: {problem}", self.line)
            }
            None => write!(f, "line {}: {problem}", self.line),
        }
    }
}

/// The faults of a file: the first ones in words, all of them counted.
#[derive(Debug, Default)]
pub(super) struct FaultList {
    pub(super) first: Vec<String>,
    pub(super) count: u64,
}

impl FaultList {
    pub(super) fn extend(&mut self, faults: impl IntoIterator<Item = Fault>) {
        for fault in faults {
            self.count += 1;
            if self.first.len() < MAX_NOTICES {
                self.first.push(fault.to_string());
            }
        }
    }

    pub(super) fn into_error(self, place: &str) -> SourceError {
        SourceError::Faults { place: place.to_owned(), listed: self.first, count: self.count }
    }
}
