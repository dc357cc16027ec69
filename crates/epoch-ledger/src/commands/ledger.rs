use app_container::Container;
use ledger_core::Visibility;
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
        LedgerCommand::Create { name, public } => {
            let mut ledger = registry.create_ledger(name).await?;
            if *public {
                ledger = registry.set_ledger_visibility(name, Visibility::Public).await?;
            }
            session.output.result(&views::ledger(&ledger), || {
                format!("The ledger {} is there. Its id is {}.", ledger.name, ledger.id)
            })
        }
        LedgerCommand::Visibility { name, visibility } => {
            let ledger = registry.set_ledger_visibility(name, *visibility).await?;
            session.output.result(&views::ledger(&ledger), || match visibility {
                Visibility::Public => format!(
                    "Everybody may read the ledger {name}, without addresses and platforms' ids."
                ),
                Visibility::Private => format!("The ledger {name} is for token holders only."),
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
                        ledger.visibility.to_string(),
                        ledger.created_at.to_string(),
                    ]
                };
                let header = ["ledger", "id", "visibility", "created"];
                table(&header, &[], ledgers.iter().map(row).collect())
            })
        }
    }
}
