//! A page of a source: its events and its cursor, both or neither (CURSOR_STATE_PERSISTED).

use ledger_core::{EpochId, InvalidValue, NewActivityEvent, SourceCursor};
use ledger_port::{EpochNotFoundPortError, IngestPage, InsertOutcome, LedgerPortError};
use ledger_testkit::{cursor_key, event, moment, parsed};
use serde_json::json;

use crate::harness::{START, WEEK, World, closed, dump, insert, nothing_new, open, unresolved};

/// A page of the stream `main`.
fn page(epoch_id: EpochId, events: &[NewActivityEvent], cursor_value: &str) -> IngestPage {
    IngestPage {
        epoch_id,
        events: events.to_vec(),
        cursor_key: cursor_key("main"),
        cursor_value: cursor_value.to_owned(),
    }
}

fn cursor(value: &str, retrieved_at: &str) -> SourceCursor {
    SourceCursor {
        key: cursor_key("main"),
        value: value.to_owned(),
        retrieved_at: moment(retrieved_at),
    }
}

async fn assert_cursor(world: &World, value: &str, retrieved_at: &str) {
    let stored = world.store.get_cursor(&cursor_key("main")).await.unwrap();
    assert_eq!(stored, Some(cursor(value, retrieved_at)));
}

pub(crate) async fn a_page_brings_its_events_and_moves_its_cursor(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let events = ["a", "b"].map(unresolved);
    let outcome = world.store.ingest_page(&page(epoch.id, &events, "1")).await.unwrap();
    assert_eq!(outcome, InsertOutcome { inserted: 2, ..InsertOutcome::default() });
    for event in events {
        let stored = world.store.get_activity_event(&event.id).await.unwrap().unwrap();
        assert_eq!((stored.event, stored.ingested_at), (event, moment(START)));
    }
    assert_cursor(world, "1", START).await;
}

pub(crate) async fn a_page_without_events_moves_its_cursor(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let outcome = world.store.ingest_page(&page(epoch.id, &[], "1")).await.unwrap();
    assert_eq!(outcome, InsertOutcome::default());
    assert_cursor(world, "1", START).await;
}

pub(crate) async fn the_same_page_again_brings_nothing_new(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let page = page(epoch.id, &["a", "b"].map(unresolved), "1");
    world.store.ingest_page(&page).await.unwrap();
    let before = dump(world).await;
    assert_eq!(world.store.ingest_page(&page).await.unwrap(), nothing_new(2));
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn a_page_with_known_events_moves_its_cursor_all_the_same(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, [event("a"), event("b")]).await;
    world.clock.set("2026-11-19T00:00:00.000001Z");
    let retold = event("b").with_metadata(json!("another payload")).build();
    let events = [unresolved("a"), retold, unresolved("c")];
    let outcome = world.store.ingest_page(&page(epoch.id, &events, "2")).await.unwrap();
    assert_eq!((outcome.inserted, outcome.duplicates, outcome.conflicts.count), (1, 1, 1));
    assert_cursor(world, "2", "2026-11-19T00:00:00.000001Z").await;
}

pub(crate) async fn a_page_moves_no_other_cursor(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let other = cursor_key("other");
    world.store.upsert_cursor(&other, "9").await.unwrap();
    world.store.ingest_page(&page(epoch.id, &[unresolved("a")], "1")).await.unwrap();
    assert_eq!(world.store.get_cursor(&other).await.unwrap().unwrap().value, "9");
}

pub(crate) async fn a_refused_event_leaves_the_cursor_where_it_was(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    world.store.ingest_page(&page(epoch.id, &[unresolved("a")], "1")).await.unwrap();
    let invalid = event("wrong").produced_by("", "1").build();
    assert_refused!(
        world,
        world.store.ingest_page(&page(epoch.id, &[unresolved("b"), invalid], "2")),
        LedgerPortError::InvalidEvent { index: 1, event_id, .. } if event_id.as_str() == "wrong"
    );
    let after = event("after").at("2026-11-23T00:00:00Z").build();
    assert_refused!(
        world,
        world.store.ingest_page(&page(epoch.id, &[unresolved("b"), after], "2")),
        LedgerPortError::EventAfterEpoch { index: 1, event_id, epoch_id, .. }
            if event_id.as_str() == "after" && *epoch_id == epoch.id
    );
    assert_eq!(world.store.get_activity_event(&parsed("b")).await.unwrap(), None);
    assert_cursor(world, "1", START).await;
}

pub(crate) async fn a_refused_cursor_leaves_the_events_out(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let too_long = "x".repeat(SourceCursor::MAX_VALUE_BYTES + 1);
    for (value, problem) in [
        (too_long.as_str(), "it is longer than 65536 bytes"),
        ("a\0", "it holds the character U+0000"),
    ] {
        let expected = InvalidValue::new("cursor value", value, problem);
        assert_refused!(
            world,
            world.store.ingest_page(&page(epoch.id, &[unresolved("a")], value)),
            LedgerPortError::InvalidValue(invalid) if *invalid == expected
        );
    }
}

pub(crate) async fn an_unknown_or_a_closed_epoch_moves_no_cursor(world: &World) {
    let paid = closed(&world.store, WEEK).await;
    let unknown = EpochId(paid.id.0 + 1);
    let empty: &[NewActivityEvent] = &[];
    for events in [empty, &[unresolved("a")]] {
        assert_refused!(
            world,
            world.store.ingest_page(&page(unknown, events, "1")),
            LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id })
                if *epoch_id == unknown
        );
        assert_refused!(
            world,
            world.store.ingest_page(&page(paid.id, events, "1")),
            LedgerPortError::EpochClosed { epoch_id } if *epoch_id == paid.id
        );
    }
}
