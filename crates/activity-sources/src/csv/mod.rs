//! Activity from a CSV file with a header: what a spreadsheet has.
//!
//! The operator says which column is which field of an event, and what is the same on every row.
//! From there on a row is checked as a line of NDJSON is.

mod columns;
mod rows;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

use self::columns::Columns;
use crate::records::RecordFile;
use crate::registry::settings_of;
use crate::{SourceError, SourceKind};

/// What the source is called.
const NAME: &str = "csv";

/// The source of CSV files, as the registry has it.
pub const KIND: SourceKind = SourceKind {
    name: NAME,
    about: "Events from a CSV file with a header",
    events_of: None,
    takes_bots: false,
    open: |settings| {
        let CsvSettings { file, name, skip_invalid, map, set } = settings_of(NAME, settings)?;
        Ok(Arc::new(open(file, CsvOptions { name, skip_invalid, map, set })?))
    },
};

/// What an operator may say about a file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CsvOptions {
    /// Under what name to remember how far it was read. By default its whole path.
    pub name: Option<String>,
    /// Whether faulty rows are left out, each with a notice. By default one keeps all out.
    pub skip_invalid: bool,
    /// Which column is which field, such as `id` or `metadata.guests`. A column that is called as a
    /// field is that field without being named here; other columns are not read.
    pub map: BTreeMap<String, String>,
    /// The fields that are the same on every row.
    pub set: BTreeMap<String, String>,
}

/// The settings of the source, as JSON has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CsvSettings {
    file: PathBuf,
    name: Option<String>,
    #[serde(default)]
    skip_invalid: bool,
    #[serde(default)]
    map: BTreeMap<String, String>,
    #[serde(default)]
    set: BTreeMap<String, String>,
}

/// Finds the file; `-` is standard input, which is read to its end here.
///
/// # Errors
/// When there is no such file, no such field, or the name cannot be used. What the header lacks
/// is said when the file is read.
pub fn open(file: impl AsRef<Path>, options: CsvOptions) -> Result<RecordFile, SourceError> {
    let CsvOptions { name, skip_invalid, map, set } = options;
    let format = Arc::new(Columns::new(map, set).map_err(settings_error)?);
    RecordFile::open(NAME, file.as_ref(), name, skip_invalid, format)
}

fn settings_error(problem: impl Into<String>) -> SourceError {
    SourceError::settings(NAME, problem)
}
