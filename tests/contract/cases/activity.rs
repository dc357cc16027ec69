//! Appending facts: what is taken, what is refused, and how it is given back.

use ledger_core::{ActivityEvent, EventFault, MAX_JSON_BYTES, NewActivityEvent};
use ledger_port::{
    ActivityKey, EpochNotFoundPortError, InsertOutcome, LedgerPortError, Page, PageRequest,
};
use ledger_testkit::{event, moment, parsed};
use serde_json::{Value, json};

use crate::harness::{START, WEEK, World, all, assert_paged, closed, insert, open, unresolved};

/// How many events were taken, where nothing was known already.
fn inserted(count: u64) -> InsertOutcome {
    InsertOutcome { inserted: count, ..InsertOutcome::default() }
}

/// Puts one event into a new epoch and reads it back in every way.
async fn kept(world: &World, event: NewActivityEvent) -> ActivityEvent {
    let epoch_id = match world.store.get_open_epoch().await.unwrap() {
        Some(epoch) => epoch.id,
        None => open(&world.store, WEEK).await.id,
    };
    let one = std::slice::from_ref(&event);
    let outcome = world.store.insert_activity_events(epoch_id, one).await.unwrap();
    assert_eq!(outcome, InsertOutcome { late: outcome.late, ..inserted(1) });
    let stored = world.store.get_activity_event(&event.id).await.unwrap().unwrap();
    let listed = all(|page| world.store.get_activity_for_epoch(epoch_id, page)).await;
    assert!(listed.contains(&stored), "the list does not show the event as it is");
    let expected = ActivityEvent { epoch_id, event, ingested_at: moment(START) };
    assert_eq!(stored, expected);
    stored
}

pub(crate) async fn an_event_is_kept_whole(world: &World) {
    let whole = event("github:pr:owner/repo:42")
        .from_source("github")
        .of_type("pr_merged")
        .by("583231")
        .shown_as("octocat")
        .of_user("alice")
        .linked_to("https://github.com/owner/repo/pull/42")
        .with_metadata(json!({"additions": 10}))
        .at("2026-11-17T12:00:00.654321Z")
        .read_at("2026-11-18T00:00:00.000001Z")
        .produced_by("epoch-ledger", "0.1.0")
        .build();
    kept(world, whole).await;
}

pub(crate) async fn an_event_without_what_it_may_leave_out_is_kept(world: &World) {
    let stored = kept(world, unresolved("bare")).await.event;
    assert_eq!(
        (stored.platform_login, stored.user_id, stored.artifact_url, stored.metadata),
        (None, None, None, None)
    );
}

pub(crate) async fn text_of_every_script_is_kept(world: &World) {
    // The last ones are one letter in two ways: nothing is normalized.
    for text in ["žluťoučký", "Ωμέγα", "ひらがな", "🦀 crab", "a'b\"c\\d", "é", "e\u{301}"]
    {
        let event = event(text)
            .by(text)
            .shown_as(text)
            .of_user(text)
            .linked_to(text)
            .with_metadata(json!({ text: text }))
            .produced_by(text, text)
            .build();
        kept(world, event).await;
    }
}

pub(crate) async fn the_longest_texts_are_kept(world: &World) {
    let (long, longest) = ("é".repeat(128), "é".repeat(1_024));
    let event = event(&"é".repeat(256))
        .from_source(&"s".repeat(64))
        .of_type(&"t".repeat(64))
        .by(&long)
        .of_user(&long)
        .shown_as(&longest)
        .linked_to(&longest)
        .produced_by(&longest, &longest)
        .build();
    kept(world, event).await;
}

pub(crate) async fn the_first_and_the_last_moments_are_kept(world: &World) {
    let event = event("old").at("0001-01-01T00:00:00Z").read_at("9999-12-31T23:59:59.999999Z");
    kept(world, event.build()).await;
}

pub(crate) async fn metadata_is_kept_as_it_is(world: &World) {
    let kinds = [
        json!(null),
        json!(true),
        json!(0),
        json!(1.5),
        json!(1.0),
        json!(0.1),
        json!(-0.3),
        json!(1e-7),
        json!(-9_007_199_254_740_991_i64),
        json!(9_007_199_254_740_991_u64),
        json!(""),
        json!("1"),
        json!("\u{1}\n\t\"\\"),
        json!([]),
        json!({}),
        json!([[], {}, null, [null]]),
        json!({"": "", "b": {"a": [1, 1.0, "1", null, true]}, "a": null}),
    ];
    for (number, metadata) in kinds.into_iter().enumerate() {
        kept(world, event(&format!("{number}")).with_metadata(metadata).build()).await;
    }
}

pub(crate) async fn metadata_null_is_not_the_same_as_no_metadata(world: &World) {
    let null = kept(world, event("null").with_metadata(Value::Null).build()).await;
    assert_eq!(null.event.metadata, Some(Value::Null));
    let none = kept(world, event("none").build()).await;
    assert_eq!(none.event.metadata, None);
}

/// JSON has one kind of number; which of Rust's a store reads it as is its own affair, as long as it
/// is the same number.
pub(crate) async fn no_number_in_metadata_loses_a_digit(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let numbers = [
        f64::MAX,
        f64::MIN_POSITIVE,
        5e-324,
        1e17,
        -1e17,
        1e300,
        0.945_270_695_553_922_3,
        -0.216_599_397_130_613_38,
        2.225_073_858_507_201e-308,
    ];
    for (number, float) in numbers.into_iter().enumerate() {
        let event = event(&format!("{number}")).with_metadata(json!([float])).build();
        let one = std::slice::from_ref(&event);
        world.store.insert_activity_events(epoch.id, one).await.unwrap();
        let stored = world.store.get_activity_event(&event.id).await.unwrap().unwrap();
        let read = stored.event.metadata.as_ref().and_then(|list| list[0].as_f64());
        assert_eq!(read, Some(float), "{float:e}");
        assert_eq!(stored.event.canonical_payload_hash(), event.payload_hash, "{float:e}");
    }
}

pub(crate) async fn the_largest_and_deepest_metadata_are_kept(world: &World) {
    let largest = json!("x".repeat(MAX_JSON_BYTES - 2));
    kept(world, event("largest").with_metadata(largest).build()).await;
    let deepest = (1..32).fold(json!(1), |inner, _| json!([inner]));
    kept(world, event("deepest").with_metadata(deepest).build()).await;
}

pub(crate) async fn an_unknown_event_is_none(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, [event("known")]).await;
    assert_eq!(world.store.get_activity_event(&parsed("unknown")).await.unwrap(), None);
    assert_eq!(world.store.get_activity_event(&parsed("Known")).await.unwrap(), None);
}

pub(crate) async fn no_events_are_taken_too(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let outcome = world.store.insert_activity_events(epoch.id, &[]).await.unwrap();
    assert_eq!(outcome, InsertOutcome::default());
}

pub(crate) async fn ten_thousand_and_one_events_go_into_one_call(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let mut events: Vec<_> =
        (0..10_001).map(|number| unresolved(&format!("{number:05}"))).collect();
    // Not in the order of the ids, so that a store that works in parts has to put them in order.
    events.reverse();
    let outcome = world.store.insert_activity_events(epoch.id, &events).await.unwrap();
    assert_eq!(outcome, inserted(10_001));

    events[0] = event("10000").with_metadata(json!("another payload")).build();
    events[5_000] = unresolved("new");
    let again = world.store.insert_activity_events(epoch.id, &events).await.unwrap();
    assert_eq!((again.inserted, again.duplicates, again.conflicts.count), (1, 9_999, 1));
    assert_eq!(again.conflicts.first[0].event_id, events[0].id);

    let listed = all(|page| world.store.get_activity_for_epoch(epoch.id, page)).await;
    assert_eq!(listed.len(), 10_002);
    assert!(listed.is_sorted_by_key(ActivityKey::of));
}

pub(crate) async fn events_are_taken_up_to_the_last_microsecond_of_the_window(world: &World) {
    kept(world, event("first").at("2026-11-16T00:00:00Z").build()).await;
    kept(world, event("last").at("2026-11-22T23:59:59.999999Z").build()).await;
}

pub(crate) async fn late_arrivals_are_counted_among_what_is_stored_now(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let late = |id: &str| event(id).at("2026-11-15T23:59:59.999999Z");
    let first = insert(&world.store, epoch.id, [late("a"), event("b")]).await;
    assert_eq!((first.inserted, first.late), (2, 1));
    let in_time = event("d").at("2026-11-16T00:00:00Z");
    let again = [late("a"), late("c"), late("c"), in_time];
    let second = insert(&world.store, epoch.id, again).await;
    assert_eq!((second.inserted, second.duplicates, second.late), (2, 2, 1));
}

pub(crate) async fn an_event_from_before_the_window_is_a_late_arrival(world: &World) {
    let stored = kept(world, event("late").at("2026-11-15T23:59:59.999999Z").build()).await;
    let epoch = world.store.get_epoch(stored.epoch_id).await.unwrap().unwrap();
    assert!(epoch.is_late(stored.event.event_time));
}

pub(crate) async fn an_event_at_the_end_of_the_window_refuses_the_whole_call(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let events = [
        event("z").build(),
        event("y").at("2026-11-23T00:00:00Z").build(),
        event("a").at("2027-01-01T00:00:00Z").build(),
    ];
    let refusal = assert_refused!(
        world,
        world.store.insert_activity_events(epoch.id, &events),
        LedgerPortError::EventAfterEpoch { index: 1, event_id, event_time, epoch_id, period_end }
            if event_id.as_str() == "y"
                && *event_time == moment("2026-11-23")
                && *epoch_id == epoch.id
                && *period_end == moment("2026-11-23")
    );
    assert_eq!(
        refusal.to_string(),
        format!(
            "event 1 (y) of the call is of 2026-11-23T00:00:00Z, after epoch {} ended at \
             2026-11-23T00:00:00Z; it belongs to a later epoch; nothing was written",
            epoch.id
        )
    );
}

pub(crate) async fn an_event_after_the_window_is_refused_even_where_it_is_known(world: &World) {
    let later = open(&world.store, "2026-W48").await;
    let known = event("known").at("2026-11-24T00:00:00Z").build();
    let known = std::slice::from_ref(&known);
    world.store.insert_activity_events(later.id, known).await.unwrap();
    world.store.begin_review(later.id).await.unwrap();
    let earlier = open(&world.store, WEEK).await;
    assert_refused!(
        world,
        world.store.insert_activity_events(earlier.id, known),
        LedgerPortError::EventAfterEpoch { index: 0, epoch_id, .. } if *epoch_id == earlier.id
    );
}

fn without_a_producer(id: &str) -> NewActivityEvent {
    event(id).produced_by("", "1").build()
}

pub(crate) async fn an_event_that_breaks_a_rule_refuses_the_whole_call(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let deep = (0..32).fold(json!(1), |inner, _| json!([inner]));
    let wrong = [
        (without_a_producer("e"), "producer", "is empty"),
        (event("e").produced_by("p", "").build(), "producer_version", "is empty"),
        (event("e").shown_as("a\nb").build(), "platform_login", "holds a control character"),
        (event("e").shown_as("").build(), "platform_login", "is empty"),
        (
            event("e").linked_to(&"x".repeat(2_049)).build(),
            "artifact_url",
            "is longer than 2048 bytes",
        ),
        (
            event("e").with_metadata(json!({"a": "\0"})).build(),
            "metadata",
            "holds the character U+0000, which PostgreSQL cannot keep",
        ),
        (event("e").with_metadata(deep).build(), "metadata", "nests deeper than 32"),
        (
            event("e").with_metadata(json!("x".repeat(MAX_JSON_BYTES - 1))).build(),
            "metadata",
            "is larger than 65536 bytes",
        ),
    ];
    for (event, field, problem) in wrong {
        let expected = EventFault { field, problem: problem.to_owned() };
        let refusal = assert_refused!(
            world,
            world.store.insert_activity_events(epoch.id, &[unresolved("fine"), event]),
            LedgerPortError::InvalidEvent { index: 1, event_id, fault }
                if event_id.as_str() == "e" && *fault == expected
        );
        assert_eq!(
            refusal.to_string(),
            format!("event 1 (e) of the call is not valid: {field} {problem}; nothing was written")
        );
    }
}

pub(crate) async fn the_first_event_that_breaks_a_rule_is_named(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let after = event("after").at("2027-01-01T00:00:00Z").build();
    let events = [after, unresolved("fine"), without_a_producer("z"), without_a_producer("a")];
    assert_refused!(
        world,
        world.store.insert_activity_events(epoch.id, &events),
        LedgerPortError::InvalidEvent { index: 2, event_id, .. } if event_id.as_str() == "z"
    );
}

pub(crate) async fn what_is_wrong_with_the_call_alone_is_said_before_anything_else(world: &World) {
    let paid = closed(&world.store, WEEK).await;
    let unknown = ledger_core::EpochId(paid.id.0 + 1);
    for epoch_id in [paid.id, unknown] {
        assert_refused!(
            world,
            world.store.insert_activity_events(epoch_id, &[without_a_producer("e")]),
            LedgerPortError::InvalidEvent { index: 0, .. }
        );
    }
    let after = event("after").at("2027-01-01T00:00:00Z").build();
    let after = std::slice::from_ref(&after);
    assert_refused!(
        world,
        world.store.insert_activity_events(paid.id, after),
        LedgerPortError::EpochClosed { .. }
    );
    assert_refused!(
        world,
        world.store.insert_activity_events(unknown, after),
        LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id }) if *epoch_id == unknown
    );
}

/// In the order in which a list shows them: by time, then bytewise by id.
const ORDERED: &[(&str, &str)] = &[
    ("2026-11-16T00:00:00Z", "zz"),
    ("2026-11-17T12:00:00Z", "Z"),
    ("2026-11-17T12:00:00Z", "a"),
    ("2026-11-17T12:00:00Z", "a-b"),
    ("2026-11-17T12:00:00Z", "a:b"),
    ("2026-11-17T12:00:00Z", "aB"),
    ("2026-11-17T12:00:00Z", "ab"),
    ("2026-11-17T12:00:00Z", "b"),
    ("2026-11-17T12:00:00Z", "é"),
    ("2026-11-17T12:00:00.000001Z", "A"),
];

pub(crate) async fn events_are_listed_by_time_and_then_bytewise_by_id(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let events = ORDERED.iter().rev().map(|(time, id)| event(id).at(time));
    insert(&world.store, epoch.id, events).await;
    let mut expected = Vec::new();
    for (_, id) in ORDERED {
        expected.push(world.store.get_activity_event(&parsed(id)).await.unwrap().unwrap());
    }
    assert_paged(|page| world.store.get_activity_for_epoch(epoch.id, page), &expected).await;
    assert_paged(|page| world.store.get_unresolved_activity(epoch.id, page), &expected).await;
}

pub(crate) async fn a_page_may_begin_after_an_event_that_does_not_exist(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, ["a", "c"].map(event)).await;
    let after = |event_time, event_id: &str| {
        let key = ActivityKey { event_time: moment(event_time), event_id: parsed(event_id) };
        world.store.get_activity_for_epoch(epoch.id, PageRequest::after(key))
    };
    let ids = |page: Page<ActivityEvent, ActivityKey>| -> Vec<String> {
        page.items.into_iter().map(|event| event.event.id.into()).collect()
    };
    assert_eq!(ids(after("2026-11-17T12:00:00Z", "b").await.unwrap()), ["c"]);
    assert_eq!(ids(after("2026-11-17T11:00:00Z", "z").await.unwrap()), ["a", "c"]);
    let beyond = after("2026-11-17T12:00:00.000001Z", "a").await.unwrap();
    assert_eq!(beyond, Page { items: Vec::new(), next: None });
}

pub(crate) async fn unresolved_events_are_those_of_nobody(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let page = |page| world.store.get_unresolved_activity(epoch.id, page);
    assert_paged(page, &[]).await;
    let events = [event("b"), event("a"), event("c").of_user("alice"), event("d")];
    insert(&world.store, epoch.id, events).await;
    world.store.resolve_activity_identity(&parsed("d"), &parsed("bob")).await.unwrap();
    let mut expected = all(|page| world.store.get_activity_for_epoch(epoch.id, page)).await;
    expected.retain(|stored| ["a", "b"].contains(&stored.event.id.as_str()));
    assert_eq!(expected.len(), 2);
    assert_paged(page, &expected).await;
}
