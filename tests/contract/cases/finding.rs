//! Looking for events, and counting them.

use ledger_core::{ActivityEvent, EpochId};
use ledger_port::{
    ActivityCount, ActivityFilter, ActivityKey, EpochNotFoundPortError, LedgerPortError,
    PageRequest,
};
use ledger_testkit::{credits, event, moment, parsed, user};

use crate::harness::{WEEK, World, all, assert_paged, dump, fund, insert, open};

/// A week with events of every sort; their ids tell what they are.
async fn mixed(world: &World) -> EpochId {
    let epoch = open(&world.store, WEEK).await;
    let merge = |id: &str| event(id).from_source("github").of_type("pr_merged");
    let late = "2026-11-15T23:59:59.999999Z";
    let events = [
        event("alice git commit").of_user("alice"),
        event("alice git commit late").of_user("alice").at(late),
        merge("alice github merge").of_user("alice"),
        event("alice github commit").from_source("github").of_user("alice"),
        event("bob git commit first").of_user("bob").at("2026-11-16T00:00:00Z"),
        merge("bob github merge late").of_user("bob").at("2026-11-01T00:00:00Z"),
        event("nobody git commit"),
        merge("nobody github merge late").at(late),
    ];
    insert(&world.store, epoch.id, events).await;
    epoch.id
}

/// The events whose ids hold this word and not that one, in the order of the list.
async fn holding(world: &World, id: EpochId, word: &str, but: &str) -> Vec<ActivityEvent> {
    let mut events = all(|page| world.store.get_activity_for_epoch(id, page)).await;
    events.retain(|stored| {
        let words: Vec<&str> = stored.event.id.as_str().split(' ').collect();
        (word.is_empty() || words.contains(&word)) && !words.contains(&but)
    });
    events
}

pub(crate) async fn without_a_condition_every_event_is_found(world: &World) {
    let id = mixed(world).await;
    let everything = holding(world, id, "", "-").await;
    assert_eq!(everything.len(), 8);
    let filter = ActivityFilter::default();
    assert_paged(|page| world.store.find_activity(id, &filter, page), &everything).await;
}

pub(crate) async fn each_condition_finds_what_fits_it(world: &World) {
    let id = mixed(world).await;
    let all = ActivityFilter::default();
    for (filter, word, but, count) in [
        (ActivityFilter { user_id: Some(user("alice")), ..all.clone() }, "alice", "-", 4),
        (ActivityFilter { user_id: Some(user("bob")), ..all.clone() }, "bob", "-", 2),
        (ActivityFilter { user_id: Some(user("Bob")), ..all.clone() }, "-", "-", 0),
        (ActivityFilter { source: Some(parsed("git")), ..all.clone() }, "git", "-", 4),
        (ActivityFilter { source: Some(parsed("github")), ..all.clone() }, "github", "-", 4),
        (ActivityFilter { source: Some(parsed("gitlab")), ..all.clone() }, "-", "-", 0),
        (
            ActivityFilter { event_type: Some(parsed("commit_authored")), ..all.clone() },
            "commit",
            "-",
            5,
        ),
        (ActivityFilter { event_type: Some(parsed("pr_merged")), ..all.clone() }, "merge", "-", 3),
        (ActivityFilter { event_type: Some(parsed("pr")), ..all.clone() }, "-", "-", 0),
        (ActivityFilter { is_unresolved: Some(true), ..all.clone() }, "nobody", "-", 2),
        (ActivityFilter { is_unresolved: Some(false), ..all.clone() }, "", "nobody", 6),
        (ActivityFilter { is_late: Some(true), ..all.clone() }, "late", "-", 3),
        (ActivityFilter { is_late: Some(false), ..all }, "", "late", 5),
    ] {
        let expected = holding(world, id, word, but).await;
        assert_eq!(expected.len(), count, "{filter:?}");
        assert_paged(|page| world.store.find_activity(id, &filter, page), &expected).await;
    }
}

pub(crate) async fn every_condition_must_hold(world: &World) {
    let id = mixed(world).await;
    let late_merges = ActivityFilter {
        source: Some(parsed("github")),
        event_type: Some(parsed("pr_merged")),
        is_late: Some(true),
        ..ActivityFilter::default()
    };
    let of_bob = ActivityFilter {
        user_id: Some(user("bob")),
        is_unresolved: Some(false),
        ..late_merges.clone()
    };
    let of_nobody = ActivityFilter { is_unresolved: Some(true), ..late_merges.clone() };
    let both = ActivityFilter { is_unresolved: Some(true), ..of_bob.clone() };
    let in_time = ActivityFilter { is_late: Some(false), ..of_bob.clone() };
    for (filter, expected) in [
        (late_merges, &["bob github merge late", "nobody github merge late"][..]),
        (of_bob, &["bob github merge late"]),
        (of_nobody, &["nobody github merge late"]),
        (both, &[]),
        (in_time, &[]),
    ] {
        let found = all(|page| world.store.find_activity(id, &filter, page)).await;
        let ids: Vec<&str> = found.iter().map(|stored| stored.event.id.as_str()).collect();
        assert_eq!(ids, expected, "{filter:?}");
    }
}

pub(crate) async fn an_event_is_found_by_whom_it_belongs_to_now(world: &World) {
    let id = mixed(world).await;
    let waiting = parsed("nobody git commit");
    world.store.resolve_activity_identity(&waiting, &user("zoe")).await.unwrap();
    let of_zoe = ActivityFilter { user_id: Some(user("zoe")), ..ActivityFilter::default() };
    let stored = world.store.get_activity_event(&waiting).await.unwrap().unwrap();
    assert_paged(|page| world.store.find_activity(id, &of_zoe, page), &[stored]).await;
    let waits = ActivityFilter { is_unresolved: Some(true), ..ActivityFilter::default() };
    let left = all(|page| world.store.find_activity(id, &waits, page)).await;
    assert_eq!(left.len(), 1);
}

pub(crate) async fn events_are_looked_for_in_one_epoch_closed_or_not(world: &World) {
    let store = &world.store;
    let id = mixed(world).await;
    store.propose_allocations(id).await.unwrap();
    fund(store, id, 100).await;
    store.close_epoch(id, credits(100)).await.unwrap();
    let next = open(store, "2026-W48").await;
    insert(store, next.id, [event("next").of_user("alice")]).await;
    let of_alice = ActivityFilter { user_id: Some(user("alice")), ..ActivityFilter::default() };
    let expected = holding(world, id, "alice", "-").await;
    assert_paged(|page| store.find_activity(id, &of_alice, page), &expected).await;
    // The same moment is late in one epoch and in time in another.
    let late = ActivityFilter { is_late: Some(true), ..of_alice };
    let found = all(|page| store.find_activity(next.id, &late, page)).await;
    assert_eq!(found.len(), 1);
    assert_eq!(store.count_activity(id, None).await.unwrap().len(), 7);
}

pub(crate) async fn a_page_of_found_events_may_begin_anywhere(world: &World) {
    let id = mixed(world).await;
    let of_alice = ActivityFilter { user_id: Some(user("alice")), ..ActivityFilter::default() };
    let after = |time: &str, event_id: &str| {
        let key = ActivityKey { event_time: moment(time), event_id: parsed(event_id) };
        world.store.find_activity(id, &of_alice, PageRequest::after(key))
    };
    let page = after("2026-11-17T12:00:00Z", "alice git d").await.unwrap();
    let ids: Vec<&str> = page.items.iter().map(|stored| stored.event.id.as_str()).collect();
    assert_eq!(ids, ["alice github commit", "alice github merge"]);
    assert_eq!(after("2026-11-18T00:00:00Z", "a").await.unwrap().items, []);
}

pub(crate) async fn nothing_is_found_or_counted_in_an_unknown_epoch(world: &World) {
    let unknown = EpochId(mixed(world).await.0 + 1);
    let nobodys = ActivityFilter { user_id: Some(user("zoe")), ..ActivityFilter::default() };
    let late = ActivityFilter { is_late: Some(true), ..ActivityFilter::default() };
    for filter in [ActivityFilter::default(), nobodys, late] {
        assert_refused!(
            world,
            world.store.find_activity(unknown, &filter, PageRequest::first()),
            LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id })
                if *epoch_id == unknown
        );
    }
    for user_id in [None, Some(&user("alice"))] {
        assert_refused!(
            world,
            world.store.count_activity(unknown, user_id),
            LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id })
                if *epoch_id == unknown
        );
    }
}

fn count(day: &str, kind: &str, events: u64, unresolved: u64, late: u64) -> ActivityCount {
    ActivityCount { day: moment(day), kind: parsed(kind), events, unresolved, late }
}

pub(crate) async fn events_are_counted_by_day_and_kind(world: &World) {
    let id = mixed(world).await;
    let before = dump(world).await;
    let expected = [
        count("2026-11-01", "github:pr_merged", 1, 0, 1),
        count("2026-11-15", "git:commit_authored", 1, 0, 1),
        count("2026-11-15", "github:pr_merged", 1, 1, 1),
        count("2026-11-16", "git:commit_authored", 1, 0, 0),
        count("2026-11-17", "git:commit_authored", 2, 1, 0),
        count("2026-11-17", "github:commit_authored", 1, 0, 0),
        count("2026-11-17", "github:pr_merged", 1, 0, 0),
    ];
    assert_eq!(world.store.count_activity(id, None).await.unwrap(), expected);
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn the_events_of_one_person_are_counted(world: &World) {
    let id = mixed(world).await;
    let of_alice = [
        count("2026-11-15", "git:commit_authored", 1, 0, 1),
        count("2026-11-17", "git:commit_authored", 1, 0, 0),
        count("2026-11-17", "github:commit_authored", 1, 0, 0),
        count("2026-11-17", "github:pr_merged", 1, 0, 0),
    ];
    let counted = world.store.count_activity(id, Some(&user("alice"))).await.unwrap();
    assert_eq!(counted, of_alice);
    assert_eq!(world.store.count_activity(id, Some(&user("zoe"))).await.unwrap(), []);
}

pub(crate) async fn a_day_is_one_in_utc_and_kinds_are_in_bytewise_order(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    assert_eq!(world.store.count_activity(epoch.id, None).await.unwrap(), []);
    let kinds = [("a", "z"), ("a-b", "z"), ("a.b", "z"), ("ab", "a_b"), ("ab", "ab"), ("b", "a")];
    let mut events = Vec::new();
    for (source, event_type) in kinds {
        for time in ["2026-11-18T23:59:59.999999Z", "2026-11-18T00:00:00Z", "0001-01-01T00:00:00Z"]
        {
            let id = format!("{source} {event_type} {time}");
            events.push(event(&id).from_source(source).of_type(event_type).at(time));
        }
    }
    events.reverse();
    insert(&world.store, epoch.id, events).await;
    let row = |day, times, late| {
        kinds
            .map(|(source, of_type)| count(day, &format!("{source}:{of_type}"), times, times, late))
    };
    let expected = [row("0001-01-01", 1, 1), row("2026-11-18", 2, 0)].concat();
    assert_eq!(world.store.count_activity(epoch.id, None).await.unwrap(), expected);
}
