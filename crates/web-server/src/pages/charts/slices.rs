//! A whole cut into its largest parts and the rest.

use crate::pages::figures::{Count, Credits, Share, Units};

/// How many parts are named; what is left becomes one part.
const NAMED: usize = 8;

/// One part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slice {
    /// Whose.
    pub name: String,
    /// The contributor's row, where it has an address.
    pub href: Option<String>,
    /// How many units.
    pub units: Units,
    /// What they are worth, where that is known.
    pub credits: Option<Credits>,
    /// The part of the whole. Set by [`slices`].
    pub share: Share,
    /// The colour: 1 to 8, and 9 for the rest. Set by [`slices`].
    pub series: usize,
    /// How many people the rest is; `None` for a named part.
    pub others: Option<Count>,
}

impl Slice {
    /// One contributor's part.
    pub fn of(
        name: impl Into<String>,
        href: Option<String>,
        units: Units,
        credits: Option<Credits>,
    ) -> Self {
        let name = name.into();
        Self { name, href, units, credits, share: Share(0), series: 0, others: None }
    }
}

/// The largest parts by units, then the rest as one. Parts without units are left out; ties keep
/// the order they came in.
pub fn slices(mut parts: Vec<Slice>) -> Vec<Slice> {
    parts.retain(|part| part.units.0 > 0);
    parts.sort_by_key(|part| std::cmp::Reverse(part.units));
    let total = sum(parts.iter().map(|part| part.units.0));
    if parts.len() > NAMED + 1 {
        let rest = parts.split_off(NAMED);
        parts.push(rest_of(&rest));
    }
    for (index, part) in parts.iter_mut().enumerate() {
        part.series = index + 1;
        part.share = Share::of(part.units.0, total);
    }
    parts
}

fn rest_of(rest: &[Slice]) -> Slice {
    let count = u64::try_from(rest.len()).unwrap_or(u64::MAX);
    let credits: Option<Vec<i64>> = rest.iter().map(|part| part.credits.map(|c| c.0)).collect();
    let mut slice = Slice::of(
        format!("{count} others"),
        None,
        Units(sum(rest.iter().map(|part| part.units.0))),
        credits.map(|all| Credits(sum(all.into_iter()))),
    );
    slice.others = Some(Count(count));
    slice
}

/// A picture's sum. The ledger refuses sums that do not fit, so saturation is never seen.
fn sum(numbers: impl Iterator<Item = i64>) -> i64 {
    numbers.fold(0, i64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::{Slice, slices};
    use crate::pages::figures::{Count, Credits, Share, Units};

    fn part(name: &str, units: i64) -> Slice {
        Slice::of(name, None, Units(units), Some(Credits(units / 10)))
    }

    #[test]
    fn the_largest_are_named_and_the_rest_is_one() {
        let parts = (1..=12).map(|n| part(&format!("p{n}"), n * 1_000)).collect();
        let cut = slices(parts);
        assert_eq!(cut.len(), 9);
        assert_eq!(cut[0].name, "p12");
        assert_eq!((cut[8].others, cut[8].units), (Some(Count(4)), Units(10_000)));
        assert_eq!(cut[8].credits, Some(Credits(1_000)));
        assert_eq!(cut.iter().map(|part| part.units.0).sum::<i64>(), 78_000);
    }

    #[test]
    fn a_rest_of_one_is_named_and_nothing_is_left_out() {
        let cut = slices((1..=9).map(|n| part(&format!("p{n}"), n)).collect());
        assert_eq!(cut.last().map(|part| part.name.as_str()), Some("p1"));
        assert_eq!(slices(vec![part("nobody", 0)]), vec![]);
        assert_eq!(slices(vec![part("one", 5)])[0].share, Share(1_000_000));
    }
}
