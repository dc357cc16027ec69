//! Recomputing a statement from what is stored.

use ledger_core::{EpochId, EpochStatus, NewPayoutStatement, Sha256Hex};
use ledger_port::{EpochNotFoundPortError, LedgerPortError, VerifyError, verify_statement};
use ledger_testkit::{
    allocation, credits, decision, event, finalize, parsed, pool_component, statement,
    statement_id, user,
};

use crate::harness::{WEEK, World, closed, commits, finalized, fund, insert, open, ready};

/// The first check that finds a difference, and the difference.
async fn difference(world: &World, epoch_id: EpochId) -> Option<(&'static str, String)> {
    let report = verify_statement(world.store.as_ref(), epoch_id).await.unwrap();
    assert_eq!(report.is_verified(), report.first_difference().is_none());
    let check = report.first_difference()?;
    Some((check.name, check.difference.clone().unwrap()))
}

pub(crate) async fn what_was_finalized_is_verified(world: &World) {
    let paid = finalized(&world.store, WEEK).await;
    let report = verify_statement(world.store.as_ref(), paid.epoch.id).await.unwrap();
    assert!(report.is_verified(), "{report:?}");
    let names: Vec<_> = report.checks.iter().map(|check| check.name).collect();
    assert_eq!(
        names,
        [
            "no event is from after the window",
            "proposed units follow from events and weights",
            "the pool is the sum of its components",
            "the allocation set hash follows from the units",
            "the payouts follow from units and pool",
        ]
    );
}

pub(crate) async fn an_epoch_with_everything_in_it_is_verified(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    let events = [
        event("late").at("2026-11-01T00:00:00Z").of_user("carol"),
        event("waiting"),
        event("unknown kind").of_type("other").of_user("dora"),
        event("resolved"),
    ];
    insert(store, epoch.id, events).await;
    store.resolve_activity_identity(&parsed("resolved"), &user("é")).await.unwrap();
    store.insert_allocations(epoch.id, &[allocation("zoe", 0, 0)]).await.unwrap();
    store.propose_allocations(epoch.id).await.unwrap();
    for (id, number) in [("zoe", 2_000), ("alice", 0)] {
        let decided = decision(number, "agreed");
        store.update_allocation(epoch.id, &user(id), Some(&decided)).await.unwrap();
    }
    store.insert_pool_component(epoch.id, &pool_component("top_up", 11)).await.unwrap();
    store.finalize_epoch(&finalize(epoch.id)).await.unwrap();
    assert_eq!(difference(world, epoch.id).await, None);
}

pub(crate) async fn more_users_than_a_page_holds_are_verified(world: &World) {
    let store = &world.store;
    let epoch = open(store, WEEK).await;
    let users: Vec<String> = (0..1_201).map(|number| format!("user-{number}")).collect();
    insert(store, epoch.id, users.iter().flat_map(|id| commits(epoch.id, id, 1))).await;
    store.propose_allocations(epoch.id).await.unwrap();
    fund(store, epoch.id, 1_000_000).await;
    let paid = store.finalize_epoch(&finalize(epoch.id)).await.unwrap();
    assert_eq!(paid.statement.statement.payouts.len(), 1_201);
    assert_eq!(difference(world, epoch.id).await, None);
}

pub(crate) async fn a_statement_written_after_closing_is_verified(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    world.store.close_epoch(epoch.id, credits(100)).await.unwrap();
    world.store.finalize_epoch(&finalize(epoch.id)).await.unwrap();
    assert_eq!(difference(world, epoch.id).await, None);
}

pub(crate) async fn a_correction_is_compared_with_what_is_stored(world: &World) {
    let epoch = finalized(&world.store, WEEK).await.epoch;
    let corrected = NewPayoutStatement {
        id: statement_id(2),
        supersedes: Some(statement_id(1)),
        ..statement(epoch.id, 100, &[("alice", 1_000), ("bob", 1_000)])
    };
    world.store.insert_payout_statement(&corrected).await.unwrap();
    let (check, said) = difference(world, epoch.id).await.unwrap();
    assert_eq!(check, "the allocation set hash follows from the units");
    let recomputed = Sha256Hex::of(b"alice:3000\nbob:1000");
    let stored = Sha256Hex::of(b"alice:1000\nbob:1000");
    let paid = "alice has 3.000 units, paid for are 1.000";
    assert_eq!(said, format!("{paid}; stored {stored}, recomputed {recomputed}"));
}

pub(crate) async fn a_wrong_amount_is_found(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    world.store.close_epoch(epoch.id, credits(100)).await.unwrap();
    let mut wrong = statement(epoch.id, 100, &[("alice", 3_000), ("bob", 1_000)]);
    wrong.payouts[0].amount_credits = credits(74);
    wrong.payouts[1].amount_credits = credits(26);
    world.store.insert_payout_statement(&wrong).await.unwrap();
    let found = difference(world, epoch.id).await;
    let said = "alice: stored amount 74, recomputed 75".to_owned();
    assert_eq!(found, Some(("the payouts follow from units and pool", said)));
}

pub(crate) async fn an_epoch_that_is_not_closed_has_nothing_to_verify(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    for expected in [EpochStatus::Open, EpochStatus::Review] {
        let refusal = verify_statement(world.store.as_ref(), epoch.id).await.unwrap_err();
        assert!(
            matches!(&refusal, VerifyError::NotClosed { epoch_id, status }
                if *epoch_id == epoch.id && *status == expected),
            "{refusal:?}"
        );
        assert_eq!(
            refusal.to_string(),
            format!(
                "epoch {} is {}; it gets a statement when it is closed",
                epoch.id,
                expected.in_a_sentence()
            )
        );
        world.store.begin_review(epoch.id).await.unwrap();
    }
}

pub(crate) async fn an_epoch_closed_without_a_statement_has_nothing_to_verify(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    let refusal = verify_statement(world.store.as_ref(), epoch.id).await.unwrap_err();
    assert!(
        matches!(&refusal, VerifyError::NoStatement { epoch_id } if *epoch_id == epoch.id),
        "{refusal:?}"
    );
    assert_eq!(
        refusal.to_string(),
        format!("epoch {} is closed but has no statement; close it again to write it", epoch.id)
    );
}

pub(crate) async fn an_unknown_epoch_has_nothing_to_verify(world: &World) {
    let unknown = EpochId(finalized(&world.store, WEEK).await.epoch.id.0 + 1);
    let refusal = verify_statement(world.store.as_ref(), unknown).await.unwrap_err();
    assert!(
        matches!(
            &refusal,
            VerifyError::Store(LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id }))
                if *epoch_id == unknown
        ),
        "{refusal:?}"
    );
}
