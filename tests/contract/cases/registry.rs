//! Which ledgers there are.

use ledger_core::{LedgerId, LedgerName};
use ledger_port::Ledger;
use ledger_testkit::{moment, parsed};

use crate::harness::{LEDGER, OTHER_LEDGER, START, World, all, assert_paged};

pub(crate) async fn a_ledger_is_created_under_the_id_of_its_name(world: &World) {
    let name: LedgerName = parsed("commons");
    assert_eq!(world.registry.get_ledger(&name).await.unwrap(), None);
    world.clock.set("2026-11-19T00:00:00.000001Z");
    let created = world.registry.create_ledger(&name).await.unwrap();
    let expected = Ledger {
        id: LedgerId::of(&name),
        name: name.clone(),
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
