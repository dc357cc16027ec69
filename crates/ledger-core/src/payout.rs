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
        let tie = if cfg!(feature = "fault-wrong-tie-break") { b.cmp(a) } else { a.cmp(b) };
        remainder(b).cmp(&remainder(a)).then(tie)
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

/// Every step from one user's units to what they are paid. The last one is what [`payouts`] gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutSteps {
    /// The user's units, summed.
    pub units: Units,
    /// Everybody's.
    pub total_units: i128,
    /// What is split.
    pub pool: Credits,
    /// The user's part of all units, as in the statement.
    pub share: String,
    /// `units·pool / total_units`, rounded down.
    pub floor: Credits,
    /// What that rounding left: `units·pool mod total_units`.
    pub remainder: i128,
    /// How many credits all the rounding down left over; each goes to one of the largest remainders.
    pub left_over: u64,
    /// Where the user's remainder stands among all, from 1; ties go to the smaller user id.
    pub rank: u64,
    /// One where the rank is within what was left over, else nothing.
    pub extra: Credits,
    /// What is paid: floor and extra.
    pub amount: Credits,
}

/// Explains one user's amount. `None` where nobody is paid, or the user has no units in the set.
///
/// # Errors
/// As [`payouts`].
pub fn payout_steps(
    units: impl IntoIterator<Item = (UserId, Units)>,
    pool: Credits,
    user_id: &UserId,
) -> Result<Option<PayoutSteps>, AmountOverflow> {
    let summed = sum_by_user(units)?;
    let total = total_of(&summed)?;
    if total == 0 || pool == Credits::ZERO {
        return Ok(None);
    }
    let mut claims = claims(summed, pool, total)?;
    let Ok(position) = claims.binary_search_by(|claim| claim.user_id.cmp(user_id)) else {
        return Ok(None);
    };
    let floors = claims.iter().map(|claim| claim.floor);
    let left_over = floors.fold(i128::from(pool.get()), i128::saturating_sub);
    let Some((own_units, floor, remainder)) =
        claims.get(position).map(|claim| (claim.units, claim.floor, claim.remainder))
    else {
        return Ok(None);
    };
    let is_before = |(other, claim): &(usize, &Claim)| {
        claim.remainder > remainder || (claim.remainder == remainder && *other < position)
    };
    let before = claims.iter().enumerate().filter(is_before).count();
    hand_out_the_rest(&mut claims, pool)?;
    let paid = claims.get(position).map_or(floor, |claim| claim.floor);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    Ok(Some(PayoutSteps {
        units: own_units,
        total_units: total,
        pool,
        share: share(own_units, total).ok_or_else(|| overflow(user_id))?,
        floor: Credits::try_from(floor)?,
        remainder,
        left_over: u64::try_from(left_over).unwrap_or(u64::MAX),
        rank: count(before).saturating_add(1),
        extra: Credits::try_from(paid.saturating_sub(floor))?,
        amount: Credits::try_from(paid)?,
    }))
}

#[cfg(test)]
mod tests {
    use super::{payout_steps, payouts};
    use crate::{Credits, Units, UserId};

    #[test]
    fn the_steps_of_everybody_add_up_to_what_is_paid() {
        // Remainders that tie, a user without units, and a pool that does not divide.
        let cases: [(&[i64], i64); 5] =
            [(&[1, 1, 1], 100), (&[3, 0, 2, 2], 7), (&[8_000, 1, 1], 2), (&[5], 9), (&[1, 2], 0)];
        for (numbers, pool) in cases {
            let pool = Credits::new(pool).expect("positive");
            let units: Vec<(UserId, Units)> = numbers
                .iter()
                .enumerate()
                .map(|(at, number)| {
                    let user = UserId::new(format!("user-{at}")).expect("an id");
                    (user, Units::new(*number).expect("positive"))
                })
                .collect();
            let rows = payouts(units.clone(), pool).expect("they fit");
            for row in &rows {
                let steps = payout_steps(units.clone(), pool, &row.user_id)
                    .expect("they fit")
                    .expect("there are steps");
                assert_eq!(steps.amount, row.amount_credits);
                assert_eq!(steps.share, row.share);
                assert_eq!(steps.floor.checked_add(steps.extra), Some(steps.amount));
                assert_eq!(steps.extra.get() == 1, steps.rank <= steps.left_over);
                let product = i128::from(steps.units.get()) * i128::from(pool.get());
                let floor = i128::from(steps.floor.get());
                assert_eq!(floor * steps.total_units + steps.remainder, product);
            }
            if rows.is_empty() {
                let user = UserId::new("user-0").expect("an id");
                assert_eq!(payout_steps(units, pool, &user), Ok(None));
            }
        }
    }
}
