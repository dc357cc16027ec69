//! What the properties and the recomputation are tried on: few and many users, ids that sort
//! differently under every rule but the bytewise one, units and pools that tie and that are extreme.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use ledger_core::{AmountOverflow, Payout, Units, UserId, payouts};
use ledger_testkit::{credits, units, user};
use proptest::collection::vec;
use proptest::prelude::*;

/// Letters of user ids. Case, locale, UTF-16 and "sort the finished lines" each order some of them
/// in another way than their bytes do.
const LETTERS: [char; 13] =
    ['a', 'b', 'A', 'Z', '!', ':', '0', '9', '~', ' ', 'é', '\u{fb33}', '\u{1f600}'];

/// A pool and who has which units in it.
#[derive(Debug, Clone)]
pub(crate) struct Split {
    pub(crate) units: Vec<(String, i64)>,
    pub(crate) pool: i64,
}

impl Split {
    /// The units as the ledger takes them.
    pub(crate) fn claims(&self) -> Vec<(UserId, Units)> {
        self.units.iter().map(|(id, number)| (user(id), units(*number))).collect()
    }

    /// What the ledger pays.
    pub(crate) fn payouts(&self) -> Result<Vec<Payout>, AmountOverflow> {
        payouts(self.claims(), credits(self.pool))
    }

    /// The sum of all units.
    pub(crate) fn total(&self) -> u128 {
        self.units.iter().map(|(_, units)| u128::try_from(*units).expect("not negative")).sum()
    }
}

/// As many cases as `PROPTEST_CASES` says (256 where it is silent) times `factor`. A failure prints
/// its smallest input, which belongs into a test of its own; no file is left in the tree.
pub(crate) fn cases(factor: u32) -> ProptestConfig {
    let config = ProptestConfig::default();
    ProptestConfig { cases: config.cases * factor, failure_persistence: None, ..config }
}

/// Splits in which a user may come up more than once, and whose sums may not fit.
pub(crate) fn any_splits() -> impl Strategy<Value = Split> {
    (claims(0..=24), pools()).prop_map(|(units, pool)| Split { pool: pool.of(&units), units })
}

/// Splits in which each user comes up once, so that every sum fits.
pub(crate) fn splits() -> impl Strategy<Value = Split> {
    any_splits().prop_map(|Split { units, pool }| Split { units: each_once(units), pool })
}

/// Splits that pay somebody.
pub(crate) fn paying_splits() -> impl Strategy<Value = Split> {
    splits().prop_map(|Split { mut units, pool }| {
        units.retain(|(user_id, _)| user_id != "payee");
        units.push(("payee".to_owned(), 1));
        Split { units, pool: pool.max(1) }
    })
}

fn each_once(mut units: Vec<(String, i64)>) -> Vec<(String, i64)> {
    let mut seen = BTreeSet::new();
    units.retain(|(user_id, _)| seen.insert(user_id.clone()));
    units
}

/// A user id. Short ones come up twice in one split, and are each other's beginnings.
pub(crate) fn user_ids() -> impl Strategy<Value = String> {
    vec(proptest::sample::select(LETTERS.as_slice()), 1..=3)
        .prop_map(|letters| letters.into_iter().collect())
}

fn claims(users: RangeInclusive<usize>) -> impl Strategy<Value = Vec<(String, i64)>> {
    let of = |amounts: BoxedStrategy<i64>| vec((user_ids(), amounts), users.clone());
    prop_oneof![
        of((0..=3_i64).boxed()),
        of((0..=1_000_i64).boxed()),
        of((0..=400_i64).prop_map(|halves| halves * 500).boxed()),
        of((i64::MAX - 5..=i64::MAX).boxed()),
        of(proptest::sample::select([0, 1, i64::MAX].as_slice()).boxed()),
        of((0..=i64::MAX).boxed()),
    ]
}

#[derive(Debug, Clone)]
enum Pool {
    Of(i64),
    /// A part of the total, because then the remainders of unlike units are alike.
    Part {
        times: u128,
        over: u128,
    },
}

impl Pool {
    fn of(&self, units: &[(String, i64)]) -> i64 {
        match self {
            Self::Of(pool) => *pool,
            Self::Part { times, over } => {
                let total = Split { units: units.to_vec(), pool: 0 }.total();
                i64::try_from(total * times / over).unwrap_or(i64::MAX)
            }
        }
    }
}

fn pools() -> impl Strategy<Value = Pool> {
    prop_oneof![
        2 => (0..=20_i64).prop_map(Pool::Of),
        2 => (0..=1_000_000_i64).prop_map(Pool::Of),
        1 => (i64::MAX - 5..=i64::MAX).prop_map(Pool::Of),
        1 => (0..=i64::MAX).prop_map(Pool::Of),
        3 => (1..=9_u128, 1..=6_u128).prop_map(|(times, over)| Pool::Part { times, over }),
    ]
}
