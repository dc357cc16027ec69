//! What other weights would come to.

use ledger_core::{AmountOverflow, EpochId, WeightTable};
use ledger_port::{EpochNotFoundPortError, LedgerPortError};
use ledger_testkit::{allocation, credits, decision, event, finalize, user, weights};

use crate::harness::{
    COMMIT, MERGE, WEEK, World, all, commits, dump, fund, insert, open, open_weighing, ready,
};

pub(crate) async fn the_pinned_weights_come_to_what_is_proposed(world: &World) {
    let store = &world.store;
    let epoch = open(store, WEEK).await;
    let mut events = commits(epoch.id, "alice", 2);
    events.push(event("merge").from_source("github").of_type("pr_merged").of_user("bob"));
    events.push(event("weightless").of_type("issue_closed").of_user("Zoe"));
    events.push(event("waiting"));
    insert(store, epoch.id, events).await;
    let before = dump(world).await;
    let seen = store.preview_allocations(epoch.id, &epoch.weights).await.unwrap();
    let expected =
        [allocation("Zoe", 0, 1), allocation("alice", 2_000, 2), allocation("bob", 8_000, 1)];
    assert_eq!(seen, expected);
    assert_eq!(dump(world).await, before);
    store.propose_allocations(epoch.id).await.unwrap();
    let proposed = all(|page| store.get_allocations_for_epoch(epoch.id, page)).await;
    let proposed: Vec<_> = proposed
        .iter()
        .map(|one| allocation(one.user_id.as_str(), one.proposed_units.get(), one.activity_count))
        .collect();
    assert_eq!(proposed, expected);
}

pub(crate) async fn other_weights_come_to_something_else_and_change_nothing(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    let late_merge = event("merge").from_source("github").of_type("pr_merged");
    insert(store, epoch.id, [late_merge.of_user("bob").at("2026-11-01T00:00:00Z")]).await;
    let before = dump(world).await;
    for (table, alice, bob) in [
        (weights(&[(COMMIT, 7)]), 21, 7),
        (weights(&[(MERGE, 5)]), 0, 5),
        (weights(&[(COMMIT, 1), (MERGE, 10), ("git:unknown", i64::MAX)]), 3, 11),
        (weights(&[("github:commit_authored", 9)]), 0, 0),
        (WeightTable::default(), 0, 0),
    ] {
        let seen = store.preview_allocations(epoch.id, &table).await.unwrap();
        assert_eq!(seen, [allocation("alice", alice, 3), allocation("bob", bob, 2)], "{table:?}");
    }
    assert_eq!(dump(world).await, before);
}

/// It is of events alone: neither a decision nor an allocation given by hand is in it.
pub(crate) async fn a_preview_is_of_events_and_not_of_allocations(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    let decided = decision(1, "agreed");
    store.update_allocation(epoch.id, &user("bob"), Some(&decided)).await.unwrap();
    store.insert_allocations(epoch.id, &[allocation("zoe", 9, 9)]).await.unwrap();
    let seen = store.preview_allocations(epoch.id, &epoch.weights).await.unwrap();
    assert_eq!(seen, [allocation("alice", 3_000, 3), allocation("bob", 1_000, 1)]);
}

pub(crate) async fn a_preview_of_a_closed_epoch_works(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    store.finalize_epoch(&finalize(epoch.id)).await.unwrap();
    let before = dump(world).await;
    let seen = store.preview_allocations(epoch.id, &weights(&[(COMMIT, 2)])).await.unwrap();
    assert_eq!(seen, [allocation("alice", 6, 3), allocation("bob", 2, 1)]);
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn a_preview_of_an_epoch_without_resolved_events_is_empty(world: &World) {
    let store = &world.store;
    let epoch = open(store, WEEK).await;
    insert(store, epoch.id, [event("waiting")]).await;
    assert_eq!(store.preview_allocations(epoch.id, &epoch.weights).await.unwrap(), []);
    fund(store, epoch.id, 100).await;
    store.close_epoch(epoch.id, credits(100)).await.unwrap();
    assert_eq!(store.preview_allocations(epoch.id, &epoch.weights).await.unwrap(), []);
}

pub(crate) async fn previews_are_listed_bytewise_by_user(world: &World) {
    let epoch = open_weighing(&world.store, WEEK, &[]).await;
    let people = ["Z", "a", "a-b", "a:b", "aB", "ab", "b", "é"];
    for id in people.iter().rev() {
        insert(&world.store, epoch.id, commits(epoch.id, id, 1)).await;
    }
    let seen = world.store.preview_allocations(epoch.id, &weights(&[(COMMIT, 3)])).await.unwrap();
    assert_eq!(seen, people.map(|id| allocation(id, 3, 1)));
}

pub(crate) async fn the_largest_sum_is_previewed_and_not_one_more(world: &World) {
    let store = &world.store;
    let epoch = open(store, WEEK).await;
    let merge = event("merge").from_source("github").of_type("pr_merged").of_user("bob");
    insert(store, epoch.id, commits(epoch.id, "bob", 1).into_iter().chain([merge])).await;
    insert(store, epoch.id, commits(epoch.id, "carol", 2)).await;
    insert(store, epoch.id, commits(epoch.id, "alice", 1)).await;
    let fits = weights(&[(COMMIT, 1), (MERGE, i64::MAX - 1)]);
    let seen = store.preview_allocations(epoch.id, &fits).await.unwrap();
    assert_eq!(seen[1], allocation("bob", i64::MAX, 2));
    // Of those whose units do not fit, the bytewise first is named.
    for (table, first) in [
        (weights(&[(COMMIT, 2), (MERGE, i64::MAX - 1)]), "bob"),
        (weights(&[(COMMIT, i64::MAX), (MERGE, 1)]), "bob"),
        (weights(&[(COMMIT, i64::MAX)]), "carol"),
    ] {
        let expected = AmountOverflow { what: format!("the units of {first}") };
        assert_refused!(
            world,
            store.preview_allocations(epoch.id, &table),
            LedgerPortError::AmountOverflow(overflow) if *overflow == expected
        );
    }
}

pub(crate) async fn nothing_is_previewed_of_an_unknown_epoch(world: &World) {
    let unknown = EpochId(ready(&world.store, WEEK).await.id.0 + 1);
    for table in [weights(&[]), weights(&[(COMMIT, i64::MAX)])] {
        assert_refused!(
            world,
            world.store.preview_allocations(unknown, &table),
            LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id })
                if *epoch_id == unknown
        );
    }
}
