//! Tables of rows: payouts, which must be sorted and sum to the pool, and weights.

use std::collections::BTreeMap;

use ledger_core::{
    EpochId, EventKind, MAX_WEIGHTS, NewPayoutStatement, Payout, PayoutStatement, Sha256Hex,
    StatementId, Units, WeightTable,
};
use ledger_testkit::{credits, moment};
use serde_json::json;
use uuid::Uuid;

fn row(user_id: &str, amount: i64) -> Payout {
    Payout {
        user_id: user_id.parse().expect("an id"),
        total_units: Units::new(1_000).expect("units"),
        share: "0.500000".to_owned(),
        amount_credits: credits(amount),
    }
}

fn statement(pool: i64, payouts: Vec<Payout>) -> NewPayoutStatement {
    NewPayoutStatement {
        id: StatementId(Uuid::nil()),
        epoch_id: EpochId(1),
        allocation_set_hash: Sha256Hex::of(b""),
        pool_total: credits(pool),
        payouts,
        supersedes: None,
    }
}

#[test]
fn a_statements_rows_are_sorted_name_each_once_and_sum_to_the_pool() {
    for (pool, rows) in [
        (3, vec![row("a", 1), row("b", 2)]),
        (2, vec![row("Z", 1), row("a", 0), row("aa", 1)]),
        (i64::MAX, vec![row("a", i64::MAX)]),
        // Nobody has units: nobody is paid, whatever there is.
        (7, vec![]),
    ] {
        assert_eq!(statement(pool, rows).check(), Ok(()));
    }
    for (pool, rows, why) in [
        (3, vec![row("b", 2), row("a", 1)], "payout of \"a\" is not valid: rows must be sorted"),
        (3, vec![row("a", 2), row("a", 1)], "payout of \"a\" is not valid: rows must be sorted"),
        (
            3,
            vec![row("a", 1), row("c", 1), row("b", 1)],
            "payout of \"b\" is not valid: rows must be sorted",
        ),
        (4, vec![row("a", 1), row("b", 2)], "sum of payouts \"3\" is not valid: the pool is 4"),
        (
            i64::MAX,
            vec![row("a", i64::MAX), row("b", 1)],
            "sum of payouts \"more than 2^63-1\" is not valid",
        ),
    ] {
        let error = statement(pool, rows).check().expect_err("it is refused").to_string();
        assert!(error.starts_with(why), "{error}");
    }
}

#[test]
fn a_statements_bytes_are_canonical_json() {
    let stored = PayoutStatement {
        statement: statement(1, vec![row("a", 1)]),
        created_at: moment("2026-11-24"),
    };
    let bytes =
        br#"[{"amount_credits":"1","share":"0.500000","total_units":"1000","user_id":"a"}]"#;
    let found = stored.canonical_payouts();
    assert_eq!(String::from_utf8_lossy(&found), String::from_utf8_lossy(bytes));
    assert_eq!(stored.payouts_hash(), Sha256Hex::of(bytes));
}

#[test]
fn a_weight_table_ends_at_its_limit_and_weighs_what_it_says() {
    let kinds = |count: usize| -> BTreeMap<EventKind, Units> {
        let kind = |at: usize| format!("git:k{at}").parse().expect("a kind");
        (0..count).map(|at| (kind(at), Units::new(5).expect("units"))).collect()
    };
    let table = WeightTable::new(kinds(MAX_WEIGHTS)).expect("as many as fit");
    assert_eq!(table.iter().count(), MAX_WEIGHTS);
    assert!(WeightTable::new(kinds(MAX_WEIGHTS + 1)).is_err());
    let kind = |text: &str| text.parse::<EventKind>().expect("a kind");
    assert_eq!(table.weight_of(&kind("git:k7")).get(), 5);
    assert_eq!(table.weight_of(&kind("git:other")), Units::ZERO);
    assert_eq!(kind("git:k7").to_string(), "git:k7");
    assert_eq!(WeightTable::from_json(&table.to_json()), Ok(table));
    assert!(WeightTable::from_json(&json!({"git:k": -1})).is_err());
    assert!(WeightTable::from_json(&json!({"git:k": 0})).is_ok());
    assert!(WeightTable::from_json(&json!({"git:k": 0.5})).is_err());
}
