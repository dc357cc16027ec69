//! What is wrong with a file, and where.

use std::cell::RefCell;
use std::fmt;

/// One fault: where it is, which key it is about, what is wrong and what would be right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigFault {
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// The key, for example `ledger.weights."git:commit_authored"`; empty where it is none's.
    pub key: String,
    /// What is wrong, and what would be right.
    pub problem: String,
}

/// A file that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigError {
    /// It could not be read at all.
    Unreadable {
        /// The file.
        file: String,
        /// What the system said.
        problem: String,
    },
    /// It was read, and has faults.
    Faulty {
        /// The file.
        file: String,
        /// All that was found, in the order of the file; at least one.
        faults: Vec<ConfigFault>,
    },
}

impl ConfigError {
    /// The faults, where the file could be read.
    pub fn faults(&self) -> &[ConfigFault] {
        match self {
            Self::Unreadable { .. } => &[],
            Self::Faulty { faults, .. } => faults,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { file, problem } => write!(f, "{file} cannot be read: {problem}"),
            Self::Faulty { file, faults } => {
                for (position, fault) in faults.iter().enumerate() {
                    let end = if position == 0 { "" } else { "\n" };
                    write!(f, "{end}{file}:{fault}")?;
                }
                Ok(())
            }
        }
    }
}

impl std::error::Error for ConfigError {}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        f.write_str(&self.problem)
    }
}

/// Collects faults while a text is read, so that all of them are told and not only the first.
pub(super) struct Faults<'t> {
    text: &'t str,
    found: RefCell<Vec<(usize, ConfigFault)>>,
}

impl<'t> Faults<'t> {
    pub(super) const fn of(text: &'t str) -> Self {
        Self { text, found: RefCell::new(Vec::new()) }
    }

    /// Adds one at a byte of the text.
    pub(super) fn add(&self, at: usize, key: &str, problem: impl Into<String>) {
        let Position { line, column } = self.position(at);
        let (key, problem) = (key.to_owned(), problem.into());
        self.found.borrow_mut().push((at, ConfigFault { line, column, key, problem }));
    }

    /// Where a byte of the text is.
    pub(super) fn position(&self, at: usize) -> Position {
        let before = &self.text[..self.text.floor_char_boundary(at)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// All that were found, in the order of the text.
    pub(super) fn into_list(self) -> Vec<ConfigFault> {
        let mut found = self.found.into_inner();
        found.sort_by_key(|(at, _)| *at);
        found.into_iter().map(|(_, fault)| fault).collect()
    }
}

/// A line and a character in it, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) line: usize,
    pub(super) column: usize,
}
