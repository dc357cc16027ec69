//! The budget of an epoch, part by part.

use ledger_core::{EpochId, InvalidValue, NewPoolComponent, PoolComponent};
use ledger_port::{EpochNotFoundPortError, LedgerPortError};
use ledger_testkit::{credits, moment, pool_component};
use serde_json::{Value, json};

use crate::harness::{WEEK, World, all, assert_paged, closed, dump, open};

/// A part that says something in each of its fields.
fn whole() -> NewPoolComponent {
    NewPoolComponent {
        algorithm_version: "v2.1 žluť".to_owned(),
        inputs: json!({"rate": 1.5, "of": [1, 1.0, "1", null], "none": null}),
        evidence_ref: Some("https://example.org/vote/7 🦀".to_owned()),
        computed_at: moment("2026-11-17T00:00:00.000001Z"),
        ..pool_component("kpi_bonus_v0", 500)
    }
}

pub(crate) async fn a_part_is_kept_whole(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let expected = PoolComponent { epoch_id: epoch.id, component: whole() };
    let stored = world.store.insert_pool_component(epoch.id, &whole()).await.unwrap();
    assert_eq!(stored, expected);
    let listed = all(|page| world.store.get_pool_components_for_epoch(epoch.id, page)).await;
    assert_eq!(listed, [expected]);
}

pub(crate) async fn parts_of_nothing_and_of_the_most_are_kept(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    for (id, amount) in [("most", i64::MAX), ("nothing", 0)] {
        let part = NewPoolComponent {
            algorithm_version: "é".repeat(1_024),
            evidence_ref: Some("x".repeat(2_048)),
            ..pool_component(id, amount)
        };
        let stored = world.store.insert_pool_component(epoch.id, &part).await.unwrap();
        assert_eq!(stored.component, part);
    }
}

pub(crate) async fn the_same_part_again_is_the_stored_one_whenever_it_was_computed(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let once = world.store.insert_pool_component(epoch.id, &whole()).await.unwrap();
    let before = dump(world).await;
    let recomputed = NewPoolComponent { computed_at: moment("2026-11-19"), ..whole() };
    for again in [whole(), recomputed] {
        let stored = world.store.insert_pool_component(epoch.id, &again).await.unwrap();
        assert_eq!(stored, once);
    }
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn the_same_part_again_is_fine_once_the_epoch_is_closed(world: &World) {
    let paid = closed(&world.store, WEEK).await;
    let before = dump(world).await;
    let base = pool_component("base_issuance", 100);
    let stored = world.store.insert_pool_component(paid.id, &base).await.unwrap();
    assert_eq!(stored, PoolComponent { epoch_id: paid.id, component: base });
    assert_eq!(dump(world).await, before);
}

/// JSON has one kind of number, so a store may read back another of Rust's than it was given.
pub(crate) async fn the_same_part_again_is_the_same_with_any_number_in_its_inputs(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let part = NewPoolComponent { inputs: json!([1e17, -0.0, 1e300, 5e-324, 1.0]), ..whole() };
    let once = world.store.insert_pool_component(epoch.id, &part).await.unwrap();
    let again = world.store.insert_pool_component(epoch.id, &part).await;
    assert_eq!(again.unwrap().component.amount, once.component.amount);
}

pub(crate) async fn a_part_with_other_contents_is_refused(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    world.store.insert_pool_component(epoch.id, &whole()).await.unwrap();
    let others = [
        NewPoolComponent { amount: credits(501), ..whole() },
        NewPoolComponent { algorithm_version: "2".to_owned(), ..whole() },
        NewPoolComponent { inputs: json!({}), ..whole() },
        NewPoolComponent { inputs: Value::Null, ..whole() },
        NewPoolComponent { evidence_ref: None, ..whole() },
        NewPoolComponent { evidence_ref: Some("other".to_owned()), ..whole() },
    ];
    for other in others {
        let refusal = assert_refused!(
            world,
            world.store.insert_pool_component(epoch.id, &other),
            LedgerPortError::PoolComponentExists { epoch_id, component_id, found }
                if *epoch_id == epoch.id
                    && component_id.as_str() == "kpi_bonus_v0"
                    && *found == credits(500)
        );
        assert_eq!(
            refusal.to_string(),
            format!(
                "epoch {} has a kpi_bonus_v0 of 500 already; components never change",
                epoch.id
            )
        );
    }
}

pub(crate) async fn a_large_number_with_another_last_digit_is_other_contents(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    // The two largest that every reader tells apart.
    let part = |of: u64| NewPoolComponent { inputs: json!({"of": of}), ..whole() };
    let once = part(9_007_199_254_740_990);
    world.store.insert_pool_component(epoch.id, &once).await.unwrap();
    assert_refused!(
        world,
        world.store.insert_pool_component(epoch.id, &part(9_007_199_254_740_991)),
        LedgerPortError::PoolComponentExists { .. }
    );
}

pub(crate) async fn other_contents_are_what_is_wrong_once_the_epoch_is_closed(world: &World) {
    let paid = closed(&world.store, WEEK).await;
    assert_refused!(
        world,
        world.store.insert_pool_component(paid.id, &pool_component("base_issuance", 101)),
        LedgerPortError::PoolComponentExists { epoch_id, found, .. }
            if *epoch_id == paid.id && *found == credits(100)
    );
    assert_refused!(
        world,
        world.store.insert_pool_component(paid.id, &pool_component("top_up", 1)),
        LedgerPortError::EpochClosed { epoch_id } if *epoch_id == paid.id
    );
}

pub(crate) async fn each_epoch_has_parts_of_its_own(world: &World) {
    closed(&world.store, WEEK).await;
    let next = open(&world.store, "2026-W48").await;
    let base = pool_component("base_issuance", 7);
    let stored = world.store.insert_pool_component(next.id, &base).await.unwrap();
    assert_eq!(stored, PoolComponent { epoch_id: next.id, component: base });
}

pub(crate) async fn a_part_that_cannot_be_kept_is_refused(world: &World) {
    let paid = closed(&world.store, WEEK).await;
    let version =
        |version: &str| NewPoolComponent { algorithm_version: version.to_owned(), ..whole() };
    let evidence =
        |evidence: &str| NewPoolComponent { evidence_ref: Some(evidence.to_owned()), ..whole() };
    let long = "x".repeat(2_049);
    let (size, control) = ("it must have 1 to 2048 bytes", "it holds a control character");
    let wrong = [
        (version(""), "pool algorithm version", size),
        (version(&long), "pool algorithm version", size),
        (version("a\0"), "pool algorithm version", control),
        (evidence(""), "pool evidence reference", size),
        (evidence(&long), "pool evidence reference", size),
        (evidence("a\nb"), "pool evidence reference", control),
        (
            NewPoolComponent { inputs: json!({"a": "\0"}), ..whole() },
            "pool inputs",
            "it holds the character U+0000, which PostgreSQL cannot keep",
        ),
        (
            NewPoolComponent { inputs: json!({"\0": 1}), ..whole() },
            "pool inputs",
            "it holds the character U+0000, which PostgreSQL cannot keep",
        ),
        (
            NewPoolComponent { inputs: json!({"of": 9_007_199_254_740_993_u64}), ..whole() },
            "pool inputs",
            "it holds 9007199254740993, beyond 2^53-1; write it as text",
        ),
    ];
    // That there is no such epoch, or that it is closed, is said only of a part that could be kept.
    for (part, what, problem) in wrong {
        for epoch_id in [paid.id, EpochId(paid.id.0 + 1)] {
            assert_refused!(
                world,
                world.store.insert_pool_component(epoch_id, &part),
                LedgerPortError::InvalidValue(InvalidValue { what: found, problem: said, .. })
                    if *found == what && said == problem
            );
        }
    }
}

pub(crate) async fn text_that_only_looks_like_a_forbidden_character_is_kept(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let part = NewPoolComponent { inputs: json!({"path": "C:\\u0000"}), ..whole() };
    let stored = world.store.insert_pool_component(epoch.id, &part).await.unwrap();
    assert_eq!(stored.component, part);
}

/// An array in an array, that many deep.
fn nested(depth: usize) -> Value {
    (1..depth).fold(json!(1), |inner, _| json!([inner]))
}

pub(crate) async fn the_deepest_and_largest_inputs_are_kept(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    for (id, inputs) in [("deepest", nested(32)), ("largest", json!("x".repeat(65_534)))] {
        let part = NewPoolComponent { inputs, ..pool_component(id, 1) };
        world.store.insert_pool_component(epoch.id, &part).await.unwrap();
        let listed = all(|page| world.store.get_pool_components_for_epoch(epoch.id, page)).await;
        assert!(listed.iter().any(|stored| stored.component == part), "{id}");
    }
}

/// An epoch with a part that no reader can read could never be closed.
pub(crate) async fn inputs_deeper_or_larger_than_can_be_read_again_are_refused(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    for (inputs, problem) in [
        (nested(33), "it nests deeper than 32"),
        (nested(129), "it nests deeper than 32"),
        (json!("x".repeat(65_535)), "it is larger than 65536 bytes"),
    ] {
        let expected = InvalidValue::new("pool inputs", &inputs.to_string(), problem);
        let part = NewPoolComponent { inputs, ..whole() };
        assert_refused!(
            world,
            world.store.insert_pool_component(epoch.id, &part),
            LedgerPortError::InvalidValue(invalid) if *invalid == expected
        );
    }
}

pub(crate) async fn parts_are_listed_bytewise_by_their_id(world: &World) {
    let epoch = open(&world.store, WEEK).await;
    let page = |page| world.store.get_pool_components_for_epoch(epoch.id, page);
    assert_paged(page, &[]).await;
    let ids = ["a", "a-b", "a.b", "a0", "a_b", "ab", "base_issuance", "z"];
    for id in ids.iter().rev() {
        world.store.insert_pool_component(epoch.id, &pool_component(id, 1)).await.unwrap();
    }
    let expected =
        ids.map(|id| PoolComponent { epoch_id: epoch.id, component: pool_component(id, 1) });
    assert_paged(page, &expected).await;
}

pub(crate) async fn an_unknown_epoch_gets_no_part(world: &World) {
    let unknown = EpochId(open(&world.store, WEEK).await.id.0 + 1);
    assert_refused!(
        world,
        world.store.insert_pool_component(unknown, &whole()),
        LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id }) if *epoch_id == unknown
    );
}
