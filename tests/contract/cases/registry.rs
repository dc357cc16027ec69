//! Which ledgers there are.

use ledger_core::{LedgerId, LedgerName, Visibility};
use ledger_port::{Ledger, LedgerPortError};
use ledger_testkit::{moment, parsed};

use crate::harness::{LEDGER, OTHER_LEDGER, START, World, all, assert_paged, dump};

pub(crate) async fn a_ledger_is_created_under_the_id_of_its_name(world: &World) {
    let name: LedgerName = parsed("commons");
    assert_eq!(world.registry.get_ledger(&name).await.unwrap(), None);
    world.clock.set("2026-11-19T00:00:00.000001Z");
    let created = world.registry.create_ledger(&name).await.unwrap();
    let expected = Ledger {
        id: LedgerId::of(&name),
        name: name.clone(),
        visibility: Visibility::Private,
        created_at: moment("2026-11-19T00:00:00.000001Z"),
    };
    assert_eq!(created, expected);
    assert_eq!(world.registry.get_ledger(&name).await.unwrap(), Some(expected));
}

pub(crate) async fn creating_a_ledger_again_returns_it_unchanged(world: &World) {
    let name: LedgerName = parsed(LEDGER);
    world.clock.set("2026-11-19T00:00:00Z");
    let again = world.registry.create_ledger(&name).await.unwrap();
    assert_eq!(again.created_at, moment(START));
    assert_eq!(world.registry.get_ledger(&name).await.unwrap(), Some(again));
    let listed = all(|page| world.registry.list_ledgers(page)).await;
    assert_eq!(listed.iter().filter(|ledger| ledger.name == name).count(), 1);
}

pub(crate) async fn every_database_has_the_default_ledger(world: &World) {
    let default = world.registry.get_ledger(&parsed("default")).await.unwrap().unwrap();
    assert_eq!(default.id.to_string(), "716ad4e3-1d15-5a45-96b2-7b848addbd4a");
}

pub(crate) async fn ledgers_are_listed_bytewise_by_name(world: &World) {
    let longest = "z".repeat(64);
    for name in ["ab", "a_b", "a0", "a.b", "a-b", "a", longest.as_str()] {
        world.registry.create_ledger(&parsed(name)).await.unwrap();
    }
    let names =
        ["a", "a-b", "a.b", "a0", "a_b", "ab", LEDGER, OTHER_LEDGER, "default", longest.as_str()];
    let mut expected = Vec::new();
    for name in names {
        expected.push(world.registry.get_ledger(&parsed(name)).await.unwrap().unwrap());
    }
    assert_paged(|page| world.registry.list_ledgers(page), &expected).await;
}

pub(crate) async fn a_ledger_is_private_until_it_is_shown(world: &World) {
    let name: LedgerName = parsed(LEDGER);
    let private = world.registry.get_ledger(&name).await.unwrap().unwrap();
    assert_eq!(private.visibility, Visibility::Private);
    let public = Ledger { visibility: Visibility::Public, ..private.clone() };
    world.clock.set("2026-11-19T00:00:00Z");
    let shown = world.registry.set_ledger_visibility(&name, Visibility::Public).await.unwrap();
    assert_eq!(shown, public);
    assert_eq!(world.registry.get_ledger(&name).await.unwrap(), Some(public.clone()));
    // Creating it again does not hide it, and no other one is shown.
    assert_eq!(world.registry.create_ledger(&name).await.unwrap(), public);
    let listed = all(|page| world.registry.list_ledgers(page)).await;
    let shown: Vec<_> = listed.iter().filter(|one| one.visibility == Visibility::Public).collect();
    assert_eq!(shown, [&public]);
    let hidden = world.registry.set_ledger_visibility(&name, Visibility::Private).await.unwrap();
    assert_eq!(hidden, private);
    assert_eq!(world.registry.get_ledger(&name).await.unwrap(), Some(private));
}

pub(crate) async fn the_same_visibility_again_changes_nothing(world: &World) {
    let name: LedgerName = parsed(LEDGER);
    for visibility in [Visibility::Private, Visibility::Public] {
        let once = world.registry.set_ledger_visibility(&name, visibility).await.unwrap();
        let before = dump(world).await;
        let again = world.registry.set_ledger_visibility(&name, visibility).await.unwrap();
        assert_eq!(again, once);
        assert_eq!(dump(world).await, before);
    }
}

pub(crate) async fn an_unknown_ledger_is_shown_to_nobody(world: &World) {
    let unknown: LedgerName = parsed("unknown");
    for visibility in [Visibility::Public, Visibility::Private] {
        assert_refused!(
            world,
            world.registry.set_ledger_visibility(&unknown, visibility),
            LedgerPortError::LedgerNotFound { name } if *name == unknown
        );
    }
}
