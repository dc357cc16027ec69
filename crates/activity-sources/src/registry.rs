//! Which sources there are. The one list that a new source is added to.

use std::sync::Arc;

use serde_json::Value;

use crate::{ActivitySource, SourceError, csv, git, ndjson};

/// A kind of source: how it is called in settings, and how it is opened.
pub struct SourceKind {
    /// Its name, also the `source` of its cursors; of its events too, unless they come from a file
    /// that says otherwise.
    pub name: &'static str,
    /// What it reads, in one sentence.
    pub about: &'static str,
    /// Whether it takes the setting `bots`: whose work is left out.
    pub takes_bots: bool,
    /// Opens one from its settings, a JSON object. It may touch the disk: call it where that holds
    /// nobody up.
    pub open: fn(&Value) -> Result<Arc<dyn ActivitySource>, SourceError>,
}

/// Every source this program can read.
pub const SOURCES: &[SourceKind] = &[csv::KIND, git::KIND, ndjson::KIND];

/// Opens the source of that name with these settings. Like [`SourceKind::open`], it may block.
///
/// # Errors
/// When there is no such source, or it cannot be opened.
pub fn open_source(name: &str, settings: &Value) -> Result<Arc<dyn ActivitySource>, SourceError> {
    let kind = SOURCES.iter().find(|kind| kind.name == name).ok_or_else(|| {
        let known: Vec<_> = SOURCES.iter().map(|kind| kind.name).collect();
        SourceError::Settings {
            kind: format!("{name:?}"),
            problem: format!("there is no such source; known are: {}", known.join(", ")),
        }
    })?;
    (kind.open)(settings)
}
