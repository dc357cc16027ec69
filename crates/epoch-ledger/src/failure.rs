//! How a command fails: a sentence for people, an exit code for scripts.

use std::error::Error;
use std::process::ExitCode;

use activity_collector::CollectError;
use activity_sources::SourceError;
use app_container::ContainerError;
use clap::error::{ContextKind, ContextValue};
use ledger_core::{AmountOverflow, InvalidValue};
use ledger_port::{EpochNotFoundPortError, LedgerPortError, RefusalKind, VerifyError};
use serde_json::json;
use worker::{ConfigError, WorkerError};

use crate::output::{counted, take_notices};

/// What scripts can trust. The table stands in `--help`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    Unexpected = 1,
    WrongArguments = 2,
    Refused = 3,
    NotFound = 4,
    Difference = 5,
    Unavailable = 6,
    Interrupted = 130,
}

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) code: Code,
    message: String,
    causes: Vec<String>,
    /// What is wrong with a file, each with its place.
    faults: Vec<String>,
}

impl Failure {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), causes: Vec::new(), faults: Vec::new() }
    }

    /// A file that cannot be used, with everything that is wrong with it.
    pub(crate) fn faulty(file: &str, faults: Vec<String>) -> Self {
        let message = format!("{file} has {}", counted(faults.len(), "fault"));
        Self { faults, ..Self::wrong_arguments(message) }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(Code::NotFound, message)
    }

    pub(crate) fn wrong_arguments(message: impl Into<String>) -> Self {
        Self::new(Code::WrongArguments, message)
    }

    pub(crate) fn interrupted(leaves: &str) -> Self {
        Self::new(Code::Interrupted, format!("interrupted; {leaves}"))
    }

    /// What is wrong with the words that were typed. `None` where clap says it best itself: help,
    /// and to people whatever it answers with the usage.
    pub(crate) fn of_words(error: &clap::Error, is_json: bool) -> Option<Self> {
        if !error.use_stderr() {
            return None;
        }
        let invalid = error.source().and_then(|cause| cause.downcast_ref::<InvalidValue>());
        if let Some(invalid) = invalid {
            // Clap would print the value as it is, line breaks and all.
            return Some(Self::wrong_arguments(match error.get(ContextKind::InvalidArg) {
                Some(ContextValue::String(argument)) => format!("{argument}: {invalid}"),
                _ => invalid.to_string(),
            }));
        }
        let text = error.to_string();
        let sentence = text.split("\n\n").next().unwrap_or_default();
        let words: Vec<&str> = sentence.trim_start_matches("error: ").split_whitespace().collect();
        is_json.then(|| Self::wrong_arguments(words.join(" ")))
    }

    pub(crate) fn of(code: Code, error: &dyn Error) -> Self {
        let message = error.to_string();
        let mut causes: Vec<String> = Vec::new();
        for cause in std::iter::successors(error.source(), |&cause| cause.source()) {
            let cause = cause.to_string();
            // What was said already, and the wrappers around it, would only repeat it.
            if is_said(&cause, &message) {
                causes.clear();
            } else if let Some(by) = causes.iter().position(|earlier| is_said(&cause, earlier)) {
                causes.truncate(by + 1);
            } else {
                causes.push(cause);
            }
        }
        Self { causes, ..Self::new(code, message) }
    }

    fn with_help(mut self, help: &str) -> Self {
        self.message.push_str("; ");
        self.message.push_str(help);
        self
    }

    /// The failure to tell what was done all the same.
    pub(crate) fn after(self, done: &str) -> Self {
        let message = format!("{done}, but that could not be written out: {}", self.message);
        Self { message, ..self }
    }

    /// Prints the failure where errors go.
    pub(crate) fn print(&self, as_json: bool) {
        if as_json {
            let mut body = json!({
                "error": { "message": self.message, "causes": self.causes, "exit_code": self.code as u8 },
                "notices": take_notices(),
            });
            if !self.faults.is_empty() {
                body["error"]["faults"] = self.faults.clone().into();
            }
            anstream::eprintln!("{body}");
            return;
        }
        use owo_colors::OwoColorize as _;
        anstream::eprintln!("{} {}", "error:".red().bold(), self.message);
        for cause in &self.causes {
            anstream::eprintln!("  {} {cause}", "because:".dimmed());
        }
        // Each at the beginning of its line, where editors look for a place to jump to.
        for fault in &self.faults {
            anstream::eprintln!("{fault}");
        }
    }
}

impl From<&Failure> for ExitCode {
    fn from(failure: &Failure) -> Self {
        Self::from(failure.code as u8)
    }
}

impl From<LedgerPortError> for Failure {
    fn from(error: LedgerPortError) -> Self {
        let code = match error.kind() {
            RefusalKind::NotFound => Code::NotFound,
            RefusalKind::Invalid => Code::WrongArguments,
            RefusalKind::Refused => Code::Refused,
            RefusalKind::Unavailable => Code::Unavailable,
            RefusalKind::Defect => Code::Unexpected,
        };
        let mut failure = Self::of(code, &error);
        if let LedgerPortError::AllocationNotFound(missing) = &error {
            failure.message =
                format!("\"{}\" has no allocation in epoch {}", missing.user_id, missing.epoch_id);
        }
        match what_helps(&error) {
            Some(help) => failure.with_help(help),
            None => failure,
        }
    }
}

/// Whether a text says that cause, with or without a word before it, such as PostgreSQL's `FATAL: `.
fn is_said(cause: &str, text: &str) -> bool {
    let bare = cause.split_once(": ").map_or(cause, |(_, bare)| bare);
    text.contains(cause) || text.contains(bare)
}

/// The port knows no command line; here its refusals learn which command helps.
fn what_helps(error: &LedgerPortError) -> Option<&'static str> {
    match error {
        LedgerPortError::EpochNotFound(_) => Some("see `epoch-ledger epoch list`"),
        LedgerPortError::LedgerNotFound { .. } => {
            Some("see `epoch-ledger ledger list`, or make it with `epoch-ledger ledger create`")
        }
        LedgerPortError::TokenNotFound { .. } => Some("see `epoch-ledger token list`"),
        LedgerPortError::JobNotFound { .. } => Some("see `epoch-ledger jobs list`"),
        LedgerPortError::PoolRequiresBase { .. } => {
            Some("add it with `epoch-ledger pool add base_issuance CREDITS`")
        }
        LedgerPortError::AllocationNotFound(_) => Some(
            "units can be given to people with events in the epoch, after `epoch-ledger allocate \
             propose`",
        ),
        LedgerPortError::AllocationsStale { .. } => Some("run `epoch-ledger allocate propose`"),
        _ => None,
    }
}

impl From<EpochNotFoundPortError> for Failure {
    fn from(error: EpochNotFoundPortError) -> Self {
        LedgerPortError::from(error).into()
    }
}

impl From<ContainerError> for Failure {
    fn from(error: ContainerError) -> Self {
        match error {
            ContainerError::Store(error) => error.into(),
            ContainerError::InvalidDatabaseUrl(_) => Self::of(Code::WrongArguments, &error),
            ContainerError::Task(_) => Self::of(Code::Unexpected, &error),
            _ => Self::of(Code::Unavailable, &error),
        }
    }
}

impl From<CollectError> for Failure {
    fn from(error: CollectError) -> Self {
        match error {
            CollectError::Store(error) => error.into(),
            CollectError::Source(error) => error.into(),
            CollectError::SharedHistory { ref known, .. } => {
                let help = format!(
                    "go on under the old name with `--name {known}`, or pay it again with \
                     `--pay-shared-history`"
                );
                Self::of(Code::Refused, &error).with_help(&help)
            }
        }
    }
}

impl From<WorkerError> for Failure {
    fn from(error: WorkerError) -> Self {
        match error {
            WorkerError::Store(error) => error.into(),
            WorkerError::OpenPool(_) => Self::of(Code::Unavailable, &error),
        }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        match error {
            ConfigError::Unreadable { .. } => Self::of(Code::WrongArguments, &error).with_help(
                "name another with `--config FILE`, or begin one with `epoch-ledger config example`",
            ),
            ConfigError::Faulty { ref file, ref faults } => {
                Self::faulty(file, faults.iter().map(|fault| format!("{file}:{fault}")).collect())
            }
        }
    }
}

impl From<SourceError> for Failure {
    fn from(error: SourceError) -> Self {
        let code = match error {
            SourceError::Settings { .. } | SourceError::Faults { .. } => Code::WrongArguments,
            _ => Code::Unavailable,
        };
        Self::of(code, &error)
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Self {
        match error {
            VerifyError::Store(error) => error.into(),
            VerifyError::NotClosed { .. } | VerifyError::NoStatement { .. } => {
                Self::of(Code::Refused, &error)
            }
        }
    }
}

macro_rules! failures {
    ($($error:ty => $code:ident),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::of(Code::$code, &error)
            }
        })+
    };
}

failures! {
    InvalidValue => WrongArguments,
    AmountOverflow => Refused,
    std::io::Error => Unexpected,
    serde_json::Error => Unexpected,
    csv::Error => Unexpected,
}
