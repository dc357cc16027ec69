//! The ledger's payouts and hashes against the second opinion, row by row and byte by byte.

use ledger_core::{AmountOverflow, Payout, allocation_set_hash};
use proptest::prelude::*;

use crate::inputs::{Split, any_splits, cases, splits};
use ledger_testkit::reference::{self, Row};

fn row(payout: Payout) -> Row {
    Row {
        user_id: payout.user_id.into(),
        total_units: payout.total_units.get(),
        share: payout.share,
        amount_credits: payout.amount_credits.get(),
    }
}

fn the_ledgers(split: &Split) -> Result<Vec<Row>, AmountOverflow> {
    Ok(split.payouts()?.into_iter().map(row).collect())
}

fn the_reference(split: &Split) -> Result<Vec<Row>, AmountOverflow> {
    reference::payouts(&split.units, split.pool)
        .map_err(|user_id| AmountOverflow { what: format!("the units of {user_id}") })
}

fn hash_of(split: &Split) -> String {
    let claims = split.claims();
    allocation_set_hash(claims.iter().map(|(user_id, units)| (user_id, *units))).into()
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn both_pay_the_same_or_refuse_the_same_user(split in any_splits()) {
        prop_assert_eq!(the_ledgers(&split), the_reference(&split));
    }

    #[test]
    fn both_hash_the_same_bytes(split in splits()) {
        prop_assert_eq!(hash_of(&split), reference::allocation_set_hash(&split.units));
    }
}

/// Of 13,312 small splits most have a tie at the last credit.
#[test]
fn both_break_every_tie_of_five_users_alike() {
    for number in 0..4_i64.pow(5) {
        let digit = |place: u32| number.div_euclid(4_i64.pow(place)).rem_euclid(4);
        let units: Vec<_> = ["b", "a!", "A", "é", "a"]
            .into_iter()
            .zip(0..)
            .map(|(user_id, place)| (user_id.to_owned(), digit(place)))
            .collect();
        for pool in 0..=12 {
            let split = Split { units: units.clone(), pool };
            assert_eq!(the_ledgers(&split), the_reference(&split), "{split:?}");
        }
    }
}

/// `a!:1` is less than `a:1`, though `a` is less than `a!`: ids are sorted, not lines.
#[test]
fn the_hash_sorts_ids_and_not_lines() {
    let units = vec![("a!".to_owned(), 1), ("a".to_owned(), 2), ("A:9".to_owned(), 0)];
    let expected = reference::sha256_hex(b"A:9:0\na:2\na!:1");
    assert_eq!(reference::allocation_set_hash(&units), expected);
    assert_eq!(hash_of(&Split { units, pool: 0 }), expected);
}

/// In UTF-16 a letter beyond U+FFFF comes before U+FB33; in bytes it comes after.
#[test]
fn the_hash_sorts_bytes_and_not_utf_16() {
    let units = vec![("\u{1f600}".to_owned(), 1), ("\u{fb33}".to_owned(), i64::MAX)];
    let lines = "\u{fb33}:9223372036854775807\n\u{1f600}:1";
    assert_eq!(hash_of(&Split { units, pool: 0 }), reference::sha256_hex(lines.as_bytes()));
}
