//! What an epoch lacks before it can be closed and pay everybody.

use std::collections::BTreeMap;

use ledger_core::{Epoch, EpochStatus, PoolComponent, Proposal, Units, UserId};
use ledger_port::{ActivityLedgerStore, MAX_PAGE_SIZE, PageRequest, all_pages};

use crate::failure::Failure;
use crate::output::counted;

/// One sentence for each thing, with the command that helps. A closed epoch lacks nothing any more.
pub(super) async fn sentences(
    epoch: &Epoch,
    components: &[PoolComponent],
    unresolved_events: u64,
    store: &dyn ActivityLedgerStore,
) -> Result<Vec<String>, Failure> {
    let mut missing = Vec::new();
    if epoch.status == EpochStatus::Closed {
        return Ok(missing);
    }
    if unresolved_events > 0 {
        missing.push(format!(
            "somebody to pay for {}: see `epoch-ledger identity unresolved`",
            counted(unresolved_events, "event")
        ));
    }
    if let Some(problem) = problem_of_proposals(epoch, store).await? {
        missing.push(format!("{problem}: run `epoch-ledger allocate propose`"));
    }
    if !components.iter().any(|part| part.component.component_id.is_base_issuance()) {
        missing.push(
            "a base_issuance: add it with `epoch-ledger pool add base_issuance \
             CREDITS`"
                .to_owned(),
        );
    }
    Ok(missing)
}

/// The close refuses proposals that do not match the events. Its own check cannot be asked before
/// there is a budget, so the core's sums are held against what is stored.
async fn problem_of_proposals(
    epoch: &Epoch,
    store: &dyn ActivityLedgerStore,
) -> Result<Option<&'static str>, Failure> {
    let allocations = all_pages(|page| store.get_allocations_for_epoch(epoch.id, page)).await?;
    let stored: BTreeMap<UserId, (Units, u32)> = allocations
        .into_iter()
        .map(|one| (one.user_id, (one.proposed_units, one.activity_count)))
        .collect();
    let computed = computed(epoch, store).await?;
    let differs = stored.keys().chain(computed.keys()).any(|user| {
        stored.get(user).copied().unwrap_or_default()
            != computed.get(user).copied().unwrap_or_default()
    });
    Ok(match (differs, stored.is_empty()) {
        (false, _) => None,
        (true, true) => Some("proposed units"),
        (true, false) => Some("proposed units that match the events of today"),
    })
}

async fn computed(
    epoch: &Epoch,
    store: &dyn ActivityLedgerStore,
) -> Result<BTreeMap<UserId, (Units, u32)>, Failure> {
    let mut proposal = Proposal::new(&epoch.weights);
    let mut request = PageRequest::first();
    loop {
        let page =
            store.get_activity_for_epoch(epoch.id, request.of_at_most(MAX_PAGE_SIZE)).await?;
        for event in &page.items {
            proposal.add(event.event.user_id.as_ref(), &event.event.kind())?;
        }
        let Some(key) = page.next else { break };
        request = PageRequest::after(key);
    }
    let sums = proposal.into_allocations().into_iter();
    Ok(sums.map(|one| (one.user_id, (one.proposed_units, one.activity_count))).collect())
}
