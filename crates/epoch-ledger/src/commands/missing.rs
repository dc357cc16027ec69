//! What an epoch lacks before it can be closed and pay everybody.

use ledger_core::Epoch;
use ledger_port::{ActivityLedgerStore, Obstacle, obstacles};

use crate::failure::Failure;
use crate::output::counted;

/// One sentence for each thing, with the command that helps. A closed epoch lacks nothing any more.
pub(super) async fn sentences(
    epoch: &Epoch,
    store: &dyn ActivityLedgerStore,
) -> Result<Vec<String>, Failure> {
    let counts = store.count_activity(epoch.id, None).await?;
    Ok(obstacles(store, epoch, &counts).await?.into_iter().map(sentence).collect())
}

fn sentence(obstacle: Obstacle) -> String {
    match obstacle {
        Obstacle::Unresolved { events } => format!(
            "somebody to pay for {}: see `epoch-ledger identity unresolved`",
            counted(events, "event")
        ),
        Obstacle::NothingProposed => {
            "proposed units: run `epoch-ledger allocate propose`".to_owned()
        }
        Obstacle::ProposalsStale => "proposed units that match the events of today: run \
             `epoch-ledger allocate propose`"
            .to_owned(),
        Obstacle::NoBaseIssuance => "a base_issuance: add it with `epoch-ledger pool add \
             base_issuance CREDITS`"
            .to_owned(),
    }
}
