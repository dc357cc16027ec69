//! The payout rules once more, as the specification says them and in another way than the product
//! does: no shared code, sums in `i128`, a map for each step. What both get wrong is wrong in the
//! specification.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use ledger_core::{Allocation, Payout};
use sha2::{Digest as _, Sha256};

/// A row of a statement: user, units, share, credits.
pub(crate) type Row = (String, i64, String, i64);

fn units_of(allocations: &[Allocation]) -> BTreeMap<&[u8], i128> {
    let mut units = BTreeMap::new();
    for one in allocations {
        *units.entry(one.user_id.as_str().as_bytes()).or_insert(0) +=
            i128::from(one.payable_units().get());
    }
    units
}

/// What each gets.
pub(crate) fn rows(allocations: &[Allocation], pool: i64) -> Vec<Row> {
    let units = units_of(allocations);
    let (total, pool) = (units.values().sum::<i128>(), i128::from(pool));
    if total == 0 || pool <= 0 {
        return Vec::new();
    }
    let mut paid: BTreeMap<&[u8], i128> =
        units.iter().map(|(user, units)| (*user, units * pool / total)).collect();
    let left_over = pool - paid.values().sum::<i128>();
    // Largest remainder first; of equal ones the bytewise smallest user, which the map gives first and
    // a stable sort leaves there.
    let mut turns: Vec<(&[u8], i128)> =
        units.iter().map(|(user, units)| (*user, units * pool % total)).collect();
    turns.sort_by_key(|(_, remainder)| -remainder);
    for (user, _) in turns.iter().take(usize::try_from(left_over).unwrap_or(usize::MAX)) {
        *paid.entry(user).or_insert(0) += 1;
    }
    let narrow = |number: i128| i64::try_from(number).unwrap_or(i64::MAX);
    let row = |(user, units): (&&[u8], &i128)| {
        let millionths = units * 1_000_000 / total;
        let share = format!("{}.{:06}", millionths / 1_000_000, millionths % 1_000_000);
        let name = String::from_utf8_lossy(user).into_owned();
        (name, narrow(*units), share, narrow(paid[*user]))
    };
    units.iter().map(row).collect()
}

/// What the statement says, in the same shape.
pub(crate) fn rows_of(payouts: &[Payout]) -> Vec<Row> {
    let row = |one: &Payout| {
        let user = one.user_id.as_str().to_owned();
        (user, one.total_units.get(), one.share.clone(), one.amount_credits.get())
    };
    payouts.iter().map(row).collect()
}

/// The hash of who has how many units.
pub(crate) fn hash(allocations: &[Allocation]) -> String {
    let lines: Vec<String> = units_of(allocations)
        .iter()
        .map(|(user, units)| format!("{}:{units}", String::from_utf8_lossy(user)))
        .collect();
    Sha256::digest(lines.join("\n")).iter().fold(String::new(), |mut hex, byte| {
        // Writing to a string does not fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
