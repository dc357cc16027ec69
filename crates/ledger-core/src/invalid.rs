//! The one error of every checked value.

use std::fmt;

/// How much of a refused value an error shows.
const SHOWN_CHARS: usize = 80;

/// A value that a rule of the ledger refuses: what it was meant to be, what it is, what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvalidValue {
    /// What the value was meant to be, for example `user id`.
    pub what: &'static str,
    /// The refused value, escaped and cut to a readable length.
    pub value: String,
    /// What is wrong with it and what would be right.
    pub problem: String,
}

impl InvalidValue {
    /// Names a refused value. Control characters in it are escaped, so that it prints on one line.
    pub fn new(what: &'static str, value: &str, problem: impl Into<String>) -> Self {
        let mut shown: String = value.chars().take(SHOWN_CHARS).collect();
        if value.chars().nth(SHOWN_CHARS).is_some() {
            shown.push('…');
        }
        Self { what, value: shown.escape_debug().to_string(), problem: problem.into() }
    }
}

impl fmt::Display for InvalidValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} \"{}\" is not valid: {}", self.what, self.value, self.problem)
    }
}

impl std::error::Error for InvalidValue {}
