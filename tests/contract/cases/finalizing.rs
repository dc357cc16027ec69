//! Closing an epoch and paying: what is paid, and what is returned when it is asked for again.

use std::time::Duration;

use ledger_core::{
    Epoch, EpochStatus, NewPayoutStatement, Payout, PayoutStatement, Sha256Hex, allocation_set_hash,
};
use ledger_port::{FinalizeEpoch, FinalizedEpoch};
use ledger_testkit::{
    allocation, credits, decision, event, finalize, moment, statement, statement_id, units, user,
};

use crate::harness::{
    COMMIT, WEEK, World, commits, dump, finalized, fund, insert, open, open_weighing, proposed,
    ready,
};

const LATER: &str = "2026-11-24T08:00:00.000001Z";

/// Whom a statement pays how much.
fn paid(finalized: &FinalizedEpoch) -> Vec<(&str, i64)> {
    let rows = finalized.statement.statement.payouts.iter();
    rows.map(|row| (row.user_id.as_str(), row.amount_credits.get())).collect()
}

/// What was asked for with another statement id.
fn under(number: u128, command: &FinalizeEpoch) -> FinalizeEpoch {
    FinalizeEpoch { statement_id: statement_id(number), ..command.clone() }
}

pub(crate) async fn finalizing_closes_the_epoch_and_pays_by_units(world: &World) {
    let opened = ready(&world.store, WEEK).await;
    world.clock.set(LATER);
    let answer = world.store.finalize_epoch(&finalize(opened.id)).await.unwrap();
    let epoch = Epoch {
        status: EpochStatus::Closed,
        pool_total: Some(credits(100)),
        closed_at: Some(moment(LATER)),
        ..opened
    };
    let row = |id, total, share: &str, amount| Payout {
        user_id: user(id),
        total_units: units(total),
        share: share.to_owned(),
        amount_credits: credits(amount),
    };
    let statement = NewPayoutStatement {
        id: statement_id(1),
        epoch_id: epoch.id,
        allocation_set_hash: Sha256Hex::of(b"alice:3000\nbob:1000"),
        pool_total: credits(100),
        payouts: vec![row("alice", 3_000, "0.750000", 75), row("bob", 1_000, "0.250000", 25)],
        supersedes: None,
    };
    let statement = PayoutStatement { statement, created_at: moment(LATER) };
    assert_eq!(answer, FinalizedEpoch { epoch, statement });
    let stored = world.store.get_epoch(answer.epoch.id).await.unwrap();
    assert_eq!(stored, Some(answer.epoch.clone()));
    let stored = world.store.get_statement_for_epoch(answer.epoch.id).await.unwrap();
    assert_eq!(stored, Some(answer.statement));
}

pub(crate) async fn an_epoch_in_review_is_finalized_too(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    world.store.begin_review(epoch.id).await.unwrap();
    let answer = world.store.finalize_epoch(&finalize(epoch.id)).await.unwrap();
    assert_eq!(paid(&answer), [("alice", 75), ("bob", 25)]);
}

pub(crate) async fn what_is_left_over_goes_to_the_bytewise_first_of_equals(world: &World) {
    let store = &world.store;
    let epoch = open(store, WEEK).await;
    let users = ["é", "ab", "a-b", "a:b", "a", "Z"];
    insert(store, epoch.id, users.iter().flat_map(|id| commits(epoch.id, id, 1))).await;
    store.propose_allocations(epoch.id).await.unwrap();
    fund(store, epoch.id, 100).await;
    let answer = store.finalize_epoch(&finalize(epoch.id)).await.unwrap();
    let expected = [("Z", 17), ("a", 17), ("a-b", 17), ("a:b", 17), ("ab", 16), ("é", 16)];
    assert_eq!(paid(&answer), expected);
}

pub(crate) async fn decisions_are_paid_instead_of_proposals(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    let (less, more) = (decision(0, "it was a mistake"), decision(1_500, "a half more"));
    store.update_allocation(epoch.id, &user("alice"), Some(&less)).await.unwrap();
    store.update_allocation(epoch.id, &user("bob"), Some(&more)).await.unwrap();
    let answer = store.finalize_epoch(&finalize(epoch.id)).await.unwrap();
    assert_eq!(paid(&answer), [("alice", 0), ("bob", 100)]);
    let hash = &answer.statement.statement.allocation_set_hash;
    assert_eq!(*hash, Sha256Hex::of(b"alice:0\nbob:1500"));
}

pub(crate) async fn an_admin_may_give_units_to_somebody_without_events(world: &World) {
    let store = &world.store;
    let epoch = ready(store, WEEK).await;
    store.insert_allocations(epoch.id, &[allocation("zoe", 0, 0)]).await.unwrap();
    let decided = decision(4_000, "she ran the meetup");
    store.update_allocation(epoch.id, &user("zoe"), Some(&decided)).await.unwrap();
    let answer = store.finalize_epoch(&finalize(epoch.id)).await.unwrap();
    assert_eq!(paid(&answer), [("alice", 38), ("bob", 12), ("zoe", 50)]);
}

pub(crate) async fn nobody_is_paid_where_there_is_nothing_to_split_or_to_split_by(world: &World) {
    let store = &world.store;
    let nothing_to_split = proposed(store, WEEK).await;
    fund(store, nothing_to_split.id, 0).await;
    let answer = store.finalize_epoch(&finalize(nothing_to_split.id)).await.unwrap();
    assert_eq!(paid(&answer), []);
    let hash = answer.statement.statement.allocation_set_hash;
    assert_eq!(hash, Sha256Hex::of(b"alice:3000\nbob:1000"));

    let nobody = open(store, "2026-W48").await;
    fund(store, nobody.id, 100).await;
    let answer = store.finalize_epoch(&under(2, &finalize(nobody.id))).await.unwrap();
    assert_eq!(paid(&answer), []);
    assert_eq!(answer.epoch.pool_total, Some(credits(100)));
    assert_eq!(answer.statement.statement.allocation_set_hash, Sha256Hex::of(b""));

    let weightless = open_weighing(store, "2026-W49", &[]).await;
    insert(store, weightless.id, commits(weightless.id, "alice", 1)).await;
    store.propose_allocations(weightless.id).await.unwrap();
    fund(store, weightless.id, 100).await;
    let answer = store.finalize_epoch(&under(3, &finalize(weightless.id))).await.unwrap();
    assert_eq!(paid(&answer), []);
}

pub(crate) async fn the_largest_pool_is_split_by_the_largest_units(world: &World) {
    let store = &world.store;
    let epoch = open_weighing(store, WEEK, &[(COMMIT, i64::MAX)]).await;
    insert(store, epoch.id, ["bob", "alice"].iter().flat_map(|id| commits(epoch.id, id, 1))).await;
    store.propose_allocations(epoch.id).await.unwrap();
    fund(store, epoch.id, i64::MAX).await;
    let answer = store.finalize_epoch(&finalize(epoch.id)).await.unwrap();
    let half = i64::MAX / 2;
    assert_eq!(paid(&answer), [("alice", half + 1), ("bob", half)]);
}

pub(crate) async fn finalizing_again_returns_the_first_whatever_the_statement_id(world: &World) {
    let once = finalized(&world.store, WEEK).await;
    let before = dump(world).await;
    world.clock.advance(Duration::from_secs(3_600));
    let command = finalize(once.epoch.id);
    for again in [command.clone(), under(2, &command)] {
        assert_eq!(world.store.finalize_epoch(&again).await.unwrap(), once);
    }
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn finalizing_what_the_caller_saw_is_fine_once_and_again(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    let (alice, bob) = (user("alice"), user("bob"));
    let seen = allocation_set_hash([(&alice, units(3_000)), (&bob, units(1_000))]);
    let command = FinalizeEpoch {
        expected_pool_total: Some(credits(100)),
        expected_allocation_set_hash: Some(seen),
        ..finalize(epoch.id)
    };
    let once = world.store.finalize_epoch(&command).await.unwrap();
    assert_eq!(world.store.finalize_epoch(&under(2, &command)).await.unwrap(), once);
}

pub(crate) async fn a_closed_epoch_without_a_statement_gets_one(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    let closed = world.store.close_epoch(epoch.id, credits(100)).await.unwrap();
    world.clock.set(LATER);
    let answer = world.store.finalize_epoch(&finalize(epoch.id)).await.unwrap();
    assert_eq!(answer.epoch, closed);
    assert_eq!(answer.statement.created_at, moment(LATER));
    assert_eq!(paid(&answer), [("alice", 75), ("bob", 25)]);
    let stored = world.store.get_statement_for_epoch(epoch.id).await.unwrap();
    assert_eq!(stored, Some(answer.statement));
}

pub(crate) async fn finalizing_a_corrected_epoch_returns_the_correction(world: &World) {
    let once = finalized(&world.store, WEEK).await;
    let correction = NewPayoutStatement {
        id: statement_id(2),
        supersedes: Some(statement_id(1)),
        ..statement(once.epoch.id, 100, &[("alice", 1_000), ("bob", 1_000)])
    };
    let corrected = world.store.insert_payout_statement(&correction).await.unwrap();
    let again = world.store.finalize_epoch(&finalize(once.epoch.id)).await.unwrap();
    assert_eq!(again, FinalizedEpoch { epoch: once.epoch, statement: corrected });
}

pub(crate) async fn a_preview_writes_nothing_and_is_what_finalizing_answers(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    let command = finalize(epoch.id);
    world.clock.set(LATER);
    let before = dump(world).await;
    let preview = world.store.preview_finalize_epoch(&command).await.unwrap();
    assert_eq!(world.store.preview_finalize_epoch(&command).await.unwrap(), preview);
    assert_eq!(dump(world).await, before);

    // Neither the number of previews nor another id in one of them leaves a trace.
    world.store.preview_finalize_epoch(&under(2, &command)).await.unwrap();
    insert(&world.store, epoch.id, [event("waiting")]).await;
    assert_eq!(world.store.finalize_epoch(&command).await.unwrap(), preview);
}

pub(crate) async fn a_preview_of_a_paid_epoch_is_what_was_paid(world: &World) {
    let once = finalized(&world.store, WEEK).await;
    world.clock.set(LATER);
    let preview =
        world.store.preview_finalize_epoch(&under(2, &finalize(once.epoch.id))).await.unwrap();
    assert_eq!(preview, once);
}

pub(crate) async fn a_preview_of_an_epoch_closed_without_a_statement_writes_none(world: &World) {
    let epoch = ready(&world.store, WEEK).await;
    world.store.close_epoch(epoch.id, credits(100)).await.unwrap();
    let before = dump(world).await;
    let preview = world.store.preview_finalize_epoch(&finalize(epoch.id)).await.unwrap();
    assert_eq!(paid(&preview), [("alice", 75), ("bob", 25)]);
    assert_eq!(dump(world).await, before);
}

/// Nothing that the clock says, and nothing of the order in which it was told, is in what is paid.
pub(crate) async fn two_ledgers_told_the_same_in_any_order_pay_the_same(world: &World) {
    let mut answers = Vec::new();
    for (store, told_backwards) in [(&world.store, false), (&world.other, true)] {
        let epoch = open(store, WEEK).await;
        let commit = |number| event(&format!("{number}")).of_user(&format!("{}", number % 7));
        let mut events: Vec<_> = (0..50).map(commit).collect();
        if told_backwards {
            events.reverse();
            world.clock.set(LATER);
        }
        for part in events.chunks(20) {
            insert(store, epoch.id, part.iter().cloned()).await;
            store.propose_allocations(epoch.id).await.unwrap();
        }
        fund(store, epoch.id, 997).await;
        answers.push(store.finalize_epoch(&finalize(epoch.id)).await.unwrap().statement);
    }
    let [ours, theirs] = &answers[..] else { panic!("two ledgers have two statements") };
    assert_eq!(ours.canonical_payouts(), theirs.canonical_payouts());
    assert_eq!(ours.statement.allocation_set_hash, theirs.statement.allocation_set_hash);
}
