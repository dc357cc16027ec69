//! The life of an epoch: opened, put into review, listed.

use std::time::Duration;

use ledger_core::{Epoch, EpochId, EpochStatus, NewEpoch, Period};
use ledger_port::LedgerPortError;
use ledger_testkit::{
    decision, event, moment, new_epoch, pool_component, resolution, user, week, weights, window,
};

use crate::harness::{
    COMMIT, MERGE, START, WEEK, World, assert_paged, closed, commits, insert, open, proposed,
};

fn unweighted(period: Period) -> NewEpoch {
    new_epoch(period, weights(&[]))
}

pub(crate) async fn a_new_epoch_is_open_and_as_it_was_asked_for(world: &World) {
    let asked = new_epoch(week(WEEK), weights(&[(COMMIT, 1_000), (MERGE, i64::MAX)]));
    let epoch = world.store.create_epoch(&asked).await.unwrap();
    let expected = Epoch {
        id: epoch.id,
        status: EpochStatus::Open,
        period: asked.period,
        weights: asked.weights,
        pool_total: None,
        opened_at: moment(START),
        closed_at: None,
    };
    assert_eq!(epoch, expected);
    assert_eq!(world.store.get_epoch(epoch.id).await.unwrap(), Some(expected.clone()));
    assert_eq!(world.store.get_open_epoch().await.unwrap(), Some(expected));
}

pub(crate) async fn a_window_of_one_microsecond_and_one_of_all_time_are_kept(world: &World) {
    for period in [
        window("2026-11-16T00:00:00Z", "2026-11-16T00:00:00.000001Z"),
        window("2026-11-16T00:00:00.000001Z", "9999-12-31T23:59:59.999999Z"),
        window("0001-01-01T00:00:00Z", "2026-11-16T00:00:00Z"),
    ] {
        let epoch = world.store.create_epoch(&unweighted(period)).await.unwrap();
        assert_eq!(epoch.period, period);
        let reviewed = world.store.begin_review(epoch.id).await.unwrap();
        assert_eq!(reviewed.period, period);
    }
}

pub(crate) async fn a_weight_table_is_kept_whole(world: &World) {
    let kinds: Vec<String> = (0..1_000).map(|number| format!("git:kind_{number}")).collect();
    let table: Vec<(&str, i64)> = kinds.iter().map(String::as_str).zip(0..).collect();
    let asked = new_epoch(week(WEEK), weights(&table));
    let epoch = world.store.create_epoch(&asked).await.unwrap();
    let stored = world.store.get_epoch(epoch.id).await.unwrap().unwrap();
    assert_eq!(stored.weights, asked.weights);
}

pub(crate) async fn opening_a_second_epoch_is_refused(world: &World) {
    let first = open(&world.store, WEEK).await;
    let refusal = assert_refused!(
        world,
        world.store.create_epoch(&unweighted(week("2026-W48"))),
        LedgerPortError::EpochAlreadyOpen { open_epoch } if *open_epoch == first.id
    );
    assert_eq!(
        refusal.to_string(),
        format!("epoch {} is still open; put it into review or close it first", first.id)
    );
}

pub(crate) async fn opening_an_epoch_is_not_idempotent(world: &World) {
    let asked = new_epoch(week(WEEK), weights(&[(COMMIT, 1_000)]));
    let first = world.store.create_epoch(&asked).await.unwrap();
    // The window is taken as well; the open epoch is what the caller has to do something about.
    assert_refused!(
        world,
        world.store.create_epoch(&asked),
        LedgerPortError::EpochAlreadyOpen { open_epoch } if *open_epoch == first.id
    );
}

pub(crate) async fn a_window_that_shares_time_with_any_epoch_is_refused(world: &World) {
    let paid = closed(&world.store, WEEK).await;
    for (start, end) in [
        ("2026-11-16T00:00:00Z", "2026-11-23T00:00:00Z"),
        ("2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z"),
        ("2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ("2026-11-01T00:00:00Z", "2026-11-16T00:00:00.000001Z"),
        ("2026-11-22T23:59:59.999999Z", "2026-12-01T00:00:00Z"),
    ] {
        let overlapping = window(start, end);
        assert_refused!(
            world,
            world.store.create_epoch(&unweighted(overlapping)),
            LedgerPortError::EpochWindowTaken { asked, epoch_id, found }
                if *asked == overlapping && *epoch_id == paid.id && *found == paid.period
        );
    }
}

pub(crate) async fn the_refusal_of_a_taken_window_says_who_has_it(world: &World) {
    let paid = closed(&world.store, WEEK).await;
    let refusal = assert_refused!(
        world,
        world.store.create_epoch(&unweighted(window("2026-11-22", "2026-11-24"))),
        LedgerPortError::EpochWindowTaken { .. }
    );
    assert_eq!(
        refusal.to_string(),
        format!(
            "the window 2026-11-22T00:00:00Z to 2026-11-24T00:00:00Z overlaps epoch {}, which is \
             2026-11-16T00:00:00Z to 2026-11-23T00:00:00Z",
            paid.id
        )
    );
}

pub(crate) async fn a_window_in_review_is_taken_too(world: &World) {
    let reviewed = open(&world.store, WEEK).await;
    world.store.begin_review(reviewed.id).await.unwrap();
    assert_refused!(
        world,
        world.store.create_epoch(&unweighted(week(WEEK))),
        LedgerPortError::EpochWindowTaken { epoch_id, .. } if *epoch_id == reviewed.id
    );
}

pub(crate) async fn windows_may_touch_leave_gaps_and_go_back_in_time(world: &World) {
    for name in ["2026-W47", "2026-W48", "2026-W46", "2026-W51", "2026-W50"] {
        let epoch = open(&world.store, name).await;
        assert_eq!(epoch.period, week(name));
        world.store.begin_review(epoch.id).await.unwrap();
    }
}

pub(crate) async fn a_ledger_without_epochs_has_an_empty_list_and_none_open(world: &World) {
    assert_paged(|page| world.store.list_epochs(page), &[]).await;
    assert_eq!(world.store.get_open_epoch().await.unwrap(), None);
}

pub(crate) async fn epochs_are_listed_from_the_newest_id_on(world: &World) {
    let mut expected = Vec::new();
    // Neither the order of the windows nor that of the states.
    for name in ["2026-W47", "2026-W49", "2026-W48"] {
        expected.insert(0, closed(&world.store, name).await);
    }
    let reviewed = open(&world.store, "2026-W40").await;
    expected.insert(0, world.store.begin_review(reviewed.id).await.unwrap());
    expected.insert(0, open(&world.store, "2026-W41").await);
    assert!(expected.is_sorted_by(|one, next| one.id > next.id));
    assert_paged(|page| world.store.list_epochs(page), &expected).await;
}

pub(crate) async fn only_an_open_epoch_is_the_open_one(world: &World) {
    let first = closed(&world.store, "2026-W46").await;
    assert_eq!(world.store.get_open_epoch().await.unwrap(), None);
    let second = open(&world.store, WEEK).await;
    assert_eq!(world.store.get_open_epoch().await.unwrap(), Some(second.clone()));
    world.store.begin_review(second.id).await.unwrap();
    assert_eq!(world.store.get_open_epoch().await.unwrap(), None);
    assert_eq!(world.store.get_epoch(first.id).await.unwrap(), Some(first));
}

pub(crate) async fn an_epoch_of_an_unknown_id_is_none(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    for id in [epoch.id.0 + 1, epoch.id.0 - 1, 0, -1, i64::MIN, i64::MAX] {
        assert_eq!(world.store.get_epoch(EpochId(id)).await.unwrap(), None, "{id}");
    }
}

pub(crate) async fn an_epoch_in_review_is_otherwise_unchanged(world: &World) {
    let opened = open(&world.store, WEEK).await;
    world.clock.advance(Duration::from_secs(60));
    let reviewed = world.store.begin_review(opened.id).await.unwrap();
    assert_eq!(reviewed, Epoch { status: EpochStatus::Review, ..opened });
    assert_eq!(world.store.get_epoch(reviewed.id).await.unwrap(), Some(reviewed));
}

pub(crate) async fn an_epoch_may_be_put_into_review_twice(world: &World) {
    let opened = open(&world.store, WEEK).await;
    let once = world.store.begin_review(opened.id).await.unwrap();
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.store.begin_review(opened.id).await.unwrap(), once);
}

pub(crate) async fn a_closed_epoch_does_not_go_back_into_review(world: &World) {
    let paid = closed(&world.store, WEEK).await;
    let refusal = assert_refused!(
        world,
        world.store.begin_review(paid.id),
        LedgerPortError::EpochClosed { epoch_id } if *epoch_id == paid.id
    );
    assert_eq!(
        refusal.to_string(),
        format!("epoch {} is closed; nothing can be written to it any more", paid.id)
    );
}

pub(crate) async fn an_epoch_in_review_takes_writes_while_the_next_one_is_open(world: &World) {
    let store = &world.store;
    let first = proposed(store, WEEK).await;
    store.begin_review(first.id).await.unwrap();
    let next = open(store, "2026-W48").await;

    let late = event("late").at("2026-11-16T00:00:00Z").build();
    let outcome = store.insert_activity_events(first.id, &[late]).await.unwrap();
    assert_eq!(outcome.inserted, 1);
    let given = store.resolve_activity_identities(&[resolution("late", "bob")]).await.unwrap();
    assert_eq!(given.resolved, 1);
    assert_eq!(store.propose_allocations(first.id).await.unwrap().changed, 1);
    let decided = decision(0, "bob asked to be left out");
    let bob = store.update_allocation(first.id, &user("bob"), Some(&decided)).await.unwrap();
    assert_eq!(bob.decision, Some(decided));
    store.insert_pool_component(first.id, &pool_component("top_up", 5)).await.unwrap();

    insert(store, next.id, commits(next.id, "alice", 1)).await;
    assert_eq!(store.get_open_epoch().await.unwrap(), Some(next));
}
