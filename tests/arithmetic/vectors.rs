//! The published vectors. A key that this file does not know fails, and so does a vector that
//! expects nothing: what is published is held.

use std::collections::BTreeSet;

use ledger_core::{
    InvalidValue, Payout, Proposal, Units, UserId, WeightTable, allocation_set_hash, payouts,
};
use ledger_testkit::{parsed, user};
use serde::Deserialize;
use serde_json::Value;

const PUBLISHED: &str = include_str!("../vectors/payout.json");

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    payouts: Vec<PayoutVector>,
    allocation_set_hash: Vec<HashVector>,
    proposed_units: Vec<ProposalVector>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutVector {
    units: Vec<(String, i64)>,
    pool: String,
    users: Option<Vec<String>>,
    amounts: Option<Vec<String>>,
    shares: Option<Vec<String>>,
    #[serde(default)]
    error: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HashVector {
    units: Vec<(String, i64)>,
    sha256: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ProposalVector {
    weight_config: Value,
    events: Vec<(Option<String>, String)>,
    units: Vec<(String, i64, u32)>,
}

fn published() -> Vectors {
    serde_json::from_str(PUBLISHED).expect("the vectors hold what this file knows")
}

fn claims(units: &[(String, i64)]) -> Result<Vec<(UserId, Units)>, InvalidValue> {
    units.iter().map(|(id, number)| Ok((id.parse()?, Units::new(*number)?))).collect()
}

/// The users of the rows: those the vector names, or else each of its users once, in order.
fn users_of(vector: &PayoutVector, rows: &[Payout]) -> Vec<String> {
    let once: BTreeSet<&String> = vector.units.iter().map(|(user_id, _)| user_id).collect();
    match &vector.users {
        Some(users) => users.clone(),
        None if rows.is_empty() => Vec::new(),
        None => once.into_iter().cloned().collect(),
    }
}

fn column(rows: &[Payout], of: impl Fn(&Payout) -> String) -> Vec<String> {
    rows.iter().map(of).collect()
}

fn assert_pays(vector: &PayoutVector) {
    let claims = claims(&vector.units).unwrap_or_else(|problem| panic!("{vector:?}: {problem}"));
    let rows = payouts(claims, parsed(&vector.pool))
        .unwrap_or_else(|problem| panic!("{vector:?}: {problem}"));
    assert_eq!(column(&rows, |row| row.user_id.to_string()), users_of(vector, &rows), "{vector:?}");
    if let Some(amounts) = &vector.amounts {
        assert_eq!(column(&rows, |row| row.amount_credits.to_string()), *amounts, "{vector:?}");
    }
    if let Some(shares) = &vector.shares {
        assert_eq!(column(&rows, |row| row.share.clone()), *shares, "{vector:?}");
    }
}

#[test]
fn payouts_are_as_published() {
    let vectors = published().payouts;
    assert_eq!(vectors.len(), 12);
    for vector in &vectors {
        let expects = vector.users.is_some() || vector.amounts.is_some() || vector.shares.is_some();
        assert!(expects != vector.error, "{vector:?} expects rows or an error, one of them");
        if vector.error {
            let problem = claims(&vector.units).expect_err("units that are refused").to_string();
            assert_eq!(
                problem, "amount of units \"-5\" is not valid: it is negative",
                "{vector:?}"
            );
        } else {
            assert_pays(vector);
        }
    }
}

#[test]
fn allocation_set_hashes_are_as_published() {
    let vectors = published().allocation_set_hash;
    assert_eq!(vectors.len(), 2);
    for vector in &vectors {
        let claims = claims(&vector.units).expect("units");
        let backwards = claims.iter().rev().map(|(user_id, units)| (user_id, *units));
        assert_eq!(allocation_set_hash(backwards).as_str(), vector.sha256, "{vector:?}");
    }
}

#[test]
fn proposed_units_are_as_published() {
    let vectors = published().proposed_units;
    assert_eq!(vectors.len(), 1);
    for vector in &vectors {
        let weights = WeightTable::from_json(&vector.weight_config).expect("weights");
        let mut proposal = Proposal::new(&weights);
        for (user_id, kind) in &vector.events {
            let user_id = user_id.as_deref().map(user);
            proposal.add(user_id.as_ref(), &parsed(kind)).expect("the units fit");
        }
        let row = |new: ledger_core::NewAllocation| {
            (String::from(new.user_id), new.proposed_units.get(), new.activity_count)
        };
        let rows: Vec<_> = proposal.into_allocations().into_iter().map(row).collect();
        assert_eq!(rows, vector.units, "{vector:?}");
    }
}

#[test]
fn a_key_that_nobody_looks_at_is_refused() {
    let with = |path: &str| {
        let mut json: Value = serde_json::from_str(PUBLISHED).expect("JSON");
        let place = json.pointer_mut(path).and_then(Value::as_object_mut).expect("an object");
        place.insert("rounding".to_owned(), Value::Null);
        serde_json::from_value::<Vectors>(json)
    };
    for path in ["", "/payouts/0", "/allocation_set_hash/0", "/proposed_units/0"] {
        let problem = with(path).expect_err("refused").to_string();
        assert!(problem.starts_with("unknown field `rounding`"), "{path}: {problem}");
    }
}
