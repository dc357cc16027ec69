//! Where activity comes from: each source turns what a platform knows into activity events.
//!
//! What belongs here is reading: a source says which streams it has, where it stands in each (an
//! opaque cursor), and hands out pages of [`ledger_core::NewActivityEvent`]. Nothing here knows the
//! ledger's port or a database, and no source reads the clock: the caller stores each page and its
//! cursor together, and says when it read.
//!
//! To add a source: a folder of its own that implements [`ActivitySource`] and [`StreamReader`], a
//! `mod` line below, and one line in [`SOURCES`]. [`git`] is the one to copy.

mod blocking;
mod bots;
pub mod csv;
mod cursor;
mod error;
mod file;
pub mod gharchive;
pub mod git;
pub mod github;
pub mod ndjson;
mod page;
mod records;
mod registry;
mod source;
mod text;

pub use error::{Remedy, SourceError};
pub use page::{MAX_NOTICES, MAX_PAGE_EVENTS, Notice, NoticeKind, SourcePage, Tally};
pub use records::{EVENT_SCHEMA, EventProblem, RecordFile, event_from_json};
pub use registry::{SOURCES, SourceKind, open_source};
pub use source::{ActivitySource, CollectWindow, SourceStream, StreamList, StreamReader};
