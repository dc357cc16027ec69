//! Closing an epoch without paying, and what a closed one refuses.

use std::time::Duration;

use ledger_core::{CollectionOutcome, Epoch, EpochStatus};
use ledger_port::{EpochNotFoundPortError, IngestPage, LedgerPortError};
use ledger_testkit::{
    allocation, binding, credits, cursor_key, decision, event, moment, parsed, pool_component, user,
};

use crate::harness::{START, WEEK, World, closed, fund, open, ready, unresolved};

pub(crate) async fn closing_sets_the_total_and_the_time_and_nothing_else(world: &World) {
    let opened = open(&world.store, WEEK).await;
    fund(&world.store, opened.id, 100).await;
    let top_up = pool_component("top_up", 20);
    world.store.insert_pool_component(opened.id, &top_up).await.unwrap();
    world.clock.set("2026-11-24T08:00:00.000001Z");
    let paid = world.store.close_epoch(opened.id, credits(120)).await.unwrap();
    let expected = Epoch {
        status: EpochStatus::Closed,
        pool_total: Some(credits(120)),
        closed_at: Some(moment("2026-11-24T08:00:00.000001Z")),
        ..opened
    };
    assert_eq!(paid, expected);
    assert_eq!(paid.opened_at, moment(START));
    assert_eq!(world.store.get_epoch(paid.id).await.unwrap(), Some(paid));
}

pub(crate) async fn closing_from_review_works_as_from_open(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    fund(&world.store, epoch.id, 100).await;
    world.store.begin_review(epoch.id).await.unwrap();
    let paid = world.store.close_epoch(epoch.id, credits(100)).await.unwrap();
    assert_eq!(paid.status, EpochStatus::Closed);
}

pub(crate) async fn closing_writes_no_statement(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    world.store.close_epoch(epoch.id, credits(100)).await.unwrap();
    assert_eq!(world.store.get_statement_for_epoch(epoch.id).await.unwrap(), None);
}

/// Nothing could be proposed any more, so the epoch could never be paid.
pub(crate) async fn closing_with_proposals_that_are_out_of_date_is_refused(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    let more = unresolved("one-more");
    world.store.insert_activity_events(epoch.id, &[more]).await.unwrap();
    let given = world.store.resolve_activity_identity(&parsed("one-more"), &user("alice")).await;
    assert_eq!(given.unwrap().resolved, 1);
    assert_refused!(
        world,
        world.store.close_epoch(epoch.id, credits(100)),
        LedgerPortError::AllocationsStale { epoch_id, user_id }
            if *epoch_id == epoch.id && *user_id == user("alice")
    );
    world.store.propose_allocations(epoch.id).await.unwrap();
    assert!(world.store.close_epoch(epoch.id, credits(100)).await.is_ok());
}

pub(crate) async fn closing_again_returns_the_epoch_unchanged(world: &World) {
    let once = closed(&world.store, WEEK).await;
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(world.store.close_epoch(once.id, credits(100)).await.unwrap(), once);
}

pub(crate) async fn closing_again_with_another_total_is_refused(world: &World) {
    let paid = closed(&world.store, WEEK).await;
    let refusal = assert_refused!(
        world,
        world.store.close_epoch(paid.id, credits(101)),
        LedgerPortError::PoolTotalMismatch { epoch_id, asked, found }
            if *epoch_id == paid.id && *asked == credits(101) && *found == credits(100)
    );
    assert_eq!(
        refusal.to_string(),
        format!("epoch {}: the pool is 100, not 101; nothing was closed", paid.id)
    );
}

pub(crate) async fn closing_with_a_total_that_is_not_the_sum_is_refused(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    fund(&world.store, epoch.id, 100).await;
    let top_up = pool_component("top_up", 20);
    world.store.insert_pool_component(epoch.id, &top_up).await.unwrap();
    for wrong in [0, 20, 100, 119, 121, i64::MAX] {
        assert_refused!(
            world,
            world.store.close_epoch(epoch.id, credits(wrong)),
            LedgerPortError::PoolTotalMismatch { epoch_id, asked, found }
                if *epoch_id == epoch.id && *asked == credits(wrong) && *found == credits(120)
        );
    }
}

pub(crate) async fn closing_without_a_base_issuance_is_refused(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    assert_refused!(
        world,
        world.store.close_epoch(epoch.id, credits(0)),
        LedgerPortError::PoolRequiresBase { epoch_id } if *epoch_id == epoch.id
    );
    let top_up = pool_component("top_up", 20);
    world.store.insert_pool_component(epoch.id, &top_up).await.unwrap();
    let refusal = assert_refused!(
        world,
        world.store.close_epoch(epoch.id, credits(20)),
        LedgerPortError::PoolRequiresBase { epoch_id } if *epoch_id == epoch.id
    );
    assert_eq!(
        refusal.to_string(),
        format!("epoch {} has no base_issuance; nothing was closed", epoch.id)
    );
}

pub(crate) async fn closing_with_a_pool_of_nothing_works(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    fund(&world.store, epoch.id, 0).await;
    let paid = world.store.close_epoch(epoch.id, credits(0)).await.unwrap();
    assert_eq!(paid.pool_total, Some(credits(0)));
}

pub(crate) async fn a_pool_may_be_the_largest_amount_and_not_one_more(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    fund(&world.store, epoch.id, i64::MAX).await;
    let nothing = pool_component("top_up", 0);
    world.store.insert_pool_component(epoch.id, &nothing).await.unwrap();
    let paid = world.store.close_epoch(epoch.id, credits(i64::MAX)).await.unwrap();
    assert_eq!(paid.pool_total, Some(credits(i64::MAX)));

    let next = open(&world.store, "2026-W48").await;
    fund(&world.store, next.id, i64::MAX).await;
    let refusal = assert_refused!(
        world,
        world.store.insert_pool_component(next.id, &pool_component("top_up", 1)),
        LedgerPortError::AmountOverflow(overflow) if overflow.what == "the pool components"
    );
    assert_eq!(
        refusal.to_string(),
        "the sum of the pool components is larger than 9223372036854775807"
    );
    // A part never goes away, so one too many would keep the epoch open for ever.
    world.store.close_epoch(next.id, credits(i64::MAX)).await.unwrap();
}

pub(crate) async fn closing_an_unknown_epoch_is_refused(world: &World) {
    let paid = closed(&world.store, WEEK).await;
    let unknown = ledger_core::EpochId(paid.id.0 + 1);
    let refusal = assert_refused!(
        world,
        world.store.close_epoch(unknown, credits(100)),
        LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id })
            if *epoch_id == unknown
    );
    assert_eq!(refusal.to_string(), format!("there is no epoch {unknown} in this ledger"));
}

/// Expects that every one of the calls is refused because the epoch is closed.
macro_rules! assert_frozen {
    ($world:expr, $closed:expr, [$($call:expr),+ $(,)?]) => {
        $(assert_refused!(
            $world,
            $call,
            LedgerPortError::EpochClosed { epoch_id } if *epoch_id == $closed
        );)+
    };
}

pub(crate) async fn a_closed_epoch_refuses_every_write(world: &World) {
    let store = &world.store;
    let id = ready(store, WEEK).await.id;
    store.insert_activity_events(id, &[unresolved("waiting")]).await.unwrap();
    store.bind_identities(&[binding("git", "alice@example.org", "alice")]).await.unwrap();
    store.close_epoch(id, credits(100)).await.unwrap();

    let (alice, waiting) = (user("alice"), parsed("waiting"));
    let collected = CollectionOutcome::Complete { through: moment(START) };
    let new = [event("new").build()];
    let page = IngestPage {
        epoch_id: id,
        events: new.to_vec(),
        cursor_key: cursor_key("main"),
        cursor_value: "1".to_owned(),
    };
    assert_frozen!(
        world,
        id,
        [
            store.begin_review(id),
            store.insert_activity_events(id, &new),
            store.ingest_page(&page),
            store.resolve_activity_identity(&waiting, &alice),
            store.resolve_activity_by_bindings(id),
            store.insert_allocations(id, &[allocation("carol", 1, 1)]),
            store.propose_allocations(id),
            store.update_allocation(id, &alice, Some(&decision(1, "too late"))),
            store.update_allocation(id, &alice, None),
            store.insert_pool_component(id, &pool_component("top_up", 1)),
            store.record_collection(id, &parsed("main"), &collected),
        ]
    );
}

pub(crate) async fn a_closed_epoch_refuses_writes_that_would_change_nothing(world: &World) {
    let store = &world.store;
    let id = ready(store, WEEK).await.id;
    let known = event("known").build();
    store.insert_activity_events(id, std::slice::from_ref(&known)).await.unwrap();
    store.close_epoch(id, credits(100)).await.unwrap();

    // Whoever writes to a closed epoch is mistaken about it, and is told so.
    let empty = IngestPage {
        epoch_id: id,
        events: Vec::new(),
        cursor_key: cursor_key("main"),
        cursor_value: "1".to_owned(),
    };
    assert_frozen!(
        world,
        id,
        [
            store.insert_activity_events(id, &[]),
            store.insert_activity_events(id, std::slice::from_ref(&known)),
            store.ingest_page(&empty),
            store.insert_allocations(id, &[]),
            store.resolve_activity_by_bindings(id),
        ]
    );
}
