//! Why a torture ended before its end.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

/// What ends a torture early. It is no `Error` itself, so that `?` takes every error.
#[derive(Debug)]
pub enum Failure {
    /// The store broke a promise: what tortures are for.
    Broken(String),
    /// The torture could not go on; nothing is known of the store.
    Unable(String),
}

/// What a torture answers.
pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    /// The same, with what is known of how it came about made of what it says.
    #[must_use]
    pub fn told(self, tell: impl FnOnce(&str) -> String) -> Self {
        match self {
            Self::Broken(what) => Self::Broken(tell(&what)),
            Self::Unable(why) => Self::Unable(tell(&why)),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Broken(what) => write!(f, "broken: {what}"),
            Self::Unable(why) => write!(f, "the torture could not go on: {why}"),
        }
    }
}

/// Whatever goes wrong on the way to a question is the torture's own trouble. Where the store's answer
/// is the question, compare it and end with [`broken!`](crate::broken) or [`ensure!`](crate::ensure).
impl<E: Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Unable(chain(&error))
    }
}

impl From<Failure> for ExitCode {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Broken(_) => Self::from(1),
            Failure::Unable(_) => Self::from(2),
        }
    }
}

/// The error with its causes.
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Ends the function: the store broke a promise.
#[macro_export]
macro_rules! broken {
    ($($text:tt)+) => {
        return Err($crate::Failure::Broken(format!($($text)+)))
    };
}

/// Ends the function where a promise does not hold.
#[macro_export]
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            $crate::broken!($($text)+);
        }
    };
}
