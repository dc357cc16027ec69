//! What has to happen before the moment that a case is about.

use std::sync::Arc;

use ledger_core::{Epoch, EpochId, NewActivityEvent};
use ledger_port::{ActivityLedgerStore, FinalizedEpoch, InsertOutcome, Written};
use ledger_testkit::{
    EventBuilder, credits, event, finalize, new_epoch, pool_component, week, weights,
};

type Store = Arc<dyn ActivityLedgerStore>;

/// The week that holds [`super::START`] and the builders' events.
pub(crate) const WEEK: &str = "2026-W47";

/// The kind of the builders' events, which weighs 1.000 where a case says nothing else.
pub(crate) const COMMIT: &str = "git:commit_authored";

/// Another kind, which weighs 8.000.
pub(crate) const MERGE: &str = "github:pr_merged";

/// Opens a week with the usual weights.
pub(crate) async fn open(store: &Store, week_name: &str) -> Epoch {
    open_weighing(store, week_name, &[(COMMIT, 1_000), (MERGE, 8_000)]).await
}

/// Opens a week with these weights.
pub(crate) async fn open_weighing(store: &Store, week_name: &str, of: &[(&str, i64)]) -> Epoch {
    store.create_epoch(&new_epoch(week(week_name), weights(of))).await.unwrap()
}

/// Inserts events.
pub(crate) async fn insert(
    store: &Store,
    epoch_id: EpochId,
    events: impl IntoIterator<Item = EventBuilder>,
) -> InsertOutcome {
    let events: Vec<_> = events.into_iter().map(EventBuilder::build).collect();
    store.insert_activity_events(epoch_id, &events).await.unwrap()
}

/// So many commits of one user, with ids of their own in every epoch.
pub(crate) fn commits(epoch_id: EpochId, user_id: &str, count: usize) -> Vec<EventBuilder> {
    let commit = |number| event(&format!("{epoch_id}:{user_id}:{number}")).of_user(user_id);
    (0..count).map(commit).collect()
}

/// A commit that belongs to nobody yet, built.
pub(crate) fn unresolved(id: &str) -> NewActivityEvent {
    event(id).build()
}

/// Gives the epoch a base issuance.
pub(crate) async fn fund(store: &Store, epoch_id: EpochId, amount: i64) {
    let base = pool_component("base_issuance", amount);
    store.insert_pool_component(epoch_id, &base).await.unwrap();
}

/// A week that was closed with a pool of 100 and without a statement.
pub(crate) async fn closed(store: &Store, week_name: &str) -> Epoch {
    let epoch = open(store, week_name).await;
    fund(store, epoch.id, 100).await;
    store.close_epoch(epoch.id, credits(100)).await.unwrap()
}

/// A week with three commits of alice and one of bob, proposed.
pub(crate) async fn proposed(store: &Store, week_name: &str) -> Epoch {
    let epoch = open(store, week_name).await;
    let mut events = commits(epoch.id, "alice", 3);
    events.extend(commits(epoch.id, "bob", 1));
    // The builders' events are of one week; in any later one they are late arrivals.
    insert(store, epoch.id, events).await;
    store.propose_allocations(epoch.id).await.unwrap();
    epoch
}

/// The same with a pool of 100: all that is left is to finalize it.
pub(crate) async fn ready(store: &Store, week_name: &str) -> Epoch {
    let epoch = proposed(store, week_name).await;
    fund(store, epoch.id, 100).await;
    epoch
}

/// The same, finalized: statement 1 pays alice 75 and bob 25.
pub(crate) async fn finalized(store: &Store, week_name: &str) -> FinalizedEpoch {
    let epoch = ready(store, week_name).await;
    store.finalize_epoch(&finalize(epoch.id)).await.unwrap()
}

/// What inserting answers where every event was known already.
pub(crate) fn nothing_new(duplicates: u64) -> InsertOutcome {
    InsertOutcome { duplicates, ..InsertOutcome::default() }
}

/// Everything that was written, as the text of an answer.
pub(crate) fn said(written: &Written) -> String {
    format!("{written:?}")
}
