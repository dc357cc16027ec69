//! Activity from a file with one JSON object on each line: anything else that a community counts.
//!
//! What a line must be is published as `docs/activity-event.schema.json`.

mod lines;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use ledger_core::{Sha256Hex, SourceName};
use serde::Deserialize;

use self::lines::Lines;
use crate::records::{Format, Position, RecordFile, Records, Snapshot};
use crate::{
    ActivitySource, CollectWindow, SourceError, SourceKind, SourceStream, StreamList, StreamReader,
};

/// What the source is called.
const NAME: &str = "ndjson";

/// What its events say who reported them, where the file does not.
const PRODUCER: &str = "epoch-ledger/ndjson";

/// The source of NDJSON files, as the registry has it.
pub const KIND: SourceKind = SourceKind {
    name: NAME,
    about: "Events from a file with one JSON object on each line",
    takes_bots: false,
    open: |settings| {
        let NdjsonSettings { file, name, skip_invalid } =
            Deserialize::deserialize(settings).map_err(|error: serde_json::Error| {
                SourceError::Settings { kind: NAME.to_owned(), problem: error.to_string() }
            })?;
        Ok(Arc::new(NdjsonSource::open(file, NdjsonOptions { name, skip_invalid })?))
    },
};

/// What an operator may say about a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NdjsonOptions {
    /// Under what name to remember how far it was read. By default its whole path.
    pub name: Option<String>,
    /// Whether faulty lines are left out, each with a notice. By default one keeps all out.
    pub skip_invalid: bool,
}

/// The settings of the source, as JSON has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NdjsonSettings {
    file: PathBuf,
    name: Option<String>,
    #[serde(default)]
    skip_invalid: bool,
}

/// A file of events.
#[derive(Debug)]
pub struct NdjsonSource(RecordFile);

impl NdjsonSource {
    /// Finds the file; `-` is standard input, which is read to its end here.
    ///
    /// # Errors
    /// When there is no such file, or the name cannot be used.
    pub fn open(file: impl AsRef<Path>, options: NdjsonOptions) -> Result<Self, SourceError> {
        let NdjsonOptions { name, skip_invalid } = options;
        let format = Arc::new(JsonLines);
        Ok(Self(RecordFile::open(NAME, file.as_ref(), name, skip_invalid, format)?))
    }

    /// Makes pages smaller, for tests.
    #[must_use]
    pub fn with_page_events(self, page_events: usize) -> Self {
        Self(self.0.with_page_events(page_events))
    }
}

#[async_trait]
impl ActivitySource for NdjsonSource {
    fn name(&self) -> &SourceName {
        self.0.name()
    }

    async fn streams(&self) -> Result<StreamList, SourceError> {
        self.0.streams().await
    }

    async fn read(
        &self,
        stream: &SourceStream,
        cursor: Option<&str>,
        window: CollectWindow,
    ) -> Result<Box<dyn StreamReader>, SourceError> {
        self.0.read(stream, cursor, window).await
    }
}

/// One JSON object on each line.
struct JsonLines;

impl Format for JsonLines {
    fn open<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        at: Position,
        place: &str,
    ) -> Result<Box<dyn Records + 'a>, SourceError> {
        let lines = Lines::open(snapshot, at).map_err(|error| SourceError::Unreadable {
            place: place.to_owned(),
            problem: error.to_string(),
        })?;
        Ok(Box::new(lines))
    }

    fn producer(&self) -> &'static str {
        PRODUCER
    }

    fn terms(&self) -> Option<Sha256Hex> {
        None
    }
}
