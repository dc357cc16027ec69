//! What everybody was paid in all.

use ledger_core::{AmountOverflow, EpochId, NewPayoutStatement};
use ledger_port::{FinalizeEpoch, Holding, LedgerPortError, PageRequest};
use ledger_testkit::{credits, finalize, statement, statement_id, user};

use crate::harness::{WEEK, World, assert_paged, closed, commits, dump, fund, insert, open, ready};

fn held(user_id: &str, amount: i64, epochs: u64, last_epoch_id: EpochId) -> Holding {
    Holding { user_id: user(user_id), amount: credits(amount), epochs, last_epoch_id }
}

/// Closes a week and pays so, under that number.
async fn paid(world: &World, week_name: &str, number: u128, of: &[(&str, i64)]) -> EpochId {
    let epoch = closed(&world.store, week_name).await;
    let new = NewPayoutStatement { id: statement_id(number), ..statement(epoch.id, 100, of) };
    world.store.insert_payout_statement(&new).await.unwrap();
    epoch.id
}

pub(crate) async fn what_each_epoch_paid_is_summed(world: &World) {
    let store = &world.store;
    assert_paged(|page| store.list_holdings(page), &[]).await;
    let first = ready(store, WEEK).await.id;
    assert_paged(|page| store.list_holdings(page), &[]).await;
    store.finalize_epoch(&finalize(first)).await.unwrap();
    let expected = [held("alice", 75, 1, first), held("bob", 25, 1, first)];
    assert_paged(|page| store.list_holdings(page), &expected).await;

    let second = open(store, "2026-W48").await.id;
    insert(store, second, commits(second, "bob", 1)).await;
    store.propose_allocations(second).await.unwrap();
    fund(store, second, 7).await;
    let command = FinalizeEpoch { statement_id: statement_id(2), ..finalize(second) };
    store.finalize_epoch(&command).await.unwrap();
    let expected = [held("alice", 75, 1, first), held("bob", 32, 2, second)];
    let before = dump(world).await;
    assert_paged(|page| store.list_holdings(page), &expected).await;
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn only_the_statement_in_force_is_held(world: &World) {
    let store = &world.store;
    let id = paid(world, WEEK, 1, &[("alice", 3), ("bob", 1)]).await;
    let second = paid(world, "2026-W48", 9, &[("bob", 1)]).await;
    for (number, supersedes, of) in
        [(5, 1, &[("bob", 1), ("carol", 1)][..]), (2, 5, &[("carol", 3), ("zoe", 1)])]
    {
        let corrected = NewPayoutStatement {
            id: statement_id(number),
            supersedes: Some(statement_id(supersedes)),
            ..statement(id, 100, of)
        };
        store.insert_payout_statement(&corrected).await.unwrap();
    }
    // Alice was paid in nothing that is in force.
    let expected = [held("bob", 100, 1, second), held("carol", 75, 1, id), held("zoe", 25, 1, id)];
    assert_paged(|page| store.list_holdings(page), &expected).await;
}

pub(crate) async fn who_is_in_the_table_with_nothing_holds_nothing(world: &World) {
    let id = paid(world, WEEK, 1, &[("alice", 1), ("bob", 0)]).await;
    paid(world, "2026-W48", 2, &[]).await;
    closed(&world.store, "2026-W49").await;
    let expected = [held("alice", 100, 1, id), held("bob", 0, 1, id)];
    assert_paged(|page| world.store.list_holdings(page), &expected).await;
}

pub(crate) async fn the_newest_epoch_is_that_of_the_largest_id(world: &World) {
    let later = paid(world, "2026-W48", 1, &[("alice", 1)]).await;
    let earlier = paid(world, WEEK, 2, &[("alice", 1)]).await;
    assert!(earlier > later);
    let expected = [held("alice", 200, 2, earlier)];
    assert_paged(|page| world.store.list_holdings(page), &expected).await;
}

pub(crate) async fn holdings_are_listed_bytewise_by_user(world: &World) {
    let people = ["Z", "a", "a-b", "a:b", "aB", "ab", "b", "zoe", "é", "🦀"];
    let id = paid(world, WEEK, 1, &people.map(|person| (person, 1))).await;
    let expected = people.map(|person| held(person, 10, 1, id));
    assert_paged(|page| world.store.list_holdings(page), &expected).await;
}

pub(crate) async fn the_largest_sum_is_held_and_not_one_more(world: &World) {
    let store = &world.store;
    let mut ids = Vec::new();
    for (number, week_name, pool, of) in [
        (1, WEEK, i64::MAX - 1, &[("bob", 1)][..]),
        (2, "2026-W48", 1, &[("bob", 1)]),
        (3, "2026-W49", 4, &[("alice", 1), ("bob", 1), ("carol", 1), ("zoe", 1)]),
    ] {
        let epoch = open(store, week_name).await;
        fund(store, epoch.id, pool).await;
        store.close_epoch(epoch.id, credits(pool)).await.unwrap();
        ids.push(epoch.id);
        let new = NewPayoutStatement { id: statement_id(number), ..statement(epoch.id, pool, of) };
        if number == 3 {
            let expected = [held("bob", i64::MAX, 2, ids[1])];
            assert_paged(|page| store.list_holdings(page), &expected).await;
        }
        store.insert_payout_statement(&new).await.unwrap();
    }
    let overflow = AmountOverflow { what: "what bob was paid".to_owned() };
    let refusal = assert_refused!(
        world,
        store.list_holdings(PageRequest::first()),
        LedgerPortError::AmountOverflow(found) if *found == overflow
    );
    assert_eq!(
        refusal.to_string(),
        "the sum of what bob was paid is larger than 9223372036854775807"
    );
    // It refuses the pages that it is on, and no others.
    let after_bob = store.list_holdings(PageRequest::after(user("bob"))).await.unwrap();
    assert_eq!(after_bob.items, [held("carol", 1, 1, ids[2]), held("zoe", 1, 1, ids[2])]);
}

pub(crate) async fn each_ledger_has_paid_its_own(world: &World) {
    let theirs = ready(&world.other, WEEK).await.id;
    world.other.finalize_epoch(&finalize(theirs)).await.unwrap();
    assert_paged(|page| world.store.list_holdings(page), &[]).await;
    let ours = paid(world, WEEK, 1, &[("bob", 1)]).await;
    // A correction of a statement of that id is theirs alone.
    let corrected = NewPayoutStatement {
        id: statement_id(2),
        supersedes: Some(statement_id(1)),
        ..statement(theirs, 100, &[("zoe", 1)])
    };
    world.other.insert_payout_statement(&corrected).await.unwrap();
    assert_paged(|page| world.store.list_holdings(page), &[held("bob", 100, 1, ours)]).await;
    assert_paged(|page| world.other.list_holdings(page), &[held("zoe", 100, 1, theirs)]).await;
}
