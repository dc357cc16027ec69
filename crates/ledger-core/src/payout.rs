//! From units to credits: the largest remainder method (Hare quota, as Hamilton's rule in
//! apportionment), in whole numbers only.

use serde::{Deserialize, Serialize};

use crate::{AmountOverflow, Credits, Units, UserId};

/// Decimals of a share.
const SHARE_SCALE: i128 = 1_000_000;

/// What one user is paid. Its JSON is a row of a statement's `payouts_json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payout {
    /// Who.
    pub user_id: UserId,
    /// For how many milli-units.
    pub total_units: Units,
    /// The user's part of all units, cut (not rounded) to six decimals.
    pub share: String,
    /// How much.
    pub amount_credits: Credits,
}

struct Claim {
    user_id: UserId,
    units: Units,
    floor: i128,
    remainder: i128,
}

/// Splits the pool in proportion to the units.
///
/// Units of one user are summed. Each user gets `units·pool / total`, rounded down; what is left
/// over goes one credit each to the largest remainders, ties to the bytewise smallest user id. The
/// rows come sorted bytewise by user id and sum to the pool exactly. Without units, or without a
/// pool, there are no rows.
///
/// # Errors
/// When one user's units do not fit into 63 bits.
pub fn payouts(
    units: impl IntoIterator<Item = (UserId, Units)>,
    pool: Credits,
) -> Result<Vec<Payout>, AmountOverflow> {
    let summed = sum_by_user(units)?;
    let total = total_of(&summed)?;
    if total == 0 || pool == Credits::ZERO {
        return Ok(Vec::new());
    }
    let mut claims = claims(summed, pool, total)?;
    hand_out_the_rest(&mut claims, pool)?;
    claims.into_iter().map(|claim| into_payout(claim, total)).collect()
}

fn sum_by_user(
    units: impl IntoIterator<Item = (UserId, Units)>,
) -> Result<Vec<(UserId, Units)>, AmountOverflow> {
    let mut sorted: Vec<_> = units.into_iter().collect();
    sorted.sort_unstable();
    let mut summed: Vec<(UserId, Units)> = Vec::with_capacity(sorted.len());
    for (user_id, units) in sorted {
        match summed.last_mut() {
            Some((last, sum)) if *last == user_id => {
                *sum = sum.checked_add(units).ok_or_else(|| overflow(&user_id))?;
            }
            _ => summed.push((user_id, units)),
        }
    }
    Ok(summed)
}

fn overflow(user_id: &UserId) -> AmountOverflow {
    AmountOverflow { what: format!("the units of {user_id}") }
}

fn total_of(units: &[(UserId, Units)]) -> Result<i128, AmountOverflow> {
    units.iter().try_fold(0_i128, |total, (user_id, units)| {
        total.checked_add(units.get().into()).ok_or_else(|| overflow(user_id))
    })
}

fn claims(
    summed: Vec<(UserId, Units)>,
    pool: Credits,
    total: i128,
) -> Result<Vec<Claim>, AmountOverflow> {
    let claim = |(user_id, units): (UserId, Units)| {
        let product = i128::from(units.get()).checked_mul(pool.get().into());
        let (floor, remainder) = product
            .and_then(|product| product.checked_div(total).zip(product.checked_rem(total)))
            .ok_or_else(|| overflow(&user_id))?;
        Ok(Claim { user_id, units, floor, remainder })
    };
    summed.into_iter().map(claim).collect()
}

/// Claims come sorted by user id, so a lower position is a smaller user id: the order in which
/// ties are broken.
fn hand_out_the_rest(claims: &mut [Claim], pool: Credits) -> Result<(), AmountOverflow> {
    let left_over = claims
        .iter()
        .try_fold(i128::from(pool.get()), |left, claim| left.checked_sub(claim.floor))
        .and_then(|left| usize::try_from(left).ok())
        .ok_or_else(|| AmountOverflow { what: "the payouts".to_owned() })?;
    if left_over == 0 {
        return Ok(());
    }
    let mut order: Vec<usize> = (0..claims.len()).collect();
    let by_rank = |a: &usize, b: &usize| {
        let remainder = |position: &usize| claims.get(*position).map(|claim| claim.remainder);
        remainder(b).cmp(&remainder(a)).then_with(|| a.cmp(b))
    };
    // The rest is always smaller than the number of remainders above zero, so it is an index.
    order.select_nth_unstable_by(left_over, by_rank);
    for position in order.into_iter().take(left_over) {
        if let Some(claim) = claims.get_mut(position) {
            claim.floor = claim.floor.saturating_add(1);
        }
    }
    Ok(())
}

fn into_payout(claim: Claim, total: i128) -> Result<Payout, AmountOverflow> {
    let Claim { user_id, units, floor, .. } = claim;
    let share = share(units, total).ok_or_else(|| overflow(&user_id))?;
    Ok(Payout { share, total_units: units, amount_credits: Credits::try_from(floor)?, user_id })
}

fn share(units: Units, total: i128) -> Option<String> {
    let scaled = i128::from(units.get()).checked_mul(SHARE_SCALE)?.checked_div(total)?;
    let (whole, decimals) = (scaled.checked_div(SHARE_SCALE)?, scaled.checked_rem(SHARE_SCALE)?);
    Some(format!("{whole}.{decimals:06}"))
}
