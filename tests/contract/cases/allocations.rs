//! Allocations as they are given, and an admin's decisions.

use ledger_core::{Allocation, AllocationOverride, InvalidValue};
use ledger_port::{AllocationNotFoundPortError, LedgerPortError};
use ledger_testkit::{allocation, credits, decision, moment, units, user};

use crate::harness::{START, WEEK, World, assert_paged, dump, fund, open, proposed};

const LATER: &str = "2026-11-19T00:00:00.000001Z";

pub(crate) async fn allocations_are_kept_as_they_are_given(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let given = [allocation("bob", i64::MAX, u32::MAX), allocation("alice", 0, 0)];
    assert_eq!(world.store.insert_allocations(epoch.id, &given).await.unwrap(), 2);
    let expected = |user_id, proposed_units, activity_count| Allocation {
        epoch_id: epoch.id,
        user_id: user(user_id),
        proposed_units: units(proposed_units),
        decision: None,
        activity_count,
        created_at: moment(START),
        updated_at: moment(START),
    };
    let bob = world.store.get_allocation(epoch.id, &user("bob")).await.unwrap();
    assert_eq!(bob, Some(expected("bob", i64::MAX, u32::MAX)));
    let alice = world.store.get_allocation(epoch.id, &user("alice")).await.unwrap();
    assert_eq!(alice, Some(expected("alice", 0, 0)));
    assert_eq!(world.store.get_allocation(epoch.id, &user("carol")).await.unwrap(), None);
    let unknown = ledger_core::EpochId(epoch.id.0 + 1);
    assert_eq!(world.store.get_allocation(unknown, &user("bob")).await.unwrap(), None);
}

pub(crate) async fn the_same_allocations_again_change_nothing(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let given = [allocation("alice", 1_000, 1), allocation("bob", 2_000, 2)];
    world.store.insert_allocations(epoch.id, &given).await.unwrap();
    let before = dump(world).await;
    world.clock.set(LATER);
    assert_eq!(world.store.insert_allocations(epoch.id, &given).await.unwrap(), 0);
    assert_eq!(world.store.insert_allocations(epoch.id, &[]).await.unwrap(), 0);
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn only_rows_that_change_are_counted_and_get_a_new_time(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let given = [
        allocation("same", 1_000, 1),
        allocation("units", 1_000, 1),
        allocation("count", 1_000, 1),
        allocation("absent", 1_000, 1),
    ];
    world.store.insert_allocations(epoch.id, &given).await.unwrap();
    world.clock.set(LATER);
    let again = [
        allocation("same", 1_000, 1),
        allocation("units", 2_000, 1),
        allocation("count", 1_000, 2),
        allocation("new", 1_000, 1),
    ];
    assert_eq!(world.store.insert_allocations(epoch.id, &again).await.unwrap(), 3);
    for (id, created, updated, proposed, count) in [
        ("same", START, START, 1_000, 1),
        ("units", START, LATER, 2_000, 1),
        ("count", START, LATER, 1_000, 2),
        ("absent", START, START, 1_000, 1),
        ("new", LATER, LATER, 1_000, 1),
    ] {
        let stored = world.store.get_allocation(epoch.id, &user(id)).await.unwrap().unwrap();
        assert_eq!((stored.created_at, stored.updated_at), (moment(created), moment(updated)));
        assert_eq!((stored.proposed_units, stored.activity_count), (units(proposed), count));
    }
}

pub(crate) async fn a_user_given_twice_refuses_the_call(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let given = [
        allocation("carol", 1, 1),
        allocation("bob", 1, 1),
        allocation("alice", 1, 1),
        allocation("bob", 1, 1),
        allocation("alice", 2, 2),
    ];
    let expected = InvalidValue::new("allocation of", "bob", "it is given twice");
    let refusal = assert_refused!(
        world,
        world.store.insert_allocations(epoch.id, &given),
        LedgerPortError::InvalidValue(invalid) if *invalid == expected
    );
    assert_eq!(refusal.to_string(), "allocation of \"bob\" is not valid: it is given twice");
}

pub(crate) async fn more_allocations_than_a_statement_carries_go_into_one_call(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let given: Vec<_> =
        (0..5_001).map(|number| allocation(&format!("user-{number}"), number, 1)).collect();
    assert_eq!(world.store.insert_allocations(epoch.id, &given).await.unwrap(), 5_001);
    assert_eq!(world.store.insert_allocations(epoch.id, &given).await.unwrap(), 0);
    let last = world.store.get_allocation(epoch.id, &user("user-5000")).await.unwrap().unwrap();
    assert_eq!(last.proposed_units, units(5_000));
}

pub(crate) async fn allocations_are_listed_bytewise_by_user(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let page = |page| world.store.get_allocations_for_epoch(epoch.id, page);
    assert_paged(page, &[]).await;
    let ids = ["Z", "a", "a b", "a-b", "a:b", "ab", "b", "z", "é", "中", "🦀"];
    let given: Vec<_> = ids.iter().rev().map(|id| allocation(id, 1, 1)).collect();
    world.store.insert_allocations(epoch.id, &given).await.unwrap();
    let mut expected = Vec::new();
    for id in ids {
        expected.push(world.store.get_allocation(epoch.id, &user(id)).await.unwrap().unwrap());
    }
    assert_paged(page, &expected).await;
}

pub(crate) async fn a_decision_is_kept_with_its_reason_and_its_time(world: &World) {
    let epoch = proposed(&world.store, WEEK).await;
    let alice = user("alice");
    let before = world.store.get_allocation(epoch.id, &alice).await.unwrap().unwrap();
    world.clock.set(LATER);
    let decided = decision(2_500, "two of the three were one:\n\tsee “#42” 🦀");
    let answer = world.store.update_allocation(epoch.id, &alice, Some(&decided)).await.unwrap();
    let expected =
        Allocation { decision: Some(decided), updated_at: moment(LATER), ..before.clone() };
    assert_eq!(answer, expected);
    assert_eq!(answer.payable_units(), units(2_500));
    assert_eq!(world.store.get_allocation(epoch.id, &alice).await.unwrap(), Some(expected));
}

pub(crate) async fn decisions_of_nothing_and_of_the_most_are_kept(world: &World) {
    let epoch = proposed(&world.store, WEEK).await;
    for (number, reason) in [(0, "x".repeat(2_000)), (i64::MAX, " y ".to_owned())] {
        let decided = decision(number, &reason);
        let answer =
            world.store.update_allocation(epoch.id, &user("bob"), Some(&decided)).await.unwrap();
        assert_eq!(answer.decision.as_ref(), Some(&decided));
        assert_eq!(answer.payable_units(), units(number));
    }
}

pub(crate) async fn the_same_decision_again_changes_nothing(world: &World) {
    let epoch = proposed(&world.store, WEEK).await;
    let (alice, decided) = (user("alice"), decision(1, "agreed"));
    let once = world.store.update_allocation(epoch.id, &alice, Some(&decided)).await.unwrap();
    world.clock.set(LATER);
    let again = world.store.update_allocation(epoch.id, &alice, Some(&decided)).await.unwrap();
    assert_eq!(again, once);
    let bob = world.store.update_allocation(epoch.id, &user("bob"), None).await.unwrap();
    assert_eq!(bob.updated_at, moment(START), "there was nothing to take back");
}

pub(crate) async fn another_reason_for_the_same_units_is_another_decision(world: &World) {
    let epoch = proposed(&world.store, WEEK).await;
    let alice = user("alice");
    let first = decision(1, "agreed");
    world.store.update_allocation(epoch.id, &alice, Some(&first)).await.unwrap();
    world.clock.set(LATER);
    let second = decision(1, "agreed again");
    let answer = world.store.update_allocation(epoch.id, &alice, Some(&second)).await.unwrap();
    assert_eq!(answer.decision.as_ref().map(AllocationOverride::reason), Some("agreed again"));
    assert_eq!(answer.updated_at, moment(LATER));
}

pub(crate) async fn a_decision_may_be_taken_back(world: &World) {
    let epoch = proposed(&world.store, WEEK).await;
    let alice = user("alice");
    let before = world.store.get_allocation(epoch.id, &alice).await.unwrap().unwrap();
    let decided = decision(1, "agreed");
    world.store.update_allocation(epoch.id, &alice, Some(&decided)).await.unwrap();
    world.clock.set(LATER);
    let answer = world.store.update_allocation(epoch.id, &alice, None).await.unwrap();
    assert_eq!(answer, Allocation { updated_at: moment(LATER), ..before });
    assert_eq!(answer.payable_units(), units(3_000));
    assert_eq!(world.store.get_allocation(epoch.id, &alice).await.unwrap(), Some(answer));
}

pub(crate) async fn a_user_without_an_allocation_gets_no_decision(world: &World) {
    let epoch = proposed(&world.store, WEEK).await;
    let (carol, decided) = (user("carol"), decision(1, "she helped"));
    for decision in [Some(&decided), None] {
        let refusal = assert_refused!(
            world,
            world.store.update_allocation(epoch.id, &carol, decision),
            LedgerPortError::AllocationNotFound(AllocationNotFoundPortError { epoch_id, user_id })
                if *epoch_id == epoch.id && *user_id == carol
        );
        assert_eq!(
            refusal.to_string(),
            format!("carol has no allocation in epoch {}; propose allocations first", epoch.id)
        );
    }
}

pub(crate) async fn an_allocation_of_one_epoch_is_none_of_another(world: &World) {
    let first = proposed(&world.store, WEEK).await;
    fund(&world.store, first.id, 100).await;
    world.store.close_epoch(first.id, credits(100)).await.unwrap();
    let next = open(&world.store, "2026-W48").await;
    let (alice, decided) = (user("alice"), decision(1, "agreed"));
    assert_eq!(world.store.get_allocation(next.id, &alice).await.unwrap(), None);
    assert_refused!(
        world,
        world.store.update_allocation(next.id, &alice, Some(&decided)),
        LedgerPortError::AllocationNotFound(AllocationNotFoundPortError { epoch_id, .. })
            if *epoch_id == next.id
    );
}
