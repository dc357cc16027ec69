//! What finalizing refuses, and the whole life of an epoch.

use ledger_core::{EpochId, EpochStatus, Sha256Hex, allocation_set_hash};
use ledger_port::{
    EpochNotFoundPortError, FinalizeEpoch, IngestPage, LedgerPortError, verify_statement,
};
use ledger_testkit::{
    allocation, binding, credits, cursor_key, decision, event, finalize, parsed, pool_component,
    statement_id, units, user,
};

use crate::harness::{
    COMMIT, WEEK, World, closed, commits, finalized, fund, insert, open, open_weighing, proposed,
    ready,
};

/// Expects a refusal of both finalizing and its preview.
macro_rules! assert_not_finalized {
    ($world:expr, $command:expr, $($expected:tt)+) => {{
        assert_refused!($world, $world.store.preview_finalize_epoch($command), $($expected)+);
        assert_refused!($world, $world.store.finalize_epoch($command), $($expected)+)
    }};
}

pub(crate) async fn an_epoch_lives_from_its_opening_to_its_verified_statement(world: &World) {
    let store = &world.store;
    let epoch = open(store, WEEK).await;
    let page = IngestPage {
        epoch_id: epoch.id,
        events: [("1", "a@example.org"), ("2", "b@example.org"), ("3", "a@example.org")]
            .map(|(id, author)| event(id).by(author).build())
            .into(),
        cursor_key: cursor_key("main"),
        cursor_value: "3".to_owned(),
    };
    assert_eq!(store.ingest_page(&page).await.unwrap().inserted, 3);
    let bindings =
        [binding("git", "a@example.org", "alice"), binding("git", "b@example.org", "bob")];
    assert_eq!(store.bind_identities(&bindings).await.unwrap(), 2);
    assert_eq!(store.resolve_activity_by_bindings(epoch.id).await.unwrap(), 3);
    store.begin_review(epoch.id).await.unwrap();
    assert_eq!(store.propose_allocations(epoch.id).await.unwrap().users, 2);
    let decided = decision(3_000, "bob's one commit was a large one");
    store.update_allocation(epoch.id, &user("bob"), Some(&decided)).await.unwrap();
    fund(store, epoch.id, 90).await;
    store.insert_pool_component(epoch.id, &pool_component("top_up", 10)).await.unwrap();

    let seen = store.preview_finalize_epoch(&finalize(epoch.id)).await.unwrap();
    let command = FinalizeEpoch {
        expected_pool_total: Some(seen.statement.statement.pool_total),
        expected_allocation_set_hash: Some(seen.statement.statement.allocation_set_hash.clone()),
        ..finalize(epoch.id)
    };
    let paid = store.finalize_epoch(&command).await.unwrap();
    assert_eq!(paid, seen);
    assert_eq!(paid.epoch.status, EpochStatus::Closed);
    let amounts = paid.statement.statement.payouts.iter().map(|row| row.amount_credits.get());
    assert_eq!(amounts.collect::<Vec<_>>(), [40, 60]);
    let report = verify_statement(store.as_ref(), epoch.id).await.unwrap();
    assert!(report.is_verified(), "{report:?}");
    open(store, "2026-W48").await;
}

pub(crate) async fn finalizing_an_unknown_epoch_is_refused(world: &World) {
    let unknown = EpochId(ready(&world.store, WEEK).await.id.0 + 1);
    assert_not_finalized!(
        world,
        &finalize(unknown),
        LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id }) if *epoch_id == unknown
    );
}

pub(crate) async fn finalizing_without_a_base_issuance_is_refused(world: &World) {
    let epoch = proposed(&world.store, WEEK).await;
    let top_up = pool_component("top_up", 100);
    world.store.insert_pool_component(epoch.id, &top_up).await.unwrap();
    assert_not_finalized!(
        world,
        &finalize(epoch.id),
        LedgerPortError::PoolRequiresBase { epoch_id } if *epoch_id == epoch.id
    );
}

pub(crate) async fn finalizing_what_was_never_proposed_is_refused(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let mut events = commits(epoch.id, "a", 1);
    events.extend(commits(epoch.id, "Z", 1));
    insert(&world.store, epoch.id, events).await;
    fund(&world.store, epoch.id, 100).await;
    let refusal = assert_not_finalized!(
        world,
        &finalize(epoch.id),
        LedgerPortError::AllocationsStale { epoch_id, user_id }
            if *epoch_id == epoch.id && *user_id == user("Z")
    );
    assert_eq!(
        refusal.to_string(),
        format!(
            "epoch {}: the proposal for Z does not match the events; propose again, and look before \
             you close; nothing was closed",
            epoch.id
        )
    );
}

pub(crate) async fn finalizing_after_a_new_event_is_refused_until_it_is_proposed(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    insert(store, epoch.id, [event("late").at("2026-11-01T00:00:00Z").of_user("bob")]).await;
    assert_not_finalized!(
        world,
        &finalize(epoch.id),
        LedgerPortError::AllocationsStale { user_id, .. } if *user_id == user("bob")
    );
    store.propose_allocations(epoch.id).await.unwrap();
    assert!(store.finalize_epoch(&finalize(epoch.id)).await.is_ok());
}

pub(crate) async fn finalizing_after_an_event_that_weighs_nothing_is_refused(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    let weightless = |user_id| event("issue").of_type("issue_closed").of_user(user_id);
    insert(&world.store, epoch.id, [weightless("carol")]).await;
    assert_not_finalized!(
        world,
        &finalize(epoch.id),
        LedgerPortError::AllocationsStale { user_id, .. } if *user_id == user("carol")
    );
}

pub(crate) async fn finalizing_after_an_event_was_resolved_is_refused(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    insert(store, epoch.id, [event("waiting")]).await;
    let waits = store.preview_finalize_epoch(&finalize(epoch.id)).await;
    assert!(waits.is_ok(), "an event of nobody earns nothing");
    store.resolve_activity_identity(&parsed("waiting"), &user("alice")).await.unwrap();
    assert_not_finalized!(
        world,
        &finalize(epoch.id),
        LedgerPortError::AllocationsStale { user_id, .. } if *user_id == user("alice")
    );
}

pub(crate) async fn finalizing_units_that_no_event_explains_is_refused(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    for unexplained in [allocation("zoe", 1, 0), allocation("zoe", 0, 1)] {
        world.store.insert_allocations(epoch.id, &[unexplained]).await.unwrap();
        assert_not_finalized!(
            world,
            &finalize(epoch.id),
            LedgerPortError::AllocationsStale { user_id, .. } if *user_id == user("zoe")
        );
    }
}

/// Whether the first that differs has no allocation, no event, or another number.
pub(crate) async fn the_first_user_whose_proposal_differs_is_named_bytewise(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    let mut expected = ["é", "bob", "ab", "a:b", "Z"].into_iter();
    insert(store, epoch.id, commits(epoch.id, "é", 1)).await;
    let mut assert_named = async || {
        let first = user(expected.next().unwrap());
        assert_not_finalized!(
            world,
            &finalize(epoch.id),
            LedgerPortError::AllocationsStale { user_id, .. } if *user_id == first
        );
    };
    assert_named().await;
    store.insert_allocations(epoch.id, &[allocation("bob", 1_000, 2)]).await.unwrap();
    assert_named().await;
    store.insert_allocations(epoch.id, &[allocation("ab", 1_000, 1)]).await.unwrap();
    assert_named().await;
    insert(store, epoch.id, commits(epoch.id, "a:b", 1)).await;
    assert_named().await;
    store.insert_allocations(epoch.id, &[allocation("Z", 1, 0)]).await.unwrap();
    assert_named().await;
}

pub(crate) async fn a_decision_does_not_hide_a_proposal_that_is_out_of_date(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    let decided = decision(1_000, "agreed");
    store.update_allocation(epoch.id, &user("bob"), Some(&decided)).await.unwrap();
    insert(store, epoch.id, [event("one more").of_user("bob")]).await;
    assert_not_finalized!(
        world,
        &finalize(epoch.id),
        LedgerPortError::AllocationsStale { user_id, .. } if *user_id == user("bob")
    );
}

/// Whatever is stored, it is not what they come to; proposing again says why.
pub(crate) async fn finalizing_events_whose_units_no_longer_fit_is_refused(world: &World) {
    let store = &world.store;
    let epoch = open_weighing(store, WEEK, &[(COMMIT, i64::MAX)]).await;
    insert(store, epoch.id, [event("1").of_user("alice")]).await;
    store.propose_allocations(epoch.id).await.unwrap();
    fund(store, epoch.id, 100).await;
    insert(store, epoch.id, [event("2").of_user("alice")]).await;
    assert_not_finalized!(
        world,
        &finalize(epoch.id),
        LedgerPortError::AllocationsStale { user_id, .. } if *user_id == user("alice")
    );
}

pub(crate) async fn finalizing_another_pool_than_the_caller_saw_is_refused(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    let top_up = pool_component("top_up", 20);
    world.store.insert_pool_component(epoch.id, &top_up).await.unwrap();
    let command = FinalizeEpoch { expected_pool_total: Some(credits(100)), ..finalize(epoch.id) };
    assert_not_finalized!(
        world,
        &command,
        LedgerPortError::PoolTotalMismatch { epoch_id, asked, found }
            if *epoch_id == epoch.id && *asked == credits(100) && *found == credits(120)
    );
}

pub(crate) async fn finalizing_other_allocations_than_the_caller_saw_is_refused(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    let (alice, bob) = (user("alice"), user("bob"));
    let seen = allocation_set_hash([(&alice, units(3_000)), (&bob, units(1_000))]);
    let now = allocation_set_hash([(&alice, units(3_000)), (&bob, units(500))]);
    let decided = decision(500, "decided meanwhile");
    store.update_allocation(epoch.id, &bob, Some(&decided)).await.unwrap();
    let command =
        FinalizeEpoch { expected_allocation_set_hash: Some(seen.clone()), ..finalize(epoch.id) };
    let refusal = assert_not_finalized!(
        world,
        &command,
        LedgerPortError::AllocationSetChanged { epoch_id, asked, found }
            if *epoch_id == epoch.id && *asked == seen && *found == now
    );
    assert_eq!(
        refusal.to_string(),
        format!(
            "epoch {}: the allocations changed since you looked (their hash is {now}, not \
             {seen}); nothing was closed",
            epoch.id
        )
    );
    store.update_allocation(epoch.id, &bob, None).await.unwrap();
    assert!(store.finalize_epoch(&command).await.is_ok());
}

pub(crate) async fn a_paid_epoch_is_refused_where_it_is_not_what_the_caller_saw(world: &World) {
    let paid = finalized(&world.store, WEEK).await;
    let id = paid.epoch.id;
    let other_pool = FinalizeEpoch { expected_pool_total: Some(credits(99)), ..finalize(id) };
    assert_not_finalized!(
        world,
        &other_pool,
        LedgerPortError::PoolTotalMismatch { epoch_id, asked, found }
            if *epoch_id == id && *asked == credits(99) && *found == credits(100)
    );
    let other_hash = FinalizeEpoch {
        expected_allocation_set_hash: Some(Sha256Hex::of(b"other")),
        ..finalize(id)
    };
    assert_not_finalized!(
        world,
        &other_hash,
        LedgerPortError::AllocationSetChanged { epoch_id, asked, found }
            if *epoch_id == id
                && *asked == Sha256Hex::of(b"other")
                && *found == paid.statement.statement.allocation_set_hash
    );
}

pub(crate) async fn finalizing_under_the_id_of_another_epochs_statement_is_refused(world: &World) {
    finalized(&world.store, WEEK).await;
    let next = closed(&world.store, "2026-W48").await;
    let command = finalize(next.id);
    assert_not_finalized!(
        world,
        &command,
        LedgerPortError::StatementExists { found, .. } if *found == statement_id(1)
    );
    let free = FinalizeEpoch { statement_id: statement_id(2), ..command };
    assert!(world.store.finalize_epoch(&free).await.is_ok());
}
