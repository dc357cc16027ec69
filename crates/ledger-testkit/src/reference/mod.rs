//! Payouts and the allocation set hash a second time, from the specification's section "Payout" and
//! nothing else. It shares no code and no method with the ledger: amounts are found by comparing
//! products, shares by long division on paper, and the hashed bytes are put together one by one.
//!
//! Nothing here may import `ledger_core`; a second opinion that asks the first is none.

mod wide;

use std::cmp::Ordering;

use sha2::{Digest, Sha256};

pub use self::wide::Wide;

/// One line of a payout table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// Who.
    pub user_id: String,
    /// For how many milli-units.
    pub total_units: i64,
    /// The part of all units, to six decimals.
    pub share: String,
    /// How much.
    pub amount_credits: i64,
}

/// Splits the pool.
///
/// # Errors
/// Names the first user whose units do not fit into 63 bits.
///
/// # Panics
/// When units are negative.
pub fn payouts(units: &[(String, i64)], pool: i64) -> Result<Vec<Row>, String> {
    let summed = sum(units)?;
    let total: u128 = summed.iter().map(|(_, units)| unsigned(*units)).sum();
    if total == 0 || pool == 0 {
        return Ok(Vec::new());
    }
    let row = |(user_id, units): (String, i64)| Row {
        share: long_division(units, total),
        amount_credits: floor(units, pool, total),
        total_units: units,
        user_id,
    };
    let mut rows: Vec<Row> = summed.into_iter().map(row).collect();
    while rows.iter().map(|row| row.amount_credits).sum::<i64>() < pool {
        let neediest = neediest(&rows, pool, total);
        rows[neediest].amount_credits += 1;
    }
    Ok(rows)
}

/// The lower-case hexadecimal SHA-256 of the lines `user_id:units`.
///
/// # Panics
/// When units are negative or do not fit into 63 bits.
pub fn allocation_set_hash(allocations: &[(String, i64)]) -> String {
    let mut bytes = Vec::new();
    for (user_id, units) in sum(allocations).expect("the units fit") {
        if !bytes.is_empty() {
            bytes.push(0x0a);
        }
        bytes.extend(user_id.bytes());
        bytes.push(0x3a);
        bytes.extend(decimal(units));
    }
    sha256_hex(&bytes)
}

/// The lower-case hexadecimal SHA-256 of these bytes.
pub fn sha256_hex(bytes: &[u8]) -> String {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    Sha256::digest(bytes).iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]).collect()
}

fn unsigned(number: i64) -> u128 {
    u128::try_from(number).expect("not negative")
}

/// Each user once, inserted where the bytes of the id belong.
fn sum(units: &[(String, i64)]) -> Result<Vec<(String, i64)>, String> {
    let mut sums: Vec<(String, u128)> = Vec::new();
    for (user_id, units) in units {
        match sums.iter().position(|(other, _)| compare(other, user_id) != Ordering::Less) {
            Some(found) if sums[found].0 == *user_id => sums[found].1 += unsigned(*units),
            Some(greater) => sums.insert(greater, (user_id.clone(), unsigned(*units))),
            None => sums.push((user_id.clone(), unsigned(*units))),
        }
    }
    sums.into_iter()
        .map(|(user_id, sum)| Ok((user_id.clone(), narrow(sum).ok_or(user_id)?)))
        .collect()
}

fn narrow(number: u128) -> Option<i64> {
    i64::try_from(number).ok()
}

fn compare(one: &str, other: &str) -> Ordering {
    for (a, b) in one.bytes().zip(other.bytes()) {
        if a != b {
            return a.cmp(&b);
        }
    }
    one.len().cmp(&other.len())
}

/// The largest amount with `amount·total ≤ units·pool`, found by halving.
fn floor(units: i64, pool: i64, total: u128) -> i64 {
    let exact = Wide::product(units, unsigned(pool));
    let (mut fits, mut tried_from) = (0, pool);
    while fits < tried_from {
        let middle = fits + (tried_from - fits).div_euclid(2) + (tried_from - fits).rem_euclid(2);
        if Wide::product(middle, total) <= exact {
            fits = middle;
        } else {
            tried_from = middle - 1;
        }
    }
    fits
}

/// Who is owed most: `units·pool/total - amount`, both sides times `total`, negative terms moved to
/// the other side. Of equals the first, so the bytewise smallest. Whoever got a credit is owed less
/// than nothing and does not come up again.
fn neediest(rows: &[Row], pool: i64, total: u128) -> usize {
    let owed_more = |one: &Row, other: &Row| {
        let left = Wide::product(one.total_units, unsigned(pool));
        let right = Wide::product(other.total_units, unsigned(pool));
        left.plus(Wide::product(other.amount_credits, total))
            > right.plus(Wide::product(one.amount_credits, total))
    };
    let mut neediest = 0;
    for position in 1..rows.len() {
        if owed_more(&rows[position], &rows[neediest]) {
            neediest = position;
        }
    }
    neediest
}

/// `units/total` digit by digit, six digits after the point, by subtraction.
fn long_division(units: i64, total: u128) -> String {
    let mut rest = unsigned(units);
    let mut digits = String::new();
    for position in 0..=6 {
        let mut digit = b'0';
        while rest >= total {
            rest -= total;
            digit += 1;
        }
        digits.push(char::from(digit));
        if position == 0 {
            digits.push('.');
        }
        rest *= 10;
    }
    digits
}

fn decimal(number: i64) -> Vec<u8> {
    let mut rest = number;
    let mut digits = Vec::new();
    while rest > 0 || digits.is_empty() {
        digits.push(b'0' + u8::try_from(rest % 10).expect("a digit"));
        rest /= 10;
    }
    digits.reverse();
    digits
}
