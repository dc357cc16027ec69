use activity_sources::{SourceError, open_source};
use serde_json::json;
use worker::config::EXAMPLE;
use worker::{Config, LedgerPlan, SourcePlan};

use crate::cli::{ConfigArgument, ConfigCommand};
use crate::failure::Failure;
use crate::output::counted;
use crate::session::Session;

pub(super) async fn run(command: ConfigCommand, session: &Session) -> Result<(), Failure> {
    match command {
        ConfigCommand::Check(argument) => check(&argument, session).await,
        ConfigCommand::Show(ConfigArgument { config }) => {
            let config = Config::read(config)?;
            session.output.result(&config.to_json(), || config.to_toml())
        }
        ConfigCommand::Example => {
            session.output.result(&json!({ "example": EXAMPLE }), || EXAMPLE.to_owned())
        }
    }
}

async fn check(argument: &ConfigArgument, session: &Session) -> Result<(), Failure> {
    let config = Config::read(&argument.config)?;
    let file = argument.config.display().to_string();
    let mut faults = Vec::new();
    for ledger in &config.ledgers {
        for source in &ledger.sources {
            if let Err(error) = open(source).await {
                faults.push(told(&file, ledger, source, &error));
            }
        }
    }
    if !faults.is_empty() {
        return Err(Failure::faulty(&file, faults));
    }
    let ledgers = config.ledgers.len();
    let sources: usize = config.ledgers.iter().map(|ledger| ledger.sources.len()).sum();
    session.output.result(&json!({ "file": file, "ledgers": ledgers, "sources": sources }), || {
        format!(
            "{file} is in order: {}, {}",
            counted_of(ledgers, "ledger"),
            counted_of(sources, "source")
        )
    })
}

/// Opens a source where it holds nobody up, and lets it go again.
async fn open(source: &SourcePlan) -> Result<(), SourceError> {
    let SourcePlan { id, kind, settings, .. } = source.clone();
    match tokio::task::spawn_blocking(move || open_source(&kind, &settings)).await {
        Ok(opened) => opened.map(drop),
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(SourceError::Stopped { place: id.to_string() }),
    }
}

fn told(file: &str, ledger: &LedgerPlan, source: &SourcePlan, error: &SourceError) -> String {
    format!("{file}: ledger \"{}\", source \"{}\": {error}", ledger.name, source.id)
}

fn counted_of(count: usize, one: &str) -> String {
    // No list in memory has more than 2^64 items.
    counted(u64::try_from(count).unwrap_or(u64::MAX), one)
}
