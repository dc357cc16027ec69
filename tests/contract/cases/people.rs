//! What people are called.

use std::collections::BTreeMap;

use ledger_core::{DisplayName, InvalidValue, UserId};
use ledger_port::{LedgerPortError, MAX_NAMES};
use ledger_testkit::{binding, parsed, user};

use crate::harness::{WEEK, World, dump, open, proposed};

fn name(text: &str) -> DisplayName {
    parsed(text)
}

/// Who of these people has a name, and which.
async fn names_of(world: &World, people: &[&str]) -> BTreeMap<UserId, DisplayName> {
    let people: Vec<UserId> = people.iter().copied().map(user).collect();
    world.store.get_display_names(&people).await.unwrap()
}

fn named<const N: usize>(names: [(&str, &str); N]) -> BTreeMap<UserId, DisplayName> {
    names.into_iter().map(|(id, text)| (user(id), name(text))).collect()
}

pub(crate) async fn a_name_is_set_changed_and_taken_back(world: &World) {
    let (store, alice) = (&world.store, user("alice"));
    assert_eq!(names_of(world, &["alice"]).await, named([]));
    store.set_display_name(&alice, Some(&name("Alice"))).await.unwrap();
    assert_eq!(names_of(world, &["alice"]).await, named([("alice", "Alice")]));
    store.set_display_name(&alice, Some(&name("Alice L."))).await.unwrap();
    assert_eq!(names_of(world, &["alice"]).await, named([("alice", "Alice L.")]));
    store.set_display_name(&alice, None).await.unwrap();
    assert_eq!(names_of(world, &["alice"]).await, named([]));
}

pub(crate) async fn the_same_name_again_changes_nothing(world: &World) {
    let (store, alice, bob) = (&world.store, user("alice"), user("bob"));
    store.set_display_name(&alice, Some(&name("Alice"))).await.unwrap();
    let before = dump(world).await;
    world.clock.set("2026-11-19T00:00:00Z");
    store.set_display_name(&alice, Some(&name("Alice"))).await.unwrap();
    store.set_display_name(&bob, None).await.unwrap();
    store.set_display_name(&bob, None).await.unwrap();
    assert_eq!(dump(world).await, before);
}

/// Nor does what becomes of them later touch their name.
pub(crate) async fn a_person_need_not_be_known_to_have_a_name(world: &World) {
    let store = &world.store;
    store.set_display_name(&user("alice"), Some(&name("Alice"))).await.unwrap();
    store.bind_identities(&[binding("git", "a", "alice")]).await.unwrap();
    proposed(store, WEEK).await;
    assert_eq!(names_of(world, &["alice", "bob"]).await, named([("alice", "Alice")]));
    store.set_display_name(&user("bob"), Some(&name("Bob"))).await.unwrap();
    let both = named([("alice", "Alice"), ("bob", "Bob")]);
    assert_eq!(names_of(world, &["alice", "bob"]).await, both);
}

pub(crate) async fn names_are_given_of_those_who_are_asked_for_and_have_one(world: &World) {
    for (id, text) in [("alice", "Same"), ("bob", "Same"), ("Alice", "Another"), ("é", "Zoé")] {
        world.store.set_display_name(&user(id), Some(&name(text))).await.unwrap();
    }
    assert_eq!(names_of(world, &[]).await, named([]));
    let asked = ["bob", "nobody", "é", "e\u{301}", "Alice", "bob", "BOB"];
    let expected = named([("Alice", "Another"), ("bob", "Same"), ("é", "Zoé")]);
    assert_eq!(names_of(world, &asked).await, expected);
}

pub(crate) async fn names_of_every_script_and_of_the_longest_are_kept(world: &World) {
    let (longest, widest) = ("x".repeat(128), "é".repeat(64));
    let texts =
        ["žluťoučký", "Ωμέγα", "ひらがな さん", "🦀", "a'b\"c\\d", "é", "e\u{301}", "$1 %s"];
    for text in texts.into_iter().chain([longest.as_str(), widest.as_str()]) {
        world.store.set_display_name(&user("alice"), Some(&name(text))).await.unwrap();
        assert_eq!(names_of(world, &["alice"]).await, named([("alice", text)]));
    }
}

pub(crate) async fn so_many_names_are_given_in_one_call_and_not_one_more(world: &World) {
    open(&world.store, WEEK).await;
    world.store.set_display_name(&user("user-4999"), Some(&name("The last"))).await.unwrap();
    let mut people: Vec<UserId> =
        (0..MAX_NAMES).map(|number| user(&format!("user-{number}"))).collect();
    let names = world.store.get_display_names(&people).await.unwrap();
    assert_eq!(names, named([("user-4999", "The last")]));
    // One who is asked for twice counts twice.
    people.push(user("user-0"));
    let expected = InvalidValue::new("number of names", "5001", "ask for at most 5000 at a time");
    assert_refused!(
        world,
        world.store.get_display_names(&people),
        LedgerPortError::InvalidValue(invalid) if *invalid == expected
    );
}

pub(crate) async fn each_ledger_calls_people_as_it_likes(world: &World) {
    let alice = user("alice");
    world.other.set_display_name(&alice, Some(&name("Their Alice"))).await.unwrap();
    assert_eq!(names_of(world, &["alice"]).await, named([]));
    world.store.set_display_name(&alice, Some(&name("Our Alice"))).await.unwrap();
    world.store.set_display_name(&alice, None).await.unwrap();
    let theirs = world.other.get_display_names(std::slice::from_ref(&alice)).await.unwrap();
    assert_eq!(theirs, named([("alice", "Their Alice")]));
}
