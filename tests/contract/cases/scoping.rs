//! LEDGER_SCOPED: what belongs to another ledger looks like it is missing, and is never touched.

use futures_util::TryStreamExt as _;
use ledger_core::{CollectionOutcome, EpochId, NewPayoutStatement};
use ledger_port::{
    ActivityFilter, ActivityLedgerStore, EpochNotFoundPortError, FinalizeEpoch, IngestPage,
    LedgerPortError, PageRequest, RollOver,
};
use ledger_testkit::{
    allocation, binding, credits, cursor_key, decision, event, finalize, moment, new_epoch, parsed,
    pool_component, resolution, statement, statement_id, user, week, weights,
};
use serde_json::json;

use crate::harness::{
    START, WEEK, World, all, assert_paged, closed, commits, finalized, insert, open, ready,
    unresolved,
};

/// Expects that every one of the calls is refused because this ledger has no such epoch.
macro_rules! assert_missing {
    ($world:expr, $missing:expr, [$($call:expr),+ $(,)?]) => {
        $(assert_refused!(
            $world,
            $call,
            LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id })
                if *epoch_id == $missing
        );)+
    };
}

/// Whatever the other arguments are, and whatever the other ledger's epoch would say to them.
async fn assert_no_write_finds(world: &World, id: EpochId) {
    let store = &world.store;
    let alice = user("alice");
    let events = [unresolved("new")];
    let page = IngestPage {
        epoch_id: id,
        events: events.to_vec(),
        cursor_key: cursor_key("main"),
        cursor_value: "1".to_owned(),
    };
    let collected = CollectionOutcome::Complete { through: moment(START) };
    let next = RollOver { over: Some(id), next: new_epoch(week("2026-W48"), weights(&[])) };
    assert_missing!(
        world,
        id,
        [
            store.begin_review(id),
            store.close_epoch(id, credits(100)),
            store.insert_activity_events(id, &events),
            store.insert_activity_events(id, &[]),
            store.ingest_page(&page),
            store.resolve_activity_by_bindings(id),
            store.insert_allocations(id, &[allocation("alice", 1, 1)]),
            store.insert_allocations(id, &[]),
            store.propose_allocations(id),
            store.update_allocation(id, &alice, Some(&decision(1, "agreed"))),
            store.update_allocation(id, &alice, None),
            store.insert_pool_component(id, &pool_component("base_issuance", 100)),
            store.insert_pool_component(id, &pool_component("top_up", 1)),
            store.insert_payout_statement(&statement(id, 100, &[("alice", 1)])),
            store.roll_over(&next),
            store.record_collection(id, &parsed("main"), &collected),
            store.finalize_epoch(&finalize(id)),
            store.preview_finalize_epoch(&finalize(id)),
        ]
    );
}

async fn assert_no_read_finds(world: &World, id: EpochId) {
    let store = &world.store;
    assert_missing!(
        world,
        id,
        [
            store.get_activity_for_epoch(id, PageRequest::first()),
            store.get_unresolved_activity(id, PageRequest::first()),
            store.stream_activity_for_epoch(id),
            store.list_unresolved_identities(id, PageRequest::first()),
            store.get_allocations_for_epoch(id, PageRequest::first()),
            store.get_pool_components_for_epoch(id, PageRequest::first()),
            store.list_collections_for_epoch(id, PageRequest::first()),
            store.find_activity(id, &ActivityFilter::default(), PageRequest::first()),
            store.count_activity(id, None),
            store.count_activity(id, Some(&user("alice"))),
            store.preview_allocations(id, &weights(&[])),
            // Nor where the page begins after the last thing that there could be.
            store.get_allocations_for_epoch(id, PageRequest::after(user("zoe"))),
            store.get_pool_components_for_epoch(id, PageRequest::after(parsed("z"))),
        ]
    );
    assert_eq!(store.get_epoch(id).await.unwrap(), None);
    assert_eq!(store.get_allocation(id, &user("alice")).await.unwrap(), None);
    assert_eq!(store.get_statement_for_epoch(id).await.unwrap(), None);
}

pub(crate) async fn no_write_finds_an_epoch_that_does_not_exist(world: &World) {
    let ours = ready(&world.store, WEEK).await;
    assert_no_write_finds(world, EpochId(ours.id.0 + 1)).await;
}

pub(crate) async fn no_read_finds_an_epoch_that_does_not_exist(world: &World) {
    let ours = ready(&world.store, WEEK).await;
    for id in [ours.id.0 + 1, 0, i64::MIN, i64::MAX] {
        assert_no_read_finds(world, EpochId(id)).await;
    }
}

pub(crate) async fn no_write_finds_another_ledgers_epoch(world: &World) {
    ready(&world.store, WEEK).await;
    let theirs = ready(&world.other, WEEK).await;
    assert_no_write_finds(world, theirs.id).await;
}

pub(crate) async fn no_read_finds_another_ledgers_epoch(world: &World) {
    ready(&world.store, WEEK).await;
    let theirs = ready(&world.other, WEEK).await;
    insert(&world.other, theirs.id, [event("waiting")]).await;
    assert_no_read_finds(world, theirs.id).await;
}

pub(crate) async fn nothing_finds_another_ledgers_paid_epoch(world: &World) {
    let theirs = finalized(&world.other, WEEK).await.epoch;
    assert_no_write_finds(world, theirs.id).await;
    assert_no_read_finds(world, theirs.id).await;
}

pub(crate) async fn nothing_finds_another_ledgers_event(world: &World) {
    let ours = open(&world.store, WEEK).await;
    insert(&world.store, ours.id, [event("ours")]).await;
    let theirs = open(&world.other, WEEK).await;
    insert(&world.other, theirs.id, [event("theirs"), event("alices").of_user("alice")]).await;
    for id in ["theirs", "alices"] {
        assert_eq!(world.store.get_activity_event(&parsed(id)).await.unwrap(), None);
        let (event, alice) = (parsed(id), user("alice"));
        assert_refused!(
            world,
            world.store.resolve_activity_identity(&event, &alice),
            LedgerPortError::EventNotFound { event_id } if *event_id == event
        );
        let batch = [resolution("ours", "alice"), resolution(id, "alice")];
        assert_refused!(
            world,
            world.store.resolve_activity_identities(&batch),
            LedgerPortError::EventNotFound { event_id } if *event_id == event
        );
    }
}

pub(crate) async fn each_ledger_lists_its_own(world: &World) {
    let theirs = ready(&world.other, WEEK).await;
    world.other.bind_identities(&[binding("git", "a", "alice")]).await.unwrap();
    insert(&world.other, theirs.id, [event("waiting")]).await;
    assert_paged(|page| world.store.list_epochs(page), &[]).await;
    assert_paged(|page| world.store.list_identity_bindings(page), &[]).await;
    assert_eq!(world.store.get_open_epoch().await.unwrap(), None);

    let ours = open(&world.store, WEEK).await;
    assert_paged(|page| world.store.list_epochs(page), std::slice::from_ref(&ours)).await;
    assert_eq!(world.store.get_open_epoch().await.unwrap(), Some(ours.clone()));
    assert_ne!(ours.id, theirs.id);
    let (id, store) = (ours.id, &world.store);
    assert_paged(|page| store.get_activity_for_epoch(id, page), &[]).await;
    assert_paged(|page| store.get_unresolved_activity(id, page), &[]).await;
    assert_paged(|page| store.list_unresolved_identities(id, page), &[]).await;
    assert_paged(|page| store.get_allocations_for_epoch(id, page), &[]).await;
    assert_paged(|page| store.get_pool_components_for_epoch(id, page), &[]).await;
    let streamed: Vec<_> =
        store.stream_activity_for_epoch(id).await.unwrap().try_collect().await.unwrap();
    assert_eq!(streamed, []);
}

pub(crate) async fn an_event_may_have_the_id_of_another_ledgers(world: &World) {
    let theirs = open(&world.other, WEEK).await;
    insert(&world.other, theirs.id, [event("a").of_user("alice")]).await;
    let ours = open(&world.store, WEEK).await;
    let retold = event("a").with_metadata(json!("another payload")).build();
    let retold = std::slice::from_ref(&retold);
    let outcome = world.store.insert_activity_events(ours.id, retold).await.unwrap();
    assert_eq!((outcome.inserted, outcome.conflicts.count), (1, 0));
    world.store.resolve_activity_identity(&parsed("a"), &user("bob")).await.unwrap();

    let owner = async |store: &dyn ActivityLedgerStore| {
        let stored = store.get_activity_event(&parsed("a")).await.unwrap().unwrap();
        (stored.epoch_id, stored.event.user_id)
    };
    assert_eq!(owner(world.store.as_ref()).await, (ours.id, Some(user("bob"))));
    assert_eq!(owner(world.other.as_ref()).await, (theirs.id, Some(user("alice"))));
}

pub(crate) async fn a_platform_user_may_be_somebody_else_in_another_ledger(world: &World) {
    let (theirs, ours) = (binding("git", "a", "alice"), binding("git", "a", "bob"));
    world.other.bind_identities(std::slice::from_ref(&theirs)).await.unwrap();
    assert_eq!(world.store.get_identity_binding(&ours.key).await.unwrap(), None);
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, [event("waiting").by("a")]).await;
    assert_eq!(world.store.resolve_activity_by_bindings(epoch.id).await.unwrap(), 0);

    assert_eq!(world.store.bind_identities(std::slice::from_ref(&ours)).await.unwrap(), 1);
    assert_eq!(world.store.resolve_activity_by_bindings(epoch.id).await.unwrap(), 1);
    let stored = world.store.get_activity_event(&parsed("waiting")).await.unwrap().unwrap();
    assert_eq!(stored.event.user_id, Some(user("bob")));
    assert_eq!(world.other.get_identity_binding(&theirs.key).await.unwrap(), Some(theirs));
}

pub(crate) async fn a_stream_is_read_by_each_ledger_for_itself(world: &World) {
    let key = cursor_key("main");
    world.other.upsert_cursor(&key, "theirs").await.unwrap();
    assert_eq!(world.store.get_cursor(&key).await.unwrap(), None);
    assert_eq!(all(|page| world.store.list_cursors(page)).await, []);
    world.store.upsert_cursor(&key, "ours").await.unwrap();
    assert_eq!(world.other.get_cursor(&key).await.unwrap().unwrap().value, "theirs");
}

pub(crate) async fn proposals_are_of_the_ledgers_own_events(world: &World) {
    let theirs = open(&world.other, WEEK).await;
    insert(&world.other, theirs.id, commits(theirs.id, "alice", 5)).await;
    let ours = ready(&world.store, WEEK).await;
    assert_eq!(world.other.propose_allocations(theirs.id).await.unwrap().users, 1);
    let own = all(|page| world.store.get_allocations_for_epoch(ours.id, page)).await;
    assert_eq!(own.iter().map(|one| one.activity_count).collect::<Vec<_>>(), [3, 1]);
    assert!(world.store.finalize_epoch(&finalize(ours.id)).await.is_ok());
}

pub(crate) async fn a_statement_may_have_the_id_of_another_ledgers(world: &World) {
    let theirs = finalized(&world.other, WEEK).await;
    let ours = ready(&world.store, WEEK).await;
    let paid = world.store.finalize_epoch(&finalize(ours.id)).await.unwrap();
    assert_eq!(paid.statement.statement.id, theirs.statement.statement.id);
    let stored = world.other.get_statement_for_epoch(theirs.epoch.id).await.unwrap();
    assert_eq!(stored, Some(theirs.statement));
}

pub(crate) async fn another_ledgers_statement_is_not_superseded(world: &World) {
    finalized(&world.other, WEEK).await;
    let ours = closed(&world.store, WEEK).await;
    let correction = NewPayoutStatement {
        id: statement_id(2),
        supersedes: Some(statement_id(1)),
        ..statement(ours.id, 100, &[("alice", 1)])
    };
    assert_refused!(
        world,
        world.store.insert_payout_statement(&correction),
        LedgerPortError::SupersededStatementNotCurrent { asked, found: None, .. }
            if *asked == statement_id(1)
    );
}

pub(crate) async fn every_ledger_may_live_through_the_same_weeks(world: &World) {
    for (number, name) in (1..).zip([WEEK, "2026-W48"]) {
        for store in [&world.store, &world.other] {
            let epoch = ready(store, name).await;
            let command =
                FinalizeEpoch { statement_id: statement_id(number), ..finalize(epoch.id) };
            store.finalize_epoch(&command).await.unwrap();
        }
    }
    let ours = all(|page| world.store.list_epochs(page)).await;
    let theirs = all(|page| world.other.list_epochs(page)).await;
    assert!(ours.iter().all(|epoch| theirs.iter().all(|other| other.id != epoch.id)));
}
