//! `epoch-ledger.toml`: what an operator plans for each ledger, and how the worker works.
//!
//! Every key is told, with its default, in `docs/epoch-ledger.example.toml`. A file is used whole or
//! not at all: [`Config::parse`] answers every fault with its line and column, and a key that nobody
//! knows is one. No secret is ever in the file.

mod fault;
mod ledger;
mod secret;
mod shown;
mod source;
mod table;
mod value;
mod worker;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ledger_core::{Credits, LedgerName, SourceId, WeightTable};
use serde_json::Value;
use toml::de::{DeTable, DeValue};

pub use fault::{ConfigError, ConfigFault};

use self::fault::Faults;
use self::table::Table;
use crate::EpochCalendar;

/// The file's usual name.
pub const FILE_NAME: &str = "epoch-ledger.toml";

/// A file to begin with, in which every key is told.
pub const EXAMPLE: &str = include_str!("../../../../docs/epoch-ledger.example.toml");

/// What the file says, defaults included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// How the worker works.
    pub worker: WorkerSettings,
    /// The ledgers it keeps, at least one, in the order of the file.
    pub ledgers: Vec<LedgerPlan>,
}

/// How one worker works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkerSettings {
    /// How many jobs it runs at once.
    pub concurrency: usize,
    /// How often it looks for jobs that are due.
    pub poll_every: Duration,
    /// How long a job belongs to a worker that says nothing.
    pub lease: Duration,
    /// How many times a job is tried before it is set aside.
    pub max_attempts: u32,
    /// How long it waits before the second attempt. It doubles each time.
    pub first_retry_after: Duration,
    /// The longest it waits between two attempts.
    pub longest_retry_after: Duration,
}

/// What is planned for one ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerPlan {
    /// Whose books.
    pub name: LedgerName,
    /// Whether the ledger is made when it is missing.
    pub create: bool,
    /// When its epochs begin and end.
    pub calendar: EpochCalendar,
    /// What events weigh in the epochs that are opened from now on.
    pub weights: WeightTable,
    /// The base issuance of each epoch; `None` adds none.
    pub base_issuance: Option<Credits>,
    /// How long after an epoch's window a source that fails may hold back its review.
    pub last_collection_grace: Duration,
    /// How many missed windows are opened one after another without asking.
    pub max_catch_up: u32,
    /// What is read into it, in the order of the file.
    pub sources: Vec<SourcePlan>,
}

/// One source of a ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourcePlan {
    /// What the operator calls it; once in a ledger.
    pub id: SourceId,
    /// One of [`activity_sources::SOURCES`].
    pub kind: String,
    /// What it is opened with: a JSON object, the ledger's bots among its own.
    pub settings: Value,
    /// How often it is read.
    pub collect_every: Duration,
}

impl Config {
    /// How many sources there are in all ledgers.
    #[must_use]
    pub fn source_count(&self) -> usize {
        self.ledgers.iter().map(|plan| plan.sources.len()).sum()
    }

    /// Reads and checks a file.
    ///
    /// # Errors
    /// When the file cannot be read, or has faults.
    pub fn read(path: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|error| ConfigError::Unreadable {
            file: file.clone(),
            problem: error.to_string(),
        })?;
        match String::from_utf8(bytes) {
            Ok(text) => Self::parse(&text, &file),
            Err(error) => {
                let valid_up_to = error.utf8_error().valid_up_to();
                let text = String::from_utf8_lossy(&error.as_bytes()[..valid_up_to]).into_owned();
                let faults = Faults::of(&text);
                faults.add(valid_up_to, "", "this is not UTF-8; save the file as UTF-8");
                Err(ConfigError::Faulty { file, faults: faults.into_list() })
            }
        }
    }

    /// Checks a text. `file_name` is what its faults call it.
    ///
    /// # Errors
    /// When it has faults: all that were found. Where it is not TOML, only those of the syntax.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, ConfigError> {
        let faults = Faults::of(text);
        let (document, wrong) = DeTable::parse_recoverable(text);
        // Only the message is shown: the error itself would print the line, and what is on it.
        for error in &wrong {
            let at = error.span().map_or(0, |span| span.start);
            faults.add(at, "", error.message());
        }
        let config = match wrong.is_empty() {
            true => read_config(&faults, document.get_ref()),
            false => None,
        };
        let (file, faults) = (file_name.to_owned(), faults.into_list());
        match config {
            Some(config) if faults.is_empty() => Ok(config),
            _ => Err(ConfigError::Faulty { file, faults }),
        }
    }
}

/// `None` where something that must be there is faulty; what is faulty is told.
fn read_config<'t>(faults: &Faults<'t>, document: &DeTable<'t>) -> Option<Config> {
    let mut root = Table::new(faults, document, String::new(), 0);
    let worker = worker::read(&mut root);
    let tables = root.tables("ledger");
    root.refuse_rest();
    let is_none = |value: &DeValue<'_>| value.as_array().is_some_and(|list| list.is_empty());
    if document.get("ledger").is_none_or(|value| is_none(value.get_ref())) {
        root.tell("ledger", "there is none; name one with [[ledger]] and its name = \"default\"");
    }
    let mut seen = BTreeMap::new();
    let mut ledgers = Vec::new();
    for table in tables {
        ledgers.push(ledger::read(table, &mut seen));
    }
    Some(Config { worker, ledgers: ledgers.into_iter().collect::<Option<_>>()? })
}
