use app_container::Container;
use serde_json::json;

use ledger_port::all_pages;

use crate::cli::LedgerCommand;
use crate::failure::Failure;
use crate::output::table;
use crate::session::Session;
use crate::views;

pub(super) async fn run(
    command: &LedgerCommand,
    container: &Container,
    session: &Session,
) -> Result<(), Failure> {
    let registry = container.ledger_registry();
    match command {
        LedgerCommand::Create { name } => {
            let ledger = registry.create_ledger(name).await?;
            session.output.result(&views::ledger(&ledger), || {
                format!("The ledger {} is there. Its id is {}.", ledger.name, ledger.id)
            })
        }
        LedgerCommand::List => {
            let ledgers = all_pages(|page| registry.list_ledgers(page)).await?;
            let json = json!({ "ledgers": ledgers.iter().map(views::ledger).collect::<Vec<_>>() });
            session.output.result(&json, || {
                let row = |ledger: &ledger_port::Ledger| {
                    vec![
                        ledger.name.to_string(),
                        ledger.id.to_string(),
                        ledger.created_at.to_string(),
                    ]
                };
                table(&["ledger", "id", "created"], &[], ledgers.iter().map(row).collect())
            })
        }
    }
}
