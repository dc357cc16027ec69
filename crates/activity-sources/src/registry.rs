//! Which sources there are. The one list that a new source is added to.

use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::blocking::run_blocking;
use crate::{ActivitySource, SourceError, csv, gharchive, git, github, ndjson};

/// A kind of source: how it is called in settings, and how it is opened.
pub struct SourceKind {
    /// Its name, also the `source` of its cursors.
    pub name: &'static str,
    /// What it reads, in one sentence.
    pub about: &'static str,
    /// The `source` of its events; `None` where they say themselves where they come from.
    pub events_of: Option<&'static str>,
    /// Whether it takes the setting `bots`: whose work is left out.
    pub takes_bots: bool,
    /// Opens one from its settings, a JSON object. It may touch the disk: see [`open_source`].
    pub open: fn(&Value) -> Result<Arc<dyn ActivitySource>, SourceError>,
}

/// Every source this program can read.
pub const SOURCES: &[SourceKind] =
    &[csv::KIND, gharchive::KIND, git::KIND, github::KIND, ndjson::KIND];

/// Opens the source of that name with these settings, where that holds nobody up.
///
/// # Errors
/// When there is no such source, or it cannot be opened.
pub async fn open_source(
    name: &str,
    settings: &Value,
) -> Result<Arc<dyn ActivitySource>, SourceError> {
    let kind = SOURCES.iter().find(|kind| kind.name == name).ok_or_else(|| {
        let known: Vec<_> = SOURCES.iter().map(|kind| kind.name).collect();
        let problem = format!("there is no such source; known are: {}", known.join(", "));
        SourceError::settings(&format!("{name:?}"), problem)
    })?;
    let settings = settings.clone();
    run_blocking(name.to_owned(), move || (kind.open)(&settings)).await
}

/// Reads the settings of a source of that kind.
pub(crate) fn settings_of<T: DeserializeOwned>(
    kind: &str,
    settings: &Value,
) -> Result<T, SourceError> {
    T::deserialize(settings).map_err(|error| SourceError::settings(kind, error.to_string()))
}
