//! The rules that every split keeps, whoever takes part and however large the numbers are.

use ledger_core::Payout;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;

use crate::inputs::{Split, any_splits, cases, paying_splits, splits, user_ids};
use ledger_testkit::reference::Wide;

fn rows(split: &Split) -> Vec<Payout> {
    split.payouts().expect("each user comes up once, so every sum fits")
}

fn unsigned(number: i64) -> u128 {
    u128::try_from(number).expect("not negative")
}

/// A share as millionths. Any other spelling than one digit, a point and six digits is refused.
fn millionths(share: &str) -> Option<u128> {
    let (whole, decimals) = share.split_once('.')?;
    let digits = format!("{whole}{decimals}");
    let spelled = whole.len() == 1 && decimals.len() == 6;
    (spelled && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok())?
}

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn the_sum_is_exact(split in splits()) {
        let rows = rows(&split);
        let paid: i128 = rows.iter().map(|row| i128::from(row.amount_credits.get())).sum();
        prop_assert_eq!(rows.is_empty(), split.pool == 0 || split.total() == 0);
        prop_assert_eq!(paid, if rows.is_empty() { 0 } else { i128::from(split.pool) });
    }

    #[test]
    fn every_user_has_one_row_with_all_units_in_bytewise_order(split in paying_splits()) {
        let mut expected = split.units.clone();
        expected.sort_by(|(a, _), (b, _)| a.as_bytes().cmp(b.as_bytes()));
        let of_row = |row: Payout| (String::from(row.user_id), row.total_units.get());
        let found: Vec<_> = rows(&split).into_iter().map(of_row).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn an_amount_is_within_one_credit_of_the_exact_share(split in paying_splits()) {
        let total = split.total();
        for row in rows(&split) {
            let paid = Wide::product(row.amount_credits.get(), total);
            let exact = Wide::product(row.total_units.get(), unsigned(split.pool));
            let credit = Wide::product(1, total);
            prop_assert!(paid < exact.plus(credit) && exact < paid.plus(credit), "{:?}", row);
        }
    }

    #[test]
    fn the_order_of_the_input_is_irrelevant(
        (split, shuffled) in any_splits().prop_flat_map(|split| {
            let shuffled = Just(split.units.clone()).prop_shuffle();
            (Just(split), shuffled)
        }),
    ) {
        let again = Split { units: shuffled, pool: split.pool };
        prop_assert_eq!(again.payouts(), split.payouts());
    }

    #[test]
    fn duplicates_merge(
        (split, cuts) in splits().prop_flat_map(|split| {
            let cuts = vec(0..=1_000_i64, split.units.len());
            (Just(split), cuts)
        }),
    ) {
        let in_two = |((user_id, units), cut): (&(String, i64), i64)| {
            let first = units / 1_000 * cut;
            [(user_id.clone(), first), (user_id.clone(), units - first)]
        };
        let pieces = split.units.iter().zip(cuts).flat_map(in_two).collect();
        let in_pieces = Split { units: pieces, pool: split.pool };
        prop_assert_eq!(in_pieces.payouts(), split.payouts());
    }

    #[test]
    fn ties_go_to_the_bytewise_smallest(
        users in btree_set(user_ids(), 1..=24)
            .prop_flat_map(|users| Just(Vec::from_iter(users)).prop_shuffle()),
        units in 1..=i64::MAX,
        pool in 1..=i64::MAX,
    ) {
        let count = i64::try_from(users.len()).expect("few");
        let split = Split { units: users.into_iter().map(|user| (user, units)).collect(), pool };
        for (row, position) in rows(&split).iter().zip(0..) {
            let expected = pool / count + i64::from(position < pool % count);
            prop_assert_eq!(row.amount_credits.get(), expected, "{}", row.user_id);
        }
    }

    #[test]
    fn of_two_users_the_one_with_more_units_never_gets_less(split in paying_splits()) {
        let mut by_units = rows(&split);
        by_units.sort_by(|a, b| {
            a.total_units.cmp(&b.total_units).then_with(|| b.user_id.cmp(&a.user_id))
        });
        for pair in by_units.windows(2) {
            prop_assert!(pair[0].amount_credits <= pair[1].amount_credits, "{:?}", pair);
        }
    }

    #[test]
    fn zero_units_get_nothing(split in paying_splits(), seats in vec(any::<bool>(), 24)) {
        let mut split = split;
        for ((_, units), emptied) in split.units.iter_mut().zip(seats) {
            *units *= i64::from(!emptied);
        }
        for row in rows(&split).iter().filter(|row| row.total_units.get() == 0) {
            prop_assert_eq!((row.amount_credits.get(), row.share.as_str()), (0, "0.000000"));
        }
    }

    #[test]
    fn a_share_is_truncated_and_parses_back(split in paying_splits()) {
        let total = split.total();
        let mut sum = 0;
        for row in rows(&split) {
            let share = millionths(&row.share).expect("one digit, a point, six digits");
            let exact = Wide::product(row.total_units.get(), 1_000_000);
            let times = |share: u128| Wide::product(i64::try_from(share).expect("small"), total);
            prop_assert!(times(share) <= exact && exact < times(share + 1), "{:?}", row);
            sum += share;
        }
        prop_assert!(sum <= 1_000_000);
    }
}

/// One and three of four units, and half a credit left of each: the smaller id has it, whether the
/// larger units are its own or not.
#[test]
fn a_tie_of_unlike_units_goes_to_the_bytewise_smallest() {
    let amounts = |of: [(&str, i64); 2]| -> Vec<i64> {
        let units = of.map(|(user_id, units)| (user_id.to_owned(), units)).to_vec();
        rows(&Split { units, pool: 2 }).iter().map(|row| row.amount_credits.get()).collect()
    };
    assert_eq!(amounts([("a", 1), ("b", 3)]), [1, 1]);
    assert_eq!(amounts([("b", 1), ("a", 3)]), [2, 0]);
    assert_eq!(amounts([("B", 3), ("a", 1)]), [2, 0]);
    assert_eq!(amounts([("\u{1f600}", 3), ("\u{fb33}", 1)]), [1, 1]);
}

/// Two thirds are cut, not rounded; all of it is one, and only all of it.
#[test]
fn a_share_is_never_rounded_up() {
    let shares = |of: [i64; 2]| {
        let units = ["a", "b"].map(str::to_owned).into_iter().zip(of).collect();
        rows(&Split { units, pool: 1 }).into_iter().map(|row| row.share).collect::<Vec<_>>()
    };
    assert_eq!(shares([1, 2]), ["0.333333", "0.666666"]);
    assert_eq!(shares([1, 9_999_999]), ["0.000000", "0.999999"]);
    assert_eq!(shares([0, 5]), ["0.000000", "1.000000"]);
    assert_eq!(shares([1, i64::MAX]), ["0.000000", "0.999999"]);
}
