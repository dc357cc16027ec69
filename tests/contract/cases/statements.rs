//! What was paid, and corrections of it.

use ledger_core::{
    EpochId, EpochStatus, InvalidValue, NewPayoutStatement, PayoutStatement, Sha256Hex, StatementId,
};
use ledger_port::{EpochNotFoundPortError, LedgerPortError};
use ledger_testkit::{credits, moment, statement, statement_id, units};

use crate::harness::{START, WEEK, World, closed, dump, fund, open};

/// Statement 1 of an epoch with a pool of 100.
fn first(epoch_id: EpochId) -> NewPayoutStatement {
    statement(epoch_id, 100, &[("alice", 3_000), ("bob", 1_000)])
}

/// A correction under that number, which pays bob that many units.
fn correction(
    epoch_id: EpochId,
    number: u128,
    supersedes: StatementId,
    bobs: i64,
) -> NewPayoutStatement {
    NewPayoutStatement {
        id: statement_id(number),
        supersedes: Some(supersedes),
        ..statement(epoch_id, 100, &[("alice", 3_000), ("bob", bobs)])
    }
}

pub(crate) async fn a_statement_is_kept_whole(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    let new = statement(epoch.id, 100, &[("Z", 1), ("a", 0), ("ab", 2), ("é", i64::MAX)]);
    let expected = PayoutStatement { statement: new.clone(), created_at: moment(START) };
    assert_eq!(world.store.insert_payout_statement(&new).await.unwrap(), expected);
    let stored = world.store.get_statement_for_epoch(epoch.id).await.unwrap().unwrap();
    assert_eq!(stored.canonical_payouts(), expected.canonical_payouts());
    assert_eq!(stored, expected);
}

pub(crate) async fn a_statement_of_the_largest_amounts_loses_no_digit(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    fund(&world.store, epoch.id, i64::MAX).await;
    world.store.close_epoch(epoch.id, credits(i64::MAX)).await.unwrap();
    let new = statement(epoch.id, i64::MAX, &[("alice", i64::MAX), ("bob", i64::MAX)]);
    world.store.insert_payout_statement(&new).await.unwrap();
    let stored = world.store.get_statement_for_epoch(epoch.id).await.unwrap().unwrap();
    assert_eq!(stored.statement.payouts[0].amount_credits, credits(4_611_686_018_427_387_904));
    assert_eq!(stored.statement.payouts[0].total_units, units(i64::MAX));
    assert_eq!(stored.statement, new);
}

pub(crate) async fn a_statement_may_pay_nobody(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    let new = statement(epoch.id, 100, &[]);
    assert_eq!(new.payouts, []);
    let stored = world.store.insert_payout_statement(&new).await.unwrap();
    assert_eq!(world.store.get_statement_for_epoch(epoch.id).await.unwrap(), Some(stored));
}

pub(crate) async fn an_epoch_without_a_statement_has_none(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    for id in [epoch.id, EpochId(epoch.id.0 + 1)] {
        assert_eq!(world.store.get_statement_for_epoch(id).await.unwrap(), None);
    }
}

pub(crate) async fn the_same_statement_again_is_the_stored_one(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    let once = world.store.insert_payout_statement(&first(epoch.id)).await.unwrap();
    let before = dump(world).await;
    world.clock.set("2026-11-25T00:00:00Z");
    let again = world.store.insert_payout_statement(&first(epoch.id)).await.unwrap();
    assert_eq!(again, once);
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn another_statement_under_a_known_id_is_refused(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    world.store.insert_payout_statement(&first(epoch.id)).await.unwrap();
    let others = [
        statement(epoch.id, 100, &[("alice", 1)]),
        NewPayoutStatement { allocation_set_hash: Sha256Hex::of(b""), ..first(epoch.id) },
        NewPayoutStatement { supersedes: Some(statement_id(1)), ..first(epoch.id) },
        statement(epoch.id, 99, &[("alice", 1)]),
    ];
    for other in others {
        assert_refused!(
            world,
            world.store.insert_payout_statement(&other),
            LedgerPortError::StatementExists { epoch_id, found }
                if *epoch_id == epoch.id && *found == statement_id(1)
        );
    }
}

pub(crate) async fn the_id_of_another_epochs_statement_is_refused(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    world.store.insert_payout_statement(&first(epoch.id)).await.unwrap();
    let paid = closed(&world.store, "2026-W48").await;
    let still_open = open(&world.store, "2026-W49").await;
    for epoch_id in [paid.id, still_open.id] {
        assert_refused!(
            world,
            world.store.insert_payout_statement(&first(epoch_id)),
            LedgerPortError::StatementExists { found, .. } if *found == statement_id(1)
        );
    }
}

pub(crate) async fn a_second_statement_that_supersedes_nothing_is_refused(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    world.store.insert_payout_statement(&first(epoch.id)).await.unwrap();
    let second = NewPayoutStatement { id: statement_id(2), ..first(epoch.id) };
    let refusal = assert_refused!(
        world,
        world.store.insert_payout_statement(&second),
        LedgerPortError::StatementExists { epoch_id, found }
            if *epoch_id == epoch.id && *found == statement_id(1)
    );
    assert_eq!(
        refusal.to_string(),
        format!(
            "epoch {} has statement 00000000-0000-0000-0000-000000000001 already; a correction \
             must supersede it",
            epoch.id
        )
    );
    // The one in force is named, not the first one.
    let corrected = correction(epoch.id, 3, statement_id(1), 2_000);
    world.store.insert_payout_statement(&corrected).await.unwrap();
    assert_refused!(
        world,
        world.store.insert_payout_statement(&second),
        LedgerPortError::StatementExists { found, .. } if *found == statement_id(3)
    );
}

pub(crate) async fn corrections_form_a_line_and_the_last_one_is_in_force(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    let mut line = vec![first(epoch.id)];
    // Ids in no order, so that the line is not found by sorting them.
    for (number, supersedes, bobs) in [(9, 1, 2_000), (4, 9, 3_000), (7, 4, 2_000)] {
        line.push(correction(epoch.id, number, statement_id(supersedes), bobs));
    }
    for new in &line {
        let stored = world.store.insert_payout_statement(new).await.unwrap();
        let in_force = world.store.get_statement_for_epoch(epoch.id).await.unwrap();
        assert_eq!(in_force.as_ref(), Some(&stored));
        assert_eq!(stored.statement, *new);
    }
    // Each of them again is the stored one, and changes nothing.
    let before = dump(world).await;
    for new in &line {
        let stored = world.store.insert_payout_statement(new).await.unwrap();
        assert_eq!(stored.statement, *new);
    }
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn only_the_statement_in_force_is_superseded(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    world.store.insert_payout_statement(&first(epoch.id)).await.unwrap();
    let second = correction(epoch.id, 2, statement_id(1), 2_000);
    world.store.insert_payout_statement(&second).await.unwrap();
    let unknown = statement_id(99);
    for asked in [statement_id(1), unknown, statement_id(3)] {
        let third = correction(epoch.id, 3, asked, 3_000);
        let refusal = assert_refused!(
            world,
            world.store.insert_payout_statement(&third),
            LedgerPortError::SupersededStatementNotCurrent { epoch_id, asked: named, found }
                if *epoch_id == epoch.id && *named == asked && *found == Some(statement_id(2))
        );
        assert_eq!(
            refusal.to_string(),
            format!("statement {asked} is not the one in force for epoch {}", epoch.id)
        );
    }
}

pub(crate) async fn nothing_is_superseded_where_there_is_no_statement(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    world.store.insert_payout_statement(&first(epoch.id)).await.unwrap();
    let next = closed(&world.store, "2026-W48").await;
    // Nor does the statement of another epoch stand in for it.
    let corrected = correction(next.id, 2, statement_id(1), 2_000);
    assert_refused!(
        world,
        world.store.insert_payout_statement(&corrected),
        LedgerPortError::SupersededStatementNotCurrent { epoch_id, asked, found: None }
            if *epoch_id == next.id && *asked == statement_id(1)
    );
}

pub(crate) async fn only_a_closed_epoch_gets_a_statement(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    fund(&world.store, epoch.id, 100).await;
    for status in [EpochStatus::Open, EpochStatus::Review] {
        let refusal = assert_refused!(
            world,
            world.store.insert_payout_statement(&first(epoch.id)),
            LedgerPortError::EpochStatusMismatch { epoch_id, found, needed: EpochStatus::Closed }
                if *epoch_id == epoch.id && *found == status
        );
        assert_eq!(
            refusal.to_string(),
            format!("epoch {} is {}; this needs it to be closed", epoch.id, status.in_a_sentence())
        );
        world.store.begin_review(epoch.id).await.unwrap();
    }
}

pub(crate) async fn an_unknown_epoch_gets_no_statement(world: &World) {
    let unknown = EpochId(closed(&world.store, WEEK).await.id.0 + 1);
    assert_refused!(
        world,
        world.store.insert_payout_statement(&first(unknown)),
        LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id }) if *epoch_id == unknown
    );
}

pub(crate) async fn a_statement_splits_what_the_epoch_paid(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    let other = statement(epoch.id, 99, &[("alice", 1)]);
    assert_refused!(
        world,
        world.store.insert_payout_statement(&other),
        LedgerPortError::PoolTotalMismatch { epoch_id, asked, found }
            if *epoch_id == epoch.id && *asked == credits(99) && *found == credits(100)
    );
    // A correction cannot pay another total either.
    world.store.insert_payout_statement(&first(epoch.id)).await.unwrap();
    let other = NewPayoutStatement {
        id: statement_id(2),
        supersedes: Some(statement_id(1)),
        ..statement(epoch.id, 101, &[("alice", 1)])
    };
    assert_refused!(
        world,
        world.store.insert_payout_statement(&other),
        LedgerPortError::PoolTotalMismatch { asked, .. } if *asked == credits(101)
    );
}

pub(crate) async fn rows_that_do_not_add_up_are_refused(world: &World) {
    let epoch = closed(&world.store, WEEK).await;
    let mut unsorted = first(epoch.id);
    unsorted.payouts.reverse();
    let mut twice = first(epoch.id);
    twice.payouts[1].user_id = twice.payouts[0].user_id.clone();
    let mut too_much = first(epoch.id);
    too_much.payouts[1].amount_credits = credits(26);
    let mut overflowing = first(epoch.id);
    overflowing.payouts[1].amount_credits = credits(i64::MAX);
    let order = "rows must be sorted bytewise by user id, each user once";
    for (wrong, what, value, problem) in [
        (unsorted, "payout of", "alice", order),
        (twice, "payout of", "alice", order),
        (too_much, "sum of payouts", "101", "the pool is 100"),
        (overflowing, "sum of payouts", "more than 2^63-1", "the pool is 100"),
    ] {
        let expected = InvalidValue::new(what, value, problem);
        // That there is no such epoch is said only of a statement that could be written.
        let elsewhere = NewPayoutStatement { epoch_id: EpochId(epoch.id.0 + 1), ..wrong.clone() };
        for wrong in [wrong, elsewhere] {
            assert_refused!(
                world,
                world.store.insert_payout_statement(&wrong),
                LedgerPortError::InvalidValue(invalid) if *invalid == expected
            );
        }
    }
}
