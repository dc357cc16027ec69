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
            if let Err(error) = open_source(&source.kind, &source.settings).await {
                faults.push(told(&file, ledger, source, &error));
            }
        }
    }
    if !faults.is_empty() {
        return Err(Failure::faulty(&file, faults));
    }
    let ledgers = config.ledgers.len();
    let sources = config.source_count();
    session.output.result(&json!({ "file": file, "ledgers": ledgers, "sources": sources }), || {
        format!(
            "{file} is in order: {}, {}",
            counted(ledgers, "ledger"),
            counted(sources, "source")
        )
    })
}

fn told(file: &str, ledger: &LedgerPlan, source: &SourcePlan, error: &SourceError) -> String {
    format!("{file}: ledger \"{}\", source \"{}\": {error}", ledger.name, source.id)
}
