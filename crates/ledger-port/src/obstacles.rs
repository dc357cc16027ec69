//! What an epoch lacks before it can be closed and pay everybody.

use std::collections::BTreeMap;

use ledger_core::{Epoch, EpochStatus, NewAllocation, Units, UserId};

use crate::{ActivityCount, ActivityLedgerStore, PortResult, all_pages};

/// One thing that an epoch lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Obstacle {
    /// Events that belong to nobody: closing would never pay them.
    Unresolved {
        /// How many.
        events: u64,
    },
    /// Nothing was proposed yet. Closing is refused.
    NothingProposed,
    /// What is proposed is not what the events come to. Closing is refused.
    ProposalsStale,
    /// There is no base issuance. Closing is refused.
    NoBaseIssuance,
}

/// What stands between an epoch and its statement, given what its events come to
/// ([`crate::ActivityStore::count_activity`]). A closed epoch lacks nothing any more.
///
/// # Errors
/// When the store refuses.
pub async fn obstacles(
    store: &dyn ActivityLedgerStore,
    epoch: &Epoch,
    counts: &[ActivityCount],
) -> PortResult<Vec<Obstacle>> {
    let mut found = Vec::new();
    if epoch.status == EpochStatus::Closed {
        return Ok(found);
    }
    let events = counts.iter().map(|count| count.unresolved).sum();
    if events > 0 {
        found.push(Obstacle::Unresolved { events });
    }
    found.extend(obstacle_of_proposals(store, epoch).await?);
    let parts = all_pages(|page| store.get_pool_components_for_epoch(epoch.id, page)).await?;
    if !parts.iter().any(|part| part.component.component_id.is_base_issuance()) {
        found.push(Obstacle::NoBaseIssuance);
    }
    Ok(found)
}

/// The close refuses proposals that do not match the events. Its own check cannot be asked before
/// there is a budget, so what would be proposed now is held against what is stored.
async fn obstacle_of_proposals(
    store: &dyn ActivityLedgerStore,
    epoch: &Epoch,
) -> PortResult<Option<Obstacle>> {
    let stored = all_pages(|page| store.get_allocations_for_epoch(epoch.id, page)).await?;
    let is_empty = stored.is_empty();
    let stored: BTreeMap<UserId, (Units, u32)> = stored
        .into_iter()
        .map(|one| (one.user_id, (one.proposed_units, one.activity_count)))
        .collect();
    let proposed = |one: NewAllocation| (one.user_id, (one.proposed_units, one.activity_count));
    let computed: BTreeMap<UserId, (Units, u32)> = store
        .preview_allocations(epoch.id, &epoch.weights)
        .await?
        .into_iter()
        .map(proposed)
        .collect();
    let differs = stored.keys().chain(computed.keys()).any(|user| {
        stored.get(user).copied().unwrap_or_default()
            != computed.get(user).copied().unwrap_or_default()
    });
    Ok(match (differs, is_empty) {
        (false, _) => None,
        (true, true) => Some(Obstacle::NothingProposed),
        (true, false) => Some(Obstacle::ProposalsStale),
    })
}
