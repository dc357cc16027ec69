//! What every source that reads a file needs, whatever is in the file: where it is, how it was when
//! the run began, its lines, and which of its facts are wanted now.

mod lines;
mod place;
mod snapshot;
mod walk;

pub(crate) use self::lines::{BoundedLines, Position};
pub(crate) use self::place::Place;
pub(crate) use self::snapshot::{Fingerprint, Snapshot};
pub(crate) use self::walk::{Fate, Span, Walk};
