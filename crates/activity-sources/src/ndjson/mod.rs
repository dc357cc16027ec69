//! Activity from a file with one JSON object on each line: anything else that a community counts.
//!
//! What a line must be is published as `docs/activity-event.schema.json`.

mod lines;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use ledger_core::Sha256Hex;
use serde::Deserialize;

use self::lines::Lines;
use crate::file::{Position, Snapshot};
use crate::records::{Format, RecordFile, Records};
use crate::registry::settings_of;
use crate::{SourceError, SourceKind};

/// What the source is called.
const NAME: &str = "ndjson";

/// What its events say who reported them, where the file does not.
const PRODUCER: &str = "epoch-ledger/ndjson";

/// The source of NDJSON files, as the registry has it.
pub const KIND: SourceKind = SourceKind {
    name: NAME,
    about: "Events from a file with one JSON object on each line",
    events_of: None,
    takes_bots: false,
    open: |settings| {
        let NdjsonSettings { file, name, skip_invalid } = settings_of(NAME, settings)?;
        Ok(Arc::new(open(file, NdjsonOptions { name, skip_invalid })?))
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

/// Finds the file; `-` is standard input, which is read to its end here.
///
/// # Errors
/// When there is no such file, or the name cannot be used.
pub fn open(file: impl AsRef<Path>, options: NdjsonOptions) -> Result<RecordFile, SourceError> {
    let NdjsonOptions { name, skip_invalid } = options;
    RecordFile::open(NAME, file.as_ref(), name, skip_invalid, Arc::new(JsonLines))
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
        let lines = Lines::open(snapshot, at);
        Ok(Box::new(lines.map_err(|error| SourceError::unreadable(place, &error))?))
    }

    fn producer(&self) -> &'static str {
        PRODUCER
    }

    fn terms(&self) -> Option<Sha256Hex> {
        None
    }
}
