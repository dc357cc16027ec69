//! Going on to the next epoch: one into review, one opened, or neither.

use ledger_core::{EpochId, EpochStatus};
use ledger_port::{LedgerPortError, RollOver};
use ledger_testkit::{credits, new_epoch, week, weights};

use crate::harness::{COMMIT, WEEK, World, all, fund, open};

const NEXT: &str = "2026-W48";

fn from(over: Option<EpochId>, next: &str) -> RollOver {
    RollOver { over, next: new_epoch(week(next), weights(&[(COMMIT, 2_000)])) }
}

pub(crate) async fn the_epoch_that_is_over_goes_into_review_and_the_next_one_opens(world: &World) {
    let over = open(&world.store, WEEK).await;
    let asked = from(Some(over.id), NEXT);
    let next = world.store.roll_over(&asked).await.unwrap();
    assert_eq!((next.status, next.period), (EpochStatus::Open, week(NEXT)));
    assert_eq!(next.weights, asked.next.weights);
    let mut reviewed = over;
    reviewed.status = EpochStatus::Review;
    let epochs = all(|page| world.store.list_epochs(page)).await;
    assert_eq!(epochs, [next.clone(), reviewed]);
    assert_eq!(world.store.get_open_epoch().await.unwrap(), Some(next));
}

pub(crate) async fn the_first_epoch_has_none_before_it(world: &World) {
    let first = world.store.roll_over(&from(None, WEEK)).await.unwrap();
    assert_eq!((first.status, first.period), (EpochStatus::Open, week(WEEK)));
    assert_eq!(all(|page| world.store.list_epochs(page)).await, [first]);
}

pub(crate) async fn going_on_again_answers_the_same_and_changes_nothing(world: &World) {
    let over = open(&world.store, WEEK).await;
    let next = world.store.roll_over(&from(Some(over.id), NEXT)).await.unwrap();
    let epochs = all(|page| world.store.list_epochs(page)).await;
    let mut other_weights = from(Some(over.id), NEXT);
    other_weights.next.weights = weights(&[]);
    for again in [from(Some(over.id), NEXT), from(None, NEXT), other_weights] {
        assert_eq!(world.store.roll_over(&again).await.unwrap(), next);
    }
    assert_eq!(all(|page| world.store.list_epochs(page)).await, epochs);
}

pub(crate) async fn going_on_again_is_fine_once_the_epoch_before_is_closed(world: &World) {
    let over = open(&world.store, WEEK).await;
    fund(&world.store, over.id, 100).await;
    let next = world.store.roll_over(&from(Some(over.id), NEXT)).await.unwrap();
    world.store.close_epoch(over.id, credits(100)).await.unwrap();
    assert_eq!(world.store.roll_over(&from(Some(over.id), NEXT)).await.unwrap(), next);
}

pub(crate) async fn an_epoch_in_review_may_be_named_as_the_one_that_is_over(world: &World) {
    let over = open(&world.store, WEEK).await;
    world.store.begin_review(over.id).await.unwrap();
    let next = world.store.roll_over(&from(Some(over.id), NEXT)).await.unwrap();
    assert_eq!(world.store.get_open_epoch().await.unwrap(), Some(next));
}

pub(crate) async fn going_on_past_another_open_epoch_is_refused(world: &World) {
    let first = open(&world.store, WEEK).await;
    world.store.begin_review(first.id).await.unwrap();
    let second = open(&world.store, NEXT).await;
    for over in [None, Some(first.id)] {
        assert_refused!(
            world,
            world.store.roll_over(&from(over, "2026-W49")),
            LedgerPortError::EpochAlreadyOpen { open_epoch } if *open_epoch == second.id
        );
    }
}

pub(crate) async fn going_on_into_a_taken_window_leaves_the_epoch_open(world: &World) {
    let first = open(&world.store, NEXT).await;
    world.store.begin_review(first.id).await.unwrap();
    let over = open(&world.store, WEEK).await;
    assert_refused!(
        world,
        world.store.roll_over(&from(Some(over.id), NEXT)),
        LedgerPortError::EpochWindowTaken { epoch_id, .. } if *epoch_id == first.id
    );
    // Its own window is no next one either.
    assert_refused!(
        world,
        world.store.roll_over(&from(Some(over.id), WEEK)),
        LedgerPortError::EpochWindowTaken { epoch_id, .. } if *epoch_id == over.id
    );
    assert_eq!(world.store.get_open_epoch().await.unwrap(), Some(over));
}

pub(crate) async fn going_on_from_a_closed_epoch_is_refused(world: &World) {
    let over = open(&world.store, WEEK).await;
    fund(&world.store, over.id, 100).await;
    world.store.close_epoch(over.id, credits(100)).await.unwrap();
    assert_refused!(
        world,
        world.store.roll_over(&from(Some(over.id), NEXT)),
        LedgerPortError::EpochClosed { epoch_id } if *epoch_id == over.id
    );
}
