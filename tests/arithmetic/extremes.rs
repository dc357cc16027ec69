//! The largest numbers: what fits is paid to the credit, what does not is refused by name.

use ledger_core::{AmountOverflow, Proposal};
use ledger_testkit::{parsed, user, weights};

use crate::inputs::Split;

fn split(units: impl IntoIterator<Item = (String, i64)>, pool: i64) -> Split {
    Split { units: units.into_iter().collect(), pool }
}

fn overflow(user_id: &str) -> AmountOverflow {
    AmountOverflow { what: format!("the units of {user_id}") }
}

#[test]
fn the_largest_pool_goes_whole_to_one_user() {
    let rows = split([("a".to_owned(), i64::MAX)], i64::MAX).payouts().expect("it fits");
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].amount_credits.get(), i64::MAX);
    assert_eq!(rows[0].share, "1.000000");
}

#[test]
fn the_largest_units_and_pool_among_many_users() {
    const USERS: i64 = 30_000;
    let units = (0..USERS).rev().map(|number| (format!("user-{number:05}"), i64::MAX));
    let rows = split(units, i64::MAX).payouts().expect("products have 126 bits");
    // 2^63 - 1 = 30000 · 307445734561825 + 25807
    for (row, number) in rows.iter().zip(0..) {
        assert_eq!(row.user_id.as_str(), format!("user-{number:05}"));
        assert_eq!(row.amount_credits.get(), 307_445_734_561_825 + i64::from(number < 25_807));
        assert_eq!(row.share, "0.000033");
    }
    let sum: i64 = rows.iter().map(|row| row.amount_credits.get()).sum();
    assert_eq!((rows.len(), sum), (30_000, i64::MAX));
}

#[test]
fn the_last_credit_of_the_largest_pool_is_not_lost() {
    let units = [("a".to_owned(), i64::MAX), ("b".to_owned(), i64::MAX - 1), ("c".to_owned(), 1)];
    let rows = split(units, i64::MAX).payouts().expect("it fits");
    let amounts: Vec<i64> = rows.iter().map(|row| row.amount_credits.get()).collect();
    // a is owed half the pool, exactly 2^62 - 1/2; b half a credit less; c half a credit.
    assert_eq!(amounts, [1 << 62, (1 << 62) - 1, 0]);
}

#[test]
fn a_pool_smaller_than_the_users_goes_to_the_largest_remainders() {
    let units = (0..1_000).map(|number| (format!("{number:04}"), i64::MAX - number % 2));
    let rows = split(units, 3).payouts().expect("it fits");
    let paid = rows.iter().filter(|row| row.amount_credits.get() > 0);
    let users: Vec<&str> = paid.map(|row| row.user_id.as_str()).collect();
    assert_eq!(users, ["0000", "0002", "0004"]);
}

#[test]
fn ids_that_begin_alike_are_sorted_to_their_end() {
    // 15, 16 and 17 bytes of the same beginning, and what follows it in no order.
    for beginning in ["abcdefghijklmno", "abcdefghijklmnop", "abcdefghijklmnopq"] {
        let ends = ["z", "", "b", "ba", "a", "\u{e9}", "~"];
        let units = ends.iter().zip(1..).map(|(end, units)| (format!("{beginning}{end}"), units));
        let rows = split(units, 28).payouts().expect("it fits");
        let users: Vec<&str> =
            rows.iter().map(|row| row.user_id.as_str().strip_prefix(beginning).unwrap()).collect();
        assert_eq!(users, ["", "a", "b", "ba", "z", "~", "\u{e9}"]);
        let amounts: Vec<i64> = rows.iter().map(|row| row.amount_credits.get()).collect();
        assert_eq!(amounts, [2, 5, 3, 4, 1, 7, 6]);
    }
}

#[test]
fn one_users_sum_that_does_not_fit_is_refused_by_name() {
    let of = |extra: i64, pool: i64| {
        let bob = ("bob".to_owned(), i64::MAX);
        split([bob.clone(), ("alice".to_owned(), i64::MAX), ("bob".to_owned(), extra)], pool)
            .payouts()
    };
    assert_eq!(of(0, 1).expect("exactly the largest").len(), 2);
    for pool in [0, 1, i64::MAX] {
        assert_eq!(of(1, pool), Err(overflow("bob")));
        assert_eq!(of(i64::MAX, pool), Err(overflow("bob")));
    }
    assert_eq!(
        of(1, 1).expect_err("refused").to_string(),
        "the sum of the units of bob is larger than 9223372036854775807"
    );
}

#[test]
fn of_two_sums_that_do_not_fit_the_bytewise_smallest_user_is_named() {
    let all = ["b", "a", "b", "c", "a", "C"].map(|user_id| (user_id.to_owned(), i64::MAX));
    assert_eq!(split(all, 1).payouts(), Err(overflow("a")));
}

#[test]
fn a_proposal_that_does_not_fit_is_refused_by_name() {
    let table = weights(&[("git:commit_authored", i64::MAX), ("git:tag", 1)]);
    let (alice, bob) = (user("alice"), user("bob"));
    let mut proposal = Proposal::new(&table);
    for user_id in [Some(&alice), Some(&bob), None, None] {
        proposal.add(user_id, &parsed("git:commit_authored")).expect("each user's first");
    }
    proposal.add(Some(&bob), &parsed("git:unknown")).expect("nothing more");
    assert_eq!(proposal.add(Some(&bob), &parsed("git:tag")), Err(overflow("bob")));
}
