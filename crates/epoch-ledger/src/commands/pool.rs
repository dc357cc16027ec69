use ledger_core::{NewPoolComponent, PoolComponent, pool_total};
use ledger_port::all_pages;
use serde_json::json;

use crate::cli::{PoolAddArguments, PoolCommand};
use crate::failure::Failure;
use crate::output::table;
use crate::session::{Books, Session};
use crate::views;

pub(super) async fn run(
    command: PoolCommand,
    books: Books<'_>,
    session: &Session,
) -> Result<(), Failure> {
    match command {
        PoolCommand::Add(arguments) => add(arguments, books, session).await,
        PoolCommand::List(which) => {
            let store = books.store;
            let epoch = which.epoch.find(store).await?;
            let parts =
                all_pages(|page| store.get_pool_components_for_epoch(epoch.id, page)).await?;
            let json = json!({
                "components": parts.iter().map(views::component).collect::<Vec<_>>(),
                "total_credits": pool_total(&parts)?,
            });
            session.output.result(&json, || component_table(&parts))
        }
    }
}

async fn add(
    arguments: PoolAddArguments,
    Books { store, clock }: Books<'_>,
    session: &Session,
) -> Result<(), Failure> {
    let inputs = serde_json::from_str(&arguments.inputs).map_err(|error| {
        Failure::wrong_arguments(format!("--inputs is not valid JSON: {error}"))
    })?;
    let epoch = arguments.epoch.epoch.find(store).await?;
    let component = NewPoolComponent {
        component_id: arguments.component,
        algorithm_version: arguments.algorithm,
        inputs,
        amount: arguments.credits,
        evidence_ref: arguments.evidence,
        computed_at: clock.now(),
    };
    let part = store.insert_pool_component(epoch.id, &component).await?;
    session.output.result(&views::component(&part), || {
        let part = &part.component;
        format!("Epoch {}: {} of {} credits.", epoch.id, part.component_id, part.amount)
    })
}

pub(super) fn component_table(parts: &[PoolComponent]) -> String {
    let mut rows: Vec<Vec<String>> = parts
        .iter()
        .map(|part| {
            let part = &part.component;
            vec![
                part.component_id.to_string(),
                part.amount.to_string(),
                part.algorithm_version.clone(),
                part.evidence_ref.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let total = pool_total(parts).map_or_else(|_| "too large".to_owned(), |sum| sum.to_string());
    rows.push(vec!["total".to_owned(), total, String::new(), String::new()]);
    table(&["pool component", "credits", "rule", "evidence"], &[1], rows)
}
