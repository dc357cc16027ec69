use app_container::Container;
use serde_json::json;
use worker::{Config, SourceStatus, source_statuses};

use crate::cli::SourcesCommand;
use crate::failure::Failure;
use crate::output::table;
use crate::session::Session;
use crate::views;

pub(super) async fn run(command: &SourcesCommand, session: &Session) -> Result<(), Failure> {
    let SourcesCommand::Status { config } = command;
    let config = Config::read(&config.config)?;
    session
        .with_container(async |container: &Container| {
            let (queue, now) = (container.job_queue(), container.clock().now());
            let mut found = Vec::new();
            for plan in &config.ledgers {
                let store = container.activity_ledger_store(&plan.name).await?;
                let statuses = source_statuses(plan, store.as_ref(), queue.as_ref(), now).await?;
                found.extend(statuses.into_iter().map(|status| (plan.name.clone(), status)));
            }
            let sources: Vec<_> =
                found.iter().map(|(ledger, status)| views::source(ledger, status)).collect();
            session.output.result(&json!({ "sources": sources }), || {
                let rows = found.iter().map(|(ledger, status)| row(ledger.as_str(), status));
                let header =
                    ["ledger", "source", "kind", "read up to", "behind", "last error", "waits for"];
                table(&header, &[], rows.collect())
            })
        })
        .await
}

fn row(ledger: &str, status: &SourceStatus) -> Vec<String> {
    vec![
        ledger.to_owned(),
        status.id.to_string(),
        status.kind.clone(),
        status.collected_through.map(|through| through.to_string()).unwrap_or_default(),
        status
            .behind
            .map(|behind| humantime::format_duration(behind).to_string())
            .unwrap_or_default(),
        status.failure.as_ref().map(|failure| failure.error.to_string()).unwrap_or_default(),
        status.waits_for.to_string(),
    ]
}
