//! Remembering who platform users are, and giving them what waits.

use ledger_core::EpochId;
use ledger_port::{EpochNotFoundPortError, LedgerPortError, PageRequest, UnresolvedIdentity};
use ledger_testkit::{binding, credits, event, parsed, platform_user, resolution, user};

use crate::harness::{WEEK, World, all, assert_paged, dump, fund, insert, open, unresolved};

pub(crate) async fn a_binding_is_remembered(world: &World) {
    let alice = binding("git", "alice@example.org", "alice");
    assert_eq!(world.store.get_identity_binding(&alice.key).await.unwrap(), None);
    assert_eq!(world.store.bind_identities(std::slice::from_ref(&alice)).await.unwrap(), 1);
    assert_eq!(world.store.get_identity_binding(&alice.key).await.unwrap(), Some(alice));
    for (source, id) in [("github", "alice@example.org"), ("git", "Alice@example.org")] {
        let other = platform_user(source, id);
        assert_eq!(world.store.get_identity_binding(&other).await.unwrap(), None);
    }
}

pub(crate) async fn binding_again_changes_nothing_and_counts_what_is_new(world: &World) {
    let bindings = [binding("git", "a", "alice"), binding("git", "b", "bob")];
    assert_eq!(world.store.bind_identities(&bindings).await.unwrap(), 2);
    let before = dump(world).await;
    assert_eq!(world.store.bind_identities(&bindings).await.unwrap(), 0);
    assert_eq!(dump(world).await, before);
    let more = [binding("git", "c", "alice"), binding("git", "a", "alice")];
    assert_eq!(world.store.bind_identities(&more).await.unwrap(), 1);
    assert_eq!(world.store.bind_identities(&[]).await.unwrap(), 0);
}

pub(crate) async fn a_binding_twice_in_one_call_is_new_once(world: &World) {
    let bindings = ["a", "b", "a"].map(|id| binding("git", id, "alice"));
    assert_eq!(world.store.bind_identities(&bindings).await.unwrap(), 2);
}

pub(crate) async fn more_bindings_than_a_statement_carries_go_into_one_call(world: &World) {
    let binding = |number: i32| binding("git", &format!("{number}"), &format!("user-{number}"));
    let bindings: Vec<_> = (0..5_001).map(binding).collect();
    assert_eq!(world.store.bind_identities(&bindings).await.unwrap(), 5_001);
    let listed = all(|page| world.store.list_identity_bindings(page)).await;
    assert_eq!(listed.len(), 5_001);
    assert!(listed.is_sorted_by_key(|binding| binding.key.clone()));
}

pub(crate) async fn a_platform_user_is_bound_to_one_person_for_good(world: &World) {
    world.store.bind_identities(&[binding("git", "b", "bob")]).await.unwrap();
    let call =
        [binding("git", "z", "zoe"), binding("git", "b", "carol"), binding("git", "a", "alice")];
    let refusal = assert_refused!(
        world,
        world.store.bind_identities(&call),
        LedgerPortError::IdentityAlreadyBound { source_name, platform_user_id, found, asked }
            if source_name.as_str() == "git"
                && platform_user_id.as_str() == "b"
                && *found == user("bob")
                && *asked == user("carol")
    );
    assert_eq!(refusal.to_string(), "git user b is bound to bob already, not to carol");
}

pub(crate) async fn the_first_refused_binding_of_the_call_is_named(world: &World) {
    let known = [binding("git", "a", "alice"), binding("git", "z", "zoe")];
    world.store.bind_identities(&known).await.unwrap();
    let call =
        [binding("git", "new", "nora"), binding("git", "z", "alice"), binding("git", "a", "zoe")];
    assert_refused!(
        world,
        world.store.bind_identities(&call),
        LedgerPortError::IdentityAlreadyBound { platform_user_id, .. }
            if platform_user_id.as_str() == "z"
    );
}

pub(crate) async fn two_persons_for_one_platform_user_refuse_the_call(world: &World) {
    let call =
        [binding("git", "b", "bob"), binding("git", "a", "zoe"), binding("git", "a", "alice")];
    assert_refused!(
        world,
        world.store.bind_identities(&call),
        LedgerPortError::IdentityAlreadyBound { platform_user_id, found, asked, .. }
            if platform_user_id.as_str() == "a"
                && *found == user("zoe")
                && *asked == user("alice")
    );
}

pub(crate) async fn bindings_are_listed_bytewise_by_source_and_platform_user(world: &World) {
    assert_paged(|page| world.store.list_identity_bindings(page), &[]).await;
    let expected = [
        ("a", "é"),
        ("a-b", "x"),
        ("ab", "Z"),
        ("ab", "a"),
        ("ab", "a-b"),
        ("ab", "a:b"),
        ("ab", "ab"),
        ("ab", "é"),
        ("b", "A"),
    ]
    .map(|(source, id)| binding(source, id, "alice"));
    let mut call = expected.clone();
    call.reverse();
    world.store.bind_identities(&call).await.unwrap();
    assert_paged(|page| world.store.list_identity_bindings(page), &expected).await;
}

pub(crate) async fn binding_gives_nobody_anything_by_itself(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    insert(&world.store, epoch.id, [event("a").by("a")]).await;
    world.store.bind_identities(&[binding("git", "a", "alice")]).await.unwrap();
    insert(&world.store, epoch.id, [event("b").by("a")]).await;
    let waiting = all(|page| world.store.get_unresolved_activity(epoch.id, page)).await;
    assert_eq!(waiting.len(), 2);
}

pub(crate) async fn waiting_events_go_to_whom_their_platform_user_is_bound(world: &World) {
    let store = &world.store;
    let epoch = open(store, WEEK).await;
    let events = [
        event("of-alice").by("a"),
        event("of-alice-too").by("a2"),
        event("of-bob").by("a").from_source("github"),
        event("of-nobody").by("c"),
        event("of-carol").by("a").of_user("carol"),
    ];
    insert(store, epoch.id, events).await;
    let bindings = [
        binding("git", "a", "alice"),
        binding("git", "a2", "alice"),
        binding("github", "a", "bob"),
    ];
    store.bind_identities(&bindings).await.unwrap();
    assert_eq!(store.resolve_activity_by_bindings(epoch.id).await.unwrap(), 3);
    for (id, owner) in [
        ("of-alice", Some("alice")),
        ("of-alice-too", Some("alice")),
        ("of-bob", Some("bob")),
        ("of-nobody", None),
        ("of-carol", Some("carol")),
    ] {
        let stored = store.get_activity_event(&parsed(id)).await.unwrap().unwrap();
        assert_eq!(stored.event.user_id, owner.map(user), "{id}");
    }
    let before = dump(world).await;
    assert_eq!(store.resolve_activity_by_bindings(epoch.id).await.unwrap(), 0);
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn bindings_resolve_one_epoch_at_a_time(world: &World) {
    let store = &world.store;
    let first = open(store, WEEK).await;
    insert(store, first.id, [event("first").by("a")]).await;
    store.begin_review(first.id).await.unwrap();
    let next = open(store, "2026-W48").await;
    insert(store, next.id, [event("next").by("a")]).await;
    store.bind_identities(&[binding("git", "a", "alice")]).await.unwrap();
    assert_eq!(store.resolve_activity_by_bindings(next.id).await.unwrap(), 1);
    let waiting = all(|page| store.get_unresolved_activity(first.id, page)).await;
    assert_eq!(waiting.len(), 1);
    assert_eq!(store.resolve_activity_by_bindings(first.id).await.unwrap(), 1);
}

pub(crate) async fn an_unknown_epoch_has_nothing_to_resolve_or_to_list(world: &World) {
    let unknown = EpochId(open(&world.store, WEEK).await.id.0 + 1);
    assert_refused!(
        world,
        world.store.resolve_activity_by_bindings(unknown),
        LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id }) if *epoch_id == unknown
    );
    assert_refused!(
        world,
        world.store.list_unresolved_identities(unknown, PageRequest::first()),
        LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id }) if *epoch_id == unknown
    );
}

fn waiting(source: &str, id: &str, login: Option<&str>, count: u64) -> UnresolvedIdentity {
    UnresolvedIdentity {
        key: platform_user(source, id),
        platform_login: login.map(str::to_owned),
        event_count: count,
    }
}

pub(crate) async fn platform_users_who_wait_are_listed_bytewise_with_their_events(world: &World) {
    let store = &world.store;
    let epoch = open(store, WEEK).await;
    let page = |page| store.list_unresolved_identities(epoch.id, page);
    assert_paged(page, &[]).await;
    let mut events: Vec<_> =
        ["é", "ab", "a:b", "a-b", "Z"].map(|id| event(&format!("of {id}")).by(id)).into();
    events.push(event("1").by("a").from_source("github"));
    events.extend(["2", "3", "4"].map(|id| event(id).by("a")));
    events.push(event("resolved").by("a").of_user("alice"));
    events.push(event("resolved too").by("b").of_user("bob"));
    insert(store, epoch.id, events).await;
    store.resolve_activity_identities(&[resolution("4", "alice")]).await.unwrap();
    let expected = [
        waiting("git", "Z", None, 1),
        waiting("git", "a", None, 2),
        waiting("git", "a-b", None, 1),
        waiting("git", "a:b", None, 1),
        waiting("git", "ab", None, 1),
        waiting("git", "é", None, 1),
        waiting("github", "a", None, 1),
    ];
    assert_paged(page, &expected).await;
}

pub(crate) async fn who_waits_is_shown_by_their_bytewise_largest_name(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let names = ["Zoe", "a-b", "ab", "a:b"];
    let mut events: Vec<_> = names.map(|name| event(name).by("a").shown_as(name)).into();
    events.push(event("nameless").by("a"));
    events.push(event("other").by("a").shown_as("é").of_user("alice"));
    events.push(event("accent").by("b").shown_as("é"));
    events.push(event("plain").by("b").shown_as("z"));
    insert(&world.store, epoch.id, events).await;
    let listed = all(|page| world.store.list_unresolved_identities(epoch.id, page)).await;
    assert_eq!(listed, [waiting("git", "a", Some("ab"), 5), waiting("git", "b", Some("é"), 2)]);
}

pub(crate) async fn who_waits_in_a_closed_epoch_is_still_listed(world: &World) {
    let store = &world.store;
    let epoch = open(store, WEEK).await;
    store.insert_activity_events(epoch.id, &[unresolved("a")]).await.unwrap();
    fund(store, epoch.id, 100).await;
    store.close_epoch(epoch.id, credits(100)).await.unwrap();
    let listed = all(|page| store.list_unresolved_identities(epoch.id, page)).await;
    assert_eq!(listed, [waiting("git", "alice@example.org", None, 1)]);
}
