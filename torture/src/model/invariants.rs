//! The specification's invariants over what the port shows: of books at a moment, and of what may
//! become of them. They know neither store.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::{
    ActivityEvent, Allocation, CursorKey, Epoch, EpochId, EpochStatus, Payout, PayoutStatement,
    PoolComponent, SourceCursor,
};

use super::books::{Books, Group, Records};
use super::command::Command;
use crate::{Outcome, ensure};
use ledger_testkit::reference::{self, Row};

/// One ledger's books, as records.
struct View<'a>(&'a Books);

impl<'a> View<'a> {
    fn epochs(&self) -> &'a [Epoch] {
        match self.0.get(&Group::Epochs) {
            Some(Records::Epochs(epochs)) => epochs,
            _ => &[],
        }
    }

    fn cursors(&self) -> &'a [SourceCursor] {
        match self.0.get(&Group::Cursors) {
            Some(Records::Cursors(cursors)) => cursors,
            _ => &[],
        }
    }

    fn events(&self, id: EpochId) -> &'a [ActivityEvent] {
        match self.0.get(&Group::Events(id)) {
            Some(Records::Events(events)) => events,
            _ => &[],
        }
    }

    fn allocations(&self, id: EpochId) -> &'a [Allocation] {
        match self.0.get(&Group::Allocations(id)) {
            Some(Records::Allocations(allocations)) => allocations,
            _ => &[],
        }
    }

    fn components(&self, id: EpochId) -> &'a [PoolComponent] {
        match self.0.get(&Group::Components(id)) {
            Some(Records::Components(components)) => components,
            _ => &[],
        }
    }

    fn statement(&self, id: EpochId) -> Option<&'a PayoutStatement> {
        match self.0.get(&Group::Statements(id)) {
            Some(Records::Statement(statement)) => statement.as_deref(),
            _ => None,
        }
    }
}

/// Whether the books may stand as they are, and may have become so from what they were by that command.
pub(crate) fn check(before: &Books, after: &Books, command: &Command) -> Outcome<()> {
    let (before, after) = (View(before), View(after));
    windows(&after)?;
    cursors(&before, &after, command)?;
    for epoch in after.epochs() {
        events_belong(&after, epoch)?;
        pool_is_whole(&after, epoch)?;
        one_allocation_each(&after, epoch.id)?;
        let old = before.epochs().iter().find(|old| old.id == epoch.id);
        if let Some(old) = old {
            moves_forward(old, epoch)?;
            facts_stay(&before, &after, epoch.id)?;
            if old.status == EpochStatus::Closed {
                frozen(&before, &after, old)?;
            }
        }
        let was_paid = before.statement(epoch.id).is_some();
        if command.pays_by_the_rules() && !was_paid && after.statement(epoch.id).is_some() {
            pays_by_the_rules(&after, epoch.id)?;
        }
    }
    let gone =
        before.epochs().iter().find(|old| !after.epochs().iter().any(|new| new.id == old.id));
    ensure!(gone.is_none(), "an epoch is gone: {gone:?}");
    Ok(())
}

/// ONE_OPEN_EPOCH, EPOCH_WINDOW_UNIQUE.
fn windows(after: &View<'_>) -> Outcome<()> {
    let epochs = after.epochs();
    let open = epochs.iter().filter(|epoch| epoch.status == EpochStatus::Open).count();
    ensure!(open <= 1, "ONE_OPEN_EPOCH: {open} are open");
    for (at, one) in epochs.iter().enumerate() {
        let other = epochs[at + 1..].iter().find(|other| other.period.overlaps(&one.period));
        ensure!(other.is_none(), "EPOCH_WINDOW_UNIQUE: {one:?} and {other:?}");
    }
    Ok(())
}

/// PROVENANCE_REQUIRED, ACTIVITY_WITHIN_EPOCH, ACTIVITY_IDEMPOTENT: one id, one event, of one epoch.
fn events_belong(after: &View<'_>, epoch: &Epoch) -> Outcome<()> {
    let events = after.events(epoch.id);
    let ids: BTreeSet<&str> = events.iter().map(|stored| stored.event.id.as_str()).collect();
    ensure!(ids.len() == events.len(), "ACTIVITY_IDEMPOTENT: an id is twice in epoch {}", epoch.id);
    for other in after.epochs().iter().filter(|other| other.id < epoch.id) {
        let twice = after.events(other.id).iter().find(|one| ids.contains(one.event.id.as_str()));
        ensure!(twice.is_none(), "ACTIVITY_IDEMPOTENT: in epochs {} too: {twice:?}", epoch.id);
    }
    for stored in events {
        let event = &stored.event;
        ensure!(stored.epoch_id == epoch.id, "LEDGER_SCOPED: {stored:?} is in {}", epoch.id);
        ensure!(event.event_time < epoch.period.end(), "ACTIVITY_WITHIN_EPOCH: {stored:?}");
        let has_provenance = !event.producer.is_empty() && !event.producer_version.is_empty();
        ensure!(has_provenance, "PROVENANCE_REQUIRED: {stored:?}");
    }
    Ok(())
}

/// CURSOR_STATE_PERSISTED: a page that was taken has moved its cursor, and its events are there. Nothing else moves
/// one, and none goes.
fn cursors(before: &View<'_>, after: &View<'_>, command: &Command) -> Outcome<()> {
    let moved: Option<(&CursorKey, &str)> = match command {
        Command::IngestPage(page) => {
            let all = after.epochs().iter().flat_map(|epoch| after.events(epoch.id));
            let ids: BTreeSet<&str> = all.map(|stored| stored.event.id.as_str()).collect();
            let ahead = page.events.iter().find(|event| !ids.contains(event.id.as_str()));
            ensure!(ahead.is_none(), "CURSOR_STATE_PERSISTED: ahead of {ahead:?}");
            Some((&page.cursor_key, &page.cursor_value))
        }
        Command::UpsertCursor(key, value) => Some((key, value)),
        _ => None,
    };
    if let Some((key, value)) = moved {
        let is_there = after.cursors().iter().any(|now| now.key == *key && now.value == value);
        ensure!(is_there, "CURSOR_STATE_PERSISTED: {key:?} is not at {value}");
    }
    for old in before.cursors().iter().filter(|old| moved.is_none_or(|(key, _)| old.key != *key)) {
        let is_kept = after.cursors().contains(old);
        ensure!(is_kept, "CURSOR_STATE_PERSISTED: nobody moved {old:?}");
    }
    Ok(())
}

/// ONE_ALLOCATION_PER_USER.
fn one_allocation_each(after: &View<'_>, id: EpochId) -> Outcome<()> {
    let allocations = after.allocations(id);
    let users: BTreeSet<&str> = allocations.iter().map(|one| one.user_id.as_str()).collect();
    ensure!(users.len() == allocations.len(), "ONE_ALLOCATION_PER_USER: in epoch {id}");
    Ok(())
}

/// POOL_REPRODUCIBLE, POOL_REQUIRES_BASE, POOL_UNIQUE_PER_TYPE.
fn pool_is_whole(after: &View<'_>, epoch: &Epoch) -> Outcome<()> {
    let components = after.components(epoch.id);
    let kinds: BTreeSet<&str> =
        components.iter().map(|one| one.component.component_id.as_str()).collect();
    ensure!(kinds.len() == components.len(), "POOL_UNIQUE_PER_TYPE: epoch {}", epoch.id);
    let Some(total) = epoch.pool_total else {
        ensure!(epoch.status != EpochStatus::Closed, "POOL_REPRODUCIBLE: {epoch:?} has no total");
        return Ok(());
    };
    let sum: i128 = components.iter().map(|one| i128::from(one.component.amount.get())).sum();
    ensure!(i128::from(total.get()) == sum, "POOL_REPRODUCIBLE: {sum} in {epoch:?}");
    ensure!(kinds.contains("base_issuance"), "POOL_REQUIRES_BASE: {epoch:?}");
    Ok(())
}

/// EPOCH_MOVES_FORWARD, and its window and weights are pinned.
fn moves_forward(old: &Epoch, new: &Epoch) -> Outcome<()> {
    let rank = |status| match status {
        EpochStatus::Open => 0,
        EpochStatus::Review => 1,
        EpochStatus::Closed => 2,
    };
    ensure!(rank(old.status) <= rank(new.status), "EPOCH_MOVES_FORWARD: {old:?} to {new:?}");
    let is_pinned =
        (old.period, &old.weights, old.opened_at) == (new.period, &new.weights, new.opened_at);
    ensure!(is_pinned, "EPOCH_DEFINITION_PINNED: {old:?} to {new:?}");
    Ok(())
}

/// ACTIVITY_APPEND_ONLY, IDENTITY_ONCE, POOL_IMMUTABLE; an allocation never goes, and only by an
/// admin's decision does a decision go.
fn facts_stay(before: &View<'_>, after: &View<'_>, id: EpochId) -> Outcome<()> {
    let now: BTreeMap<_, _> = after.events(id).iter().map(|one| (&one.event.id, one)).collect();
    for old in before.events(id) {
        let Some(new) = now.get(&old.event.id) else {
            crate::broken!("ACTIVITY_APPEND_ONLY: gone: {old:?}");
        };
        let mut expected = old.clone();
        if old.event.user_id.is_none() {
            expected.event.user_id.clone_from(&new.event.user_id);
        }
        ensure!(expected == **new, "ACTIVITY_APPEND_ONLY, IDENTITY_ONCE: {old:?} to {new:?}");
    }
    for old in before.components(id) {
        ensure!(after.components(id).contains(old), "POOL_IMMUTABLE: {old:?}");
    }
    for old in before.allocations(id) {
        let is_there = after.allocations(id).iter().any(|new| new.user_id == old.user_id);
        ensure!(is_there, "an allocation is gone: {old:?}");
    }
    Ok(())
}

/// EPOCH_FROZEN_ON_CLOSE, and a statement is only ever superseded.
fn frozen(before: &View<'_>, after: &View<'_>, old: &Epoch) -> Outcome<()> {
    let id = old.id;
    let is_same = after.epochs().iter().any(|new| new == old)
        && before.events(id) == after.events(id)
        && before.allocations(id) == after.allocations(id)
        && before.components(id) == after.components(id);
    ensure!(is_same, "EPOCH_FROZEN_ON_CLOSE: epoch {id} changed after its close");
    if let Some(first) = before.statement(id) {
        let Some(now) = after.statement(id) else {
            crate::broken!("STATEMENT_IMMUTABLE: the statement of epoch {id} is gone");
        };
        let is_kept = first == now || now.statement.supersedes == Some(first.statement.id);
        ensure!(is_kept, "STATEMENT_IMMUTABLE: {first:?} became {now:?}");
    }
    Ok(())
}

fn row(one: &Payout) -> Row {
    Row {
        user_id: one.user_id.as_str().to_owned(),
        total_units: one.total_units.get(),
        share: one.share.clone(),
        amount_credits: one.amount_credits.get(),
    }
}

/// PAYOUT_DETERMINISTIC, ALL_MATH_INTEGER: the statement is what the rules make of the allocations and
/// the pool, and the allocations are what the events come to.
fn pays_by_the_rules(after: &View<'_>, id: EpochId) -> Outcome<()> {
    let Some(paid) = after.statement(id) else { return Ok(()) };
    let allocations = after.allocations(id);
    let units: Vec<(String, i64)> = allocations
        .iter()
        .map(|one| (one.user_id.as_str().to_owned(), one.payable_units().get()))
        .collect();
    let expected = reference::payouts(&units, paid.statement.pool_total.get());
    let found = Ok(paid.statement.payouts.iter().map(row).collect());
    ensure!(found == expected, "PAYOUT_DETERMINISTIC: {found:?} instead of {expected:?}");
    let hash = reference::allocation_set_hash(&units);
    ensure!(
        paid.statement.allocation_set_hash.as_str() == hash,
        "PAYOUT_DETERMINISTIC: hash {hash}"
    );
    let Some(epoch) = after.epochs().iter().find(|epoch| epoch.id == id) else { return Ok(()) };
    let mut earned: BTreeMap<&str, i128> = BTreeMap::new();
    for event in after.events(id).iter().map(|stored| &stored.event) {
        if let Some(user_id) = &event.user_id {
            *earned.entry(user_id.as_str()).or_insert(0) +=
                i128::from(epoch.weights.weight_of(&event.kind()).get());
        }
    }
    for one in allocations {
        let units = earned.remove(one.user_id.as_str()).unwrap_or(0);
        let is_right = i128::from(one.proposed_units.get()) == units;
        ensure!(is_right, "the proposal for {} is not {units}: {one:?}", one.user_id);
    }
    ensure!(earned.is_empty(), "not in the allocations of epoch {id}: {earned:?}");
    Ok(())
}
