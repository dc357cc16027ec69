use ledger_core::{Allocation, AllocationOverride};
use ledger_port::{ActivityLedgerStore, all_pages};
use serde_json::json;

use crate::cli::AllocateCommand;
use crate::failure::Failure;
use crate::output::table;
use crate::session::Session;
use crate::views;

pub(super) async fn run(
    command: AllocateCommand,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    match command {
        AllocateCommand::Propose(which) => {
            let epoch = which.epoch.find(store).await?;
            let summary = store.propose_allocations(epoch.id).await?;
            let allocations =
                all_pages(|page| store.get_allocations_for_epoch(epoch.id, page)).await?;
            let json = json!({
                "users": summary.users,
                "changed": summary.changed,
                "allocations": allocations.iter().map(views::allocation).collect::<Vec<_>>(),
            });
            session.output.result(&json, || {
                format!("{}\n{} changed.", allocation_table(&allocations), summary.changed)
            })
        }
        AllocateCommand::Override { user, units, reason, take_back: _, epoch } => {
            let epoch = epoch.epoch.find(store).await?;
            let decision = units
                .zip(reason)
                .map(|(units, reason)| AllocationOverride::new(units, reason))
                .transpose()?;
            let allocation = store.update_allocation(epoch.id, &user, decision.as_ref()).await?;
            session.output.result(&views::allocation(&allocation), || {
                allocation_table(std::slice::from_ref(&allocation))
            })
        }
        AllocateCommand::List(which) => {
            let epoch = which.epoch.find(store).await?;
            let allocations =
                all_pages(|page| store.get_allocations_for_epoch(epoch.id, page)).await?;
            let json = json!({
                "allocations": allocations.iter().map(views::allocation).collect::<Vec<_>>(),
            });
            session.output.result(&json, || allocation_table(&allocations))
        }
    }
}

pub(super) fn allocation_table(allocations: &[Allocation]) -> String {
    let row = |allocation: &Allocation| {
        let decision = allocation.decision.as_ref();
        vec![
            allocation.user_id.to_string(),
            allocation.activity_count.to_string(),
            allocation.proposed_units.to_string(),
            decision.map(|decision| decision.final_units().to_string()).unwrap_or_default(),
            decision.map(|decision| decision.reason().to_owned()).unwrap_or_default(),
        ]
    };
    let header = ["user", "events", "proposed", "decided", "reason"];
    table(&header, &[1, 2, 3], allocations.iter().map(row).collect())
}
