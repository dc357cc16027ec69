//! Giving events to people (IDENTITY_ONCE).

use ledger_core::EpochId;
use ledger_port::{LedgerPortError, ResolutionOutcome};
use ledger_testkit::{credits, event, parsed, resolution, user};

use crate::harness::{WEEK, World, all, commits, dump, fund, insert, open, unresolved};

const fn given(resolved: u64, unchanged: u64) -> ResolutionOutcome {
    ResolutionOutcome { resolved, unchanged }
}

/// Whose an event is.
async fn owner(world: &World, event_id: &str) -> Option<String> {
    let stored = world.store.get_activity_event(&parsed(event_id)).await.unwrap().unwrap();
    stored.event.user_id.map(Into::into)
}

/// An epoch with the events `a` and `b` of nobody and `c` of carol.
async fn three_events(world: &World, week_name: &str, prefix: &str) -> EpochId {
    let epoch = open(&world.store, week_name).await;
    let id = |name: &str| format!("{prefix}{name}");
    let events = [event(&id("a")), event(&id("b")), event(&id("c")).of_user("carol")];
    insert(&world.store, epoch.id, events).await;
    epoch.id
}

async fn three_frozen_events(world: &World) -> EpochId {
    let epoch_id = three_events(world, WEEK, "frozen:").await;
    fund(&world.store, epoch_id, 100).await;
    world.store.propose_allocations(epoch_id).await.unwrap();
    world.store.close_epoch(epoch_id, credits(100)).await.unwrap();
    epoch_id
}

pub(crate) async fn an_event_of_nobody_is_given_to_a_person_and_else_unchanged(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, [event("a").shown_as("Alice").by("alice@example.org")]).await;
    let mut expected = world.store.get_activity_event(&parsed("a")).await.unwrap().unwrap();
    world.clock.set("2026-11-19T00:00:00Z");
    let outcome = world.store.resolve_activity_identity(&parsed("a"), &user("alice")).await;
    assert_eq!(outcome.unwrap(), given(1, 0));
    expected.event.user_id = Some(user("alice"));
    assert_eq!(world.store.get_activity_event(&parsed("a")).await.unwrap(), Some(expected));
}

pub(crate) async fn giving_an_event_to_its_owner_again_changes_nothing(world: &World) {
    three_events(world, WEEK, "").await;
    world.store.resolve_activity_identity(&parsed("a"), &user("alice")).await.unwrap();
    let before = dump(world).await;
    for (event_id, owner) in [("a", "alice"), ("c", "carol")] {
        let again = world.store.resolve_activity_identity(&parsed(event_id), &user(owner)).await;
        assert_eq!(again.unwrap(), given(0, 1));
    }
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn an_event_of_somebody_else_is_not_given_away(world: &World) {
    three_events(world, WEEK, "").await;
    let (event, dave) = (parsed("c"), user("dave"));
    let refusal = assert_refused!(
        world,
        world.store.resolve_activity_identity(&event, &dave),
        LedgerPortError::IdentityAlreadyResolved { event_id, found, asked }
            if *event_id == event && *found == user("carol") && *asked == dave
    );
    assert_eq!(refusal.to_string(), "event c belongs to carol already; it cannot go to dave");
}

pub(crate) async fn an_unknown_event_is_given_to_nobody(world: &World) {
    three_events(world, WEEK, "").await;
    let (event, alice) = (parsed("unknown"), user("alice"));
    let refusal = assert_refused!(
        world,
        world.store.resolve_activity_identity(&event, &alice),
        LedgerPortError::EventNotFound { event_id } if *event_id == event
    );
    assert_eq!(refusal.to_string(), "there is no event unknown in this ledger");
}

pub(crate) async fn an_event_of_a_closed_epoch_stays_with_nobody(world: &World) {
    let frozen = three_frozen_events(world).await;
    let (event, alice) = (parsed("frozen:a"), user("alice"));
    assert_refused!(
        world,
        world.store.resolve_activity_identity(&event, &alice),
        LedgerPortError::EpochClosed { epoch_id } if *epoch_id == frozen
    );
}

pub(crate) async fn the_owner_of_a_frozen_event_may_be_named_again(world: &World) {
    three_frozen_events(world).await;
    let (event, carol) = (parsed("frozen:c"), user("carol"));
    let outcome = world.store.resolve_activity_identity(&event, &carol).await.unwrap();
    assert_eq!(outcome, given(0, 1));
    // That it is frozen is not what is wrong with this.
    let dave = user("dave");
    assert_refused!(
        world,
        world.store.resolve_activity_identity(&event, &dave),
        LedgerPortError::IdentityAlreadyResolved { .. }
    );
}

pub(crate) async fn many_events_are_given_in_one_call(world: &World) {
    three_events(world, WEEK, "").await;
    let call = [resolution("b", "bob"), resolution("c", "carol"), resolution("a", "alice")];
    let outcome = world.store.resolve_activity_identities(&call).await.unwrap();
    assert_eq!(outcome, given(2, 1));
    for (event_id, expected) in [("a", "alice"), ("b", "bob"), ("c", "carol")] {
        assert_eq!(owner(world, event_id).await.as_deref(), Some(expected));
    }
    let before = dump(world).await;
    let again = world.store.resolve_activity_identities(&call).await.unwrap();
    assert_eq!(again, given(0, 3));
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn events_of_several_epochs_are_given_in_one_call(world: &World) {
    let first = three_events(world, WEEK, "first:").await;
    world.store.begin_review(first).await.unwrap();
    three_events(world, "2026-W48", "next:").await;
    let call = ["next:a", "first:b", "next:b", "first:a"].map(|id| resolution(id, "alice"));
    let outcome = world.store.resolve_activity_identities(&call).await.unwrap();
    assert_eq!(outcome, given(4, 0));
}

pub(crate) async fn no_resolutions_at_all_are_fine(world: &World) {
    let outcome = world.store.resolve_activity_identities(&[]).await.unwrap();
    assert_eq!(outcome, given(0, 0));
}

pub(crate) async fn more_resolutions_than_a_statement_carries_go_into_one_call(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let ids: Vec<String> = (0..5_001).map(|number| format!("{number}")).collect();
    let events: Vec<_> = ids.iter().map(|id| unresolved(id)).collect();
    world.store.insert_activity_events(epoch.id, &events).await.unwrap();
    let call: Vec<_> = ids.iter().map(|id| resolution(id, "alice")).collect();
    let outcome = world.store.resolve_activity_identities(&call).await.unwrap();
    assert_eq!(outcome, given(5_001, 0));
    assert_eq!(owner(world, "5000").await.as_deref(), Some("alice"));
}

pub(crate) async fn an_event_named_twice_with_one_person_is_unchanged_the_second_time(
    world: &World,
) {
    three_events(world, WEEK, "").await;
    let call = ["a", "a", "b", "a"].map(|id| resolution(id, "alice"));
    let outcome = world.store.resolve_activity_identities(&call).await.unwrap();
    assert_eq!(outcome, given(2, 2));
}

pub(crate) async fn an_event_named_with_two_persons_refuses_the_call(world: &World) {
    three_events(world, WEEK, "").await;
    let call = [resolution("b", "bob"), resolution("a", "alice"), resolution("a", "bob")];
    assert_refused!(
        world,
        world.store.resolve_activity_identities(&call),
        LedgerPortError::IdentityAlreadyResolved { event_id, found, asked }
            if event_id.as_str() == "a" && *found == user("alice") && *asked == user("bob")
    );
}

/// Whatever its kind, and wherever its event is in any other order.
pub(crate) async fn the_first_refusal_in_the_order_of_the_call_is_the_answer(world: &World) {
    let frozen = three_frozen_events(world).await;
    three_events(world, "2026-W48", "").await;
    let fine = resolution("a", "alice");
    let unknown = resolution("b-unknown", "alice");
    let owned = resolution("c", "alice");
    let closed = resolution("frozen:a", "alice");
    let store = &world.store;
    let call = [fine.clone(), unknown.clone(), closed.clone(), owned.clone()];
    assert_refused!(
        world,
        store.resolve_activity_identities(&call),
        LedgerPortError::EventNotFound { event_id } if event_id.as_str() == "b-unknown"
    );
    let call = [fine.clone(), owned.clone(), unknown.clone(), closed.clone()];
    assert_refused!(
        world,
        store.resolve_activity_identities(&call),
        LedgerPortError::IdentityAlreadyResolved { event_id, .. } if event_id.as_str() == "c"
    );
    let call = [fine, closed, unknown, owned];
    assert_refused!(
        world,
        store.resolve_activity_identities(&call),
        LedgerPortError::EpochClosed { epoch_id } if *epoch_id == frozen
    );
}

pub(crate) async fn a_resolved_event_stays_in_its_place(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let mut events = commits(epoch.id, "alice", 2);
    events.insert(0, event("z"));
    insert(&world.store, epoch.id, events).await;
    let list = || all(|page| world.store.get_activity_for_epoch(epoch.id, page));
    let mut expected = list().await;
    world.store.resolve_activity_identity(&parsed("z"), &user("bob")).await.unwrap();
    expected[2].event.user_id = Some(user("bob"));
    assert_eq!(list().await, expected);
}
