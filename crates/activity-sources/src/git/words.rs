//! How git's names, and what the git library says, read in a sentence.

use gix::bstr::{BStr, ByteSlice as _};

use crate::text::shown;

/// How much of what the git library says an error shows.
const SHOWN_CHARS: usize = 200;

/// What the stream of a detached `HEAD` is called.
pub(super) const HEAD: &str = "HEAD";

/// What the git library says, on one line.
pub(super) fn said(error: &gix::Error) -> String {
    shown(&format!("{:#}", error.probable_cause()), SHOWN_CHARS)
}

pub(super) fn text_of(name: &BStr) -> String {
    name.to_str_lossy().into_owned()
}
