//! Being told the same thing again (ACTIVITY_IDEMPOTENT): a duplicate, a conflict, never a change.

use ledger_core::{EventId, NewActivityEvent, Sha256Hex};
use ledger_port::{ActivityConflict, ConflictReport, InsertOutcome, MAX_REPORTED_CONFLICTS};
use ledger_testkit::{credits, event, parsed};
use serde_json::json;

use crate::harness::{
    WEEK, World, all, commits, dump, fund, insert, nothing_new, open, unresolved,
};

/// The event of that id, telling something else than [`unresolved`] does.
fn retold(id: &str) -> NewActivityEvent {
    event(id).with_metadata(json!("another payload")).build()
}

fn conflict(id: &str) -> ActivityConflict {
    ActivityConflict {
        event_id: parsed(id),
        stored_hash: unresolved(id).payload_hash,
        refused_hash: retold(id).payload_hash,
    }
}

pub(crate) async fn events_told_twice_are_skipped(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let events: Vec<_> = ["a", "b", "c"].map(unresolved).into();
    world.store.insert_activity_events(epoch.id, &events).await.unwrap();
    let before = dump(world).await;
    world.clock.set("2026-11-19T00:00:00Z");
    let again = world.store.insert_activity_events(epoch.id, &events).await.unwrap();
    assert_eq!(again, nothing_new(3));
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn what_the_hash_leaves_out_may_differ_and_the_first_stays(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, [event("a").shown_as("old").of_user("alice")]).await;
    let before = dump(world).await;
    let reread = event("a")
        .shown_as("new")
        .of_user("bob")
        .linked_to("https://example.org")
        .read_at("2026-11-19T00:00:00Z")
        .produced_by("another", "2");
    assert_eq!(insert(&world.store, epoch.id, [reread]).await, nothing_new(1));
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn another_payload_under_a_known_id_is_a_conflict_and_the_first_stays(
    world: &World,
) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, [event("a")]).await;
    let before = dump(world).await;
    let outcome = world.store.insert_activity_events(epoch.id, &[retold("a")]).await.unwrap();
    let conflicts = ConflictReport { count: 1, first: vec![conflict("a")] };
    assert_eq!(outcome, InsertOutcome { conflicts, ..InsertOutcome::default() });
    assert_eq!(dump(world).await, before);
}

/// The hash decides, and it is taken as it is given.
pub(crate) async fn the_fingerprint_alone_tells_a_duplicate_from_a_conflict(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, [event("a")]).await;
    let mut same_hash = retold("a");
    same_hash.payload_hash = unresolved("a").payload_hash;
    let mut other_hash = unresolved("a");
    other_hash.payload_hash = Sha256Hex::of(b"other");
    let events = [same_hash, other_hash];
    let outcome = world.store.insert_activity_events(epoch.id, &events).await.unwrap();
    assert_eq!((outcome.inserted, outcome.duplicates, outcome.conflicts.count), (0, 1, 1));
}

pub(crate) async fn an_id_twice_in_one_call_is_taken_once(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let events = [event("a").shown_as("first"), event("b"), event("a").shown_as("second")];
    let outcome = insert(&world.store, epoch.id, events).await;
    assert_eq!(outcome, InsertOutcome { inserted: 2, ..nothing_new(1) });
    let stored = world.store.get_activity_event(&parsed("a")).await.unwrap().unwrap();
    assert_eq!(stored.event.platform_login.as_deref(), Some("first"));
}

pub(crate) async fn an_id_told_two_ways_in_one_call_is_a_conflict_with_the_first(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let events = [retold("b"), unresolved("a"), retold("a"), unresolved("a"), unresolved("b")];
    let outcome = world.store.insert_activity_events(epoch.id, &events).await.unwrap();
    assert_eq!((outcome.inserted, outcome.duplicates), (2, 1));
    let of_b = ActivityConflict {
        event_id: parsed("b"),
        stored_hash: retold("b").payload_hash,
        refused_hash: unresolved("b").payload_hash,
    };
    let expected = ConflictReport { count: 2, first: vec![conflict("a"), of_b] };
    assert_eq!(outcome.conflicts, expected);
    let stored = world.store.get_activity_event(&parsed("b")).await.unwrap().unwrap();
    assert_eq!(stored.event, retold("b"));
}

pub(crate) async fn an_id_known_from_another_epoch_stays_there(world: &World) {
    let store = &world.store;
    let first = open(store, WEEK).await;
    insert(store, first.id, [event("open"), event("closed")]).await;
    fund(store, first.id, 100).await;
    store.close_epoch(first.id, credits(100)).await.unwrap();
    let next = open(store, "2026-W48").await;
    let before = dump(world).await;
    let events = [unresolved("open"), retold("closed")];
    let outcome = store.insert_activity_events(next.id, &events).await.unwrap();
    let conflicts = ConflictReport { count: 1, first: vec![conflict("closed")] };
    assert_eq!(outcome, InsertOutcome { conflicts, ..nothing_new(1) });
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn the_first_conflicts_are_spelled_out_in_the_order_of_the_call(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let known: Vec<String> = (0..150).map(|number| format!("{number:03}")).collect();
    insert(&world.store, epoch.id, known.iter().map(|id| event(id))).await;
    // Neither in the order of the ids nor alone.
    let mut called = Vec::new();
    for id in known.iter().rev() {
        called.extend([retold(id), unresolved(id), event(&format!("new:{id}")).build()]);
    }
    let outcome = world.store.insert_activity_events(epoch.id, &called).await.unwrap();
    assert_eq!((outcome.inserted, outcome.duplicates), (150, 150));
    let first = known.iter().rev().take(MAX_REPORTED_CONFLICTS).map(|id| conflict(id)).collect();
    assert_eq!(outcome.conflicts, ConflictReport { count: 150, first });
}

pub(crate) async fn ids_that_look_alike_are_not_the_same(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let ids = ["a", "A", "a ", " a", "á", "a\u{301}", "ａ", "a%", "a_", "'a'"];
    let outcome = insert(&world.store, epoch.id, ids.map(event)).await;
    assert_eq!(outcome.inserted, 10);
    for id in ids {
        let stored = world.store.get_activity_event(&parsed(id)).await.unwrap().unwrap();
        assert_eq!(stored.event.id, parsed::<EventId>(id));
    }
}

pub(crate) async fn a_duplicate_does_not_resolve_an_event(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, [event("a")]).await;
    let outcome = insert(&world.store, epoch.id, [event("a").of_user("alice")]).await;
    assert_eq!(outcome, nothing_new(1));
    let stored = world.store.get_activity_event(&parsed("a")).await.unwrap().unwrap();
    assert_eq!(stored.event.user_id, None);
    insert(&world.store, epoch.id, commits(epoch.id, "alice", 1)).await;
}

pub(crate) async fn what_is_known_far_into_a_long_call_is_skipped_and_nothing_else(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let id = |number: usize| format!("{number:05}");
    insert(&world.store, epoch.id, [event(&id(23_000)), event(&id(27_000))]).await;

    let mut events: Vec<_> = (0..30_001).map(|number| event(&id(number)).build()).collect();
    // Late ones before the known and after; and one that says something else, one told twice, one alone at
    // the end that says something else than the one of that id before it.
    for late in [100, 22_999, 29_999] {
        events[late] = event(&id(late)).at("2026-11-15T00:00:00Z").build();
    }
    events[27_000] = retold(&id(27_000));
    events.push(event(&id(12_345)).build());
    events.push(retold(&id(30_000)));
    let outcome = world.store.insert_activity_events(epoch.id, &events).await.unwrap();
    assert_eq!((outcome.inserted, outcome.late), (29_999, 3));
    assert_eq!((outcome.duplicates, outcome.conflicts.count), (2, 2));
    let refused = outcome.conflicts.first.iter().map(|conflict| conflict.event_id.as_str());
    assert_eq!(refused.collect::<Vec<_>>(), ["27000", "30000"]);

    let listed = all(|page| world.store.get_activity_for_epoch(epoch.id, page)).await;
    assert_eq!(listed.len(), 30_001);
    assert!(listed.iter().all(|stored| stored.event.metadata.is_none()));
}

pub(crate) async fn a_conflict_alone_at_the_end_of_a_long_call_is_told(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, [event("last")]).await;
    let mut events: Vec<_> = (0..10_000).map(|n| event(&format!("{n:05}")).build()).collect();
    events.push(retold("last"));
    let outcome = world.store.insert_activity_events(epoch.id, &events).await.unwrap();
    assert_eq!((outcome.inserted, outcome.duplicates, outcome.conflicts.count), (10_000, 0, 1));
    assert_eq!(outcome.conflicts.first[0].event_id.as_str(), "last");
}
