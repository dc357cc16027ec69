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
    let Some(split) = Split::of(&summed, pool)? else { return Ok(Vec::new()) };
    let total = split.total;
    let rows = summed.into_iter().zip(split.with_the_rest());
    rows.map(|((user_id, units), amount)| {
        let share = share(units, total).ok_or_else(|| overflow(&user_id))?;
        let amount_credits = Credits::try_from(i128::from(amount))?;
        Ok(Payout { user_id, total_units: units, share, amount_credits })
    })
    .collect()
}

/// Each user once, bytewise.
fn sum_by_user(
    units: impl IntoIterator<Item = (UserId, Units)>,
) -> Result<Vec<(UserId, Units)>, AmountOverflow> {
    let mut summed = sorted_by_user(units, |(user_id, _)| user_id);
    let mut overflowed = None;
    summed.dedup_by(|(user_id, units), (last, sum)| {
        let is_same = last == user_id;
        if is_same {
            match sum.checked_add(*units) {
                Some(both) => *sum = both,
                None => drop(overflowed.get_or_insert_with(|| overflow(user_id))),
            }
        }
        is_same
    });
    overflowed.map_or(Ok(summed), Err)
}

/// Sorted bytewise by user id.
///
/// Comparing two texts visits both, wherever they lie. Nearly all ids differ in their first bytes, so
/// those are carried along and compared first, and whole ids only where they do not tell.
pub(crate) fn sorted_by_user<T: Ord>(
    items: impl IntoIterator<Item = T>,
    user_id: impl Fn(&T) -> &UserId,
) -> Vec<T> {
    let items: Vec<T> = items.into_iter().collect();
    if items.is_sorted() {
        return items;
    }
    let beginning = |item: &T| {
        let mut first = [0; 16];
        first.iter_mut().zip(user_id(item).as_str().bytes()).for_each(|(to, from)| *to = from);
        // No id holds a zero, so a shorter one comes first, as it must.
        u128::from_be_bytes(first)
    };
    let mut keyed: Vec<(u128, T)> =
        items.into_iter().map(|item| (beginning(&item), item)).collect();
    keyed.sort_unstable();
    keyed.into_iter().map(|(_, item)| item).collect()
}

fn overflow(user_id: &UserId) -> AmountOverflow {
    AmountOverflow { what: format!("the units of {user_id}") }
}

fn total_of(units: &[(UserId, Units)]) -> Result<i128, AmountOverflow> {
    units.iter().try_fold(0_i128, |total, (user_id, units)| {
        total.checked_add(units.get().into()).ok_or_else(|| overflow(user_id))
    })
}

/// What each user gets, in the order of the users, whose ids are sorted: a lower position is a smaller
/// user id, which is the order in which ties are broken.
struct Split {
    total: i128,
    /// What each gets, rounded down.
    floors: Vec<i64>,
    /// What that rounding left of each.
    remainders: Vec<i128>,
    /// What all the rounding left: fewer credits than there are remainders above zero.
    left_over: usize,
}

impl Split {
    /// `None` where nobody is paid.
    fn of(units: &[(UserId, Units)], pool: Credits) -> Result<Option<Self>, AmountOverflow> {
        let total = total_of(units)?;
        if total == 0 || pool == Credits::ZERO {
            return Ok(None);
        }
        let (mut floors, mut remainders) =
            (Vec::with_capacity(units.len()), Vec::with_capacity(units.len()));
        let mut left = i128::from(pool.get());
        for (user_id, units) in units {
            let (floor, remainder) = i128::from(units.get())
                .checked_mul(pool.get().into())
                .and_then(|product| {
                    let floor = product.checked_div(total)?;
                    // A second division would cost as much as all the rest.
                    Some((floor, product.checked_sub(floor.checked_mul(total)?)?))
                })
                .ok_or_else(|| overflow(user_id))?;
            left = left.saturating_sub(floor);
            floors.push(i64::try_from(floor).map_err(|_| overflow(user_id))?);
            remainders.push(remainder);
        }
        let left_over =
            usize::try_from(left).map_err(|_| AmountOverflow { what: "the payouts".to_owned() })?;
        Ok(Some(Self { total, floors, remainders, left_over }))
    }

    /// What each gets once the largest remainders were given one credit each.
    fn with_the_rest(self) -> Vec<i64> {
        let mut amounts = self.floors;
        let Some(last) = self.left_over.checked_sub(1) else { return amounts };
        let mut ranked = self.remainders.clone();
        let (above, least, _) = ranked.select_nth_unstable_by(last, |a, b| b.cmp(a));
        let least = *least;
        let above = above.iter().filter(|remainder| **remainder > least).count();
        // Those who have the least remainder that still gets a credit share what is left for them.
        let winners = self.left_over.saturating_sub(above);
        // For the torture `model`: the last of them get it, and not the first.
        let first = if crate::has_fault!("fault-wrong-tie-break") {
            let ties = self.remainders.iter().filter(|remainder| least.eq(remainder)).count();
            ties.saturating_sub(winners)
        } else {
            0
        };
        let winners = first..first.saturating_add(winners);
        let mut tie = 0_usize;
        for (amount, remainder) in amounts.iter_mut().zip(&self.remainders) {
            let is_tie = *remainder == least;
            if *remainder > least || is_tie && winners.contains(&tie) {
                *amount = amount.saturating_add(1);
            }
            tie = tie.saturating_add(usize::from(is_tie));
        }
        amounts
    }
}

/// Cut to six decimals.
fn share(units: Units, total: i128) -> Option<String> {
    let scaled = i128::from(units.get()).checked_mul(SHARE_SCALE)?.checked_div(total)?;
    let mut left = u32::try_from(scaled).ok()?;
    let mut text = *b"0.000000";
    for (at, digit) in text.iter_mut().enumerate().rev() {
        if at != 1 {
            *digit = b'0'.checked_add(u8::try_from(left.checked_rem(10)?).ok()?)?;
            left = left.checked_div(10)?;
        }
    }
    Some(String::from_utf8_lossy(&text).into_owned())
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
    let Some(split) = Split::of(&summed, pool)? else { return Ok(None) };
    let Ok(position) = summed.binary_search_by(|(other, _)| other.cmp(user_id)) else {
        return Ok(None);
    };
    let own = (summed.get(position), split.floors.get(position), split.remainders.get(position));
    let (Some((_, own_units)), Some(&floor), Some(&remainder)) = own else { return Ok(None) };
    let is_before = |(other, theirs): &(usize, &i128)| {
        **theirs > remainder || (**theirs == remainder && *other < position)
    };
    let before = split.remainders.iter().enumerate().filter(is_before).count();
    let (total_units, left_over) = (split.total, split.left_over);
    let paid = split.with_the_rest().get(position).copied().unwrap_or(floor);
    let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
    let amount = |number: i64| Credits::try_from(i128::from(number));
    Ok(Some(PayoutSteps {
        units: *own_units,
        total_units,
        pool,
        share: share(*own_units, total_units).ok_or_else(|| overflow(user_id))?,
        floor: amount(floor)?,
        remainder,
        left_over: count(left_over),
        rank: count(before).saturating_add(1),
        extra: amount(paid.saturating_sub(floor))?,
        amount: amount(paid)?,
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
