//! From events and weights to proposed units.

use ledger_core::{AmountOverflow, NewAllocation};
use ledger_port::{LedgerPortError, ProposalSummary};
use ledger_testkit::{allocation, decision, event, moment, parsed, units, user};

use crate::harness::{
    COMMIT, MERGE, START, WEEK, World, all, commits, dump, insert, open, open_weighing, proposed,
};

const LATER: &str = "2026-11-19T00:00:00.000001Z";

const fn summary(users: u64, changed: u64) -> ProposalSummary {
    ProposalSummary { users, changed }
}

/// What is proposed in an epoch, without times and decisions.
async fn proposals(world: &World, epoch_id: ledger_core::EpochId) -> Vec<NewAllocation> {
    let stored = all(|page| world.store.get_allocations_for_epoch(epoch_id, page)).await;
    let new = |stored: ledger_core::Allocation| NewAllocation {
        user_id: stored.user_id,
        proposed_units: stored.proposed_units,
        activity_count: stored.activity_count,
    };
    stored.into_iter().map(new).collect()
}

pub(crate) async fn a_users_units_are_the_sum_of_their_events_weights(world: &World) {
    let store = &world.store;
    let of = [(COMMIT, 1_500), (MERGE, 8_000), ("github:review", 0)];
    let epoch = open_weighing(store, WEEK, &of).await;
    let github = |id, kind| event(id).from_source("github").of_type(kind);
    let mut events = commits(epoch.id, "alice", 3);
    events.extend([
        github("m", "pr_merged").of_user("alice"),
        github("r", "review").of_user("bob"),
        // Not in the table: it weighs nothing, and it is counted.
        github("i", "issue_closed").of_user("carol"),
        event("p").of_type("pr_merged").of_user("carol"),
        event("late").at("2026-11-01T00:00:00Z").of_user("dora"),
        event("of nobody"),
    ]);
    insert(store, epoch.id, events).await;
    assert_eq!(store.propose_allocations(epoch.id).await.unwrap(), summary(4, 4));
    let expected = [
        allocation("alice", 12_500, 4),
        allocation("bob", 0, 1),
        allocation("carol", 0, 2),
        allocation("dora", 1_500, 1),
    ];
    assert_eq!(proposals(world, epoch.id).await, expected);
}

pub(crate) async fn an_epoch_without_resolved_events_proposes_nothing(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    assert_eq!(world.store.propose_allocations(epoch.id).await.unwrap(), summary(0, 0));
    insert(&world.store, epoch.id, [event("of nobody")]).await;
    assert_eq!(world.store.propose_allocations(epoch.id).await.unwrap(), summary(0, 0));
    assert_eq!(proposals(world, epoch.id).await, []);
}

pub(crate) async fn an_epoch_without_weights_proposes_no_units(world: &World) {
    let epoch = open_weighing(&world.store, WEEK, &[]).await;
    insert(&world.store, epoch.id, commits(epoch.id, "alice", 2)).await;
    assert_eq!(world.store.propose_allocations(epoch.id).await.unwrap(), summary(1, 1));
    assert_eq!(proposals(world, epoch.id).await, [allocation("alice", 0, 2)]);
}

pub(crate) async fn proposing_again_changes_nothing(world: &World) {
    let epoch = proposed(&world.store, WEEK).await;
    let before = dump(world).await;
    world.clock.set(LATER);
    assert_eq!(world.store.propose_allocations(epoch.id).await.unwrap(), summary(2, 0));
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn proposing_again_changes_only_who_has_new_events(world: &World) {
    let store = &world.store;
    let epoch = proposed(store, WEEK).await;
    world.clock.set(LATER);
    // A commit is worth something; an issue is not, but it is one more.
    let more =
        [event("more").of_user("bob"), event("issue").of_type("issue_closed").of_user("carol")];
    insert(store, epoch.id, more).await;
    assert_eq!(store.propose_allocations(epoch.id).await.unwrap(), summary(3, 2));
    for (id, created, updated, proposed, count) in [
        ("alice", START, START, 3_000, 3),
        ("bob", START, LATER, 2_000, 2),
        ("carol", LATER, LATER, 0, 1),
    ] {
        let stored = store.get_allocation(epoch.id, &user(id)).await.unwrap().unwrap();
        assert_eq!((stored.created_at, stored.updated_at), (moment(created), moment(updated)));
        assert_eq!((stored.proposed_units, stored.activity_count), (units(proposed), count));
    }
}

pub(crate) async fn proposing_again_never_touches_a_decision(world: &World) {
    let store = &world.store;
    let epoch = proposed(store, WEEK).await;
    let (bob, decided) = (user("bob"), decision(500, "half of it was alice's"));
    store.update_allocation(epoch.id, &bob, Some(&decided)).await.unwrap();
    insert(store, epoch.id, [event("more").of_user("bob")]).await;
    world.clock.set(LATER);
    assert_eq!(store.propose_allocations(epoch.id).await.unwrap(), summary(2, 1));
    let stored = store.get_allocation(epoch.id, &bob).await.unwrap().unwrap();
    assert_eq!(stored.proposed_units, units(2_000));
    assert_eq!(stored.updated_at, moment(LATER));
    assert_eq!(stored.decision.as_ref(), Some(&decided));
    assert_eq!(stored.payable_units(), units(500));

    // Nor does writing them as they are given.
    store.insert_allocations(epoch.id, &[allocation("bob", 7, 7)]).await.unwrap();
    let stored = store.get_allocation(epoch.id, &bob).await.unwrap().unwrap();
    assert_eq!((stored.proposed_units, stored.decision), (units(7), Some(decided)));
}

pub(crate) async fn proposing_corrects_what_was_given(world: &World) {
    let store = &world.store;
    let epoch = proposed(store, WEEK).await;
    let given = [allocation("alice", 1, 1), allocation("zoe", 9, 9)];
    store.insert_allocations(epoch.id, &given).await.unwrap();
    let (zoe, decided) = (user("zoe"), decision(500, "she ran the workshop"));
    store.update_allocation(epoch.id, &zoe, Some(&decided)).await.unwrap();
    assert_eq!(store.propose_allocations(epoch.id).await.unwrap(), summary(2, 2));
    let expected =
        [allocation("alice", 3_000, 3), allocation("bob", 1_000, 1), allocation("zoe", 0, 0)];
    assert_eq!(proposals(world, epoch.id).await, expected);
    assert_eq!(store.propose_allocations(epoch.id).await.unwrap(), summary(2, 0));
    let stored = store.get_allocation(epoch.id, &zoe).await.unwrap().unwrap();
    assert_eq!(stored.decision, Some(decided));
}

pub(crate) async fn each_epoch_proposes_from_its_own_events_and_weights(world: &World) {
    let store = &world.store;
    let first = proposed(store, WEEK).await;
    store.begin_review(first.id).await.unwrap();
    let next = open_weighing(store, "2026-W48", &[(COMMIT, 10)]).await;
    insert(store, next.id, commits(next.id, "alice", 2)).await;
    assert_eq!(store.propose_allocations(next.id).await.unwrap(), summary(1, 1));
    assert_eq!(proposals(world, next.id).await, [allocation("alice", 20, 2)]);
    assert_eq!(store.propose_allocations(first.id).await.unwrap(), summary(2, 0));
}

pub(crate) async fn the_largest_sum_of_units_is_proposed(world: &World) {
    let of = [(COMMIT, i64::MAX - 1), (MERGE, 1)];
    let epoch = open_weighing(&world.store, WEEK, &of).await;
    let merge = |id| event(id).from_source("github").of_type("pr_merged").of_user("alice");
    insert(&world.store, epoch.id, [event("c").of_user("alice"), merge("m")]).await;
    assert_eq!(world.store.propose_allocations(epoch.id).await.unwrap(), summary(1, 1));
    assert_eq!(proposals(world, epoch.id).await, [allocation("alice", i64::MAX, 2)]);

    insert(&world.store, epoch.id, [merge("one too many")]).await;
    assert_refused!(
        world,
        world.store.propose_allocations(epoch.id),
        LedgerPortError::AmountOverflow(AmountOverflow { what }) if what == "the units of alice"
    );
}

pub(crate) async fn units_that_do_not_fit_are_refused_and_nothing_is_written(world: &World) {
    let epoch = open_weighing(&world.store, WEEK, &[(COMMIT, i64::MAX)]).await;
    let mut events = commits(epoch.id, "bob", 1);
    // Zoe's come first in every order but that of the users.
    events.extend(["1", "2"].map(|id| event(id).of_user("zoe").at("2026-11-16T00:00:00Z")));
    events.extend(["3", "4"].map(|id| event(id).of_user("carol")));
    insert(&world.store, epoch.id, events).await;
    let refusal = assert_refused!(
        world,
        world.store.propose_allocations(epoch.id),
        LedgerPortError::AmountOverflow(AmountOverflow { what }) if what == "the units of carol"
    );
    assert_eq!(
        refusal.to_string(),
        "the sum of the units of carol is larger than 9223372036854775807"
    );
    assert_eq!(proposals(world, epoch.id).await, []);
}

pub(crate) async fn an_event_resolved_later_counts_from_then_on(world: &World) {
    let store = &world.store;
    let epoch = proposed(store, WEEK).await;
    insert(store, epoch.id, [event("waiting")]).await;
    assert_eq!(store.propose_allocations(epoch.id).await.unwrap(), summary(2, 0));
    store.resolve_activity_identity(&parsed("waiting"), &user("Zoe")).await.unwrap();
    assert_eq!(store.propose_allocations(epoch.id).await.unwrap(), summary(3, 1));
    let stored = store.get_allocation(epoch.id, &user("Zoe")).await.unwrap().unwrap();
    assert_eq!((stored.proposed_units, stored.activity_count), (units(1_000), 1));
}
