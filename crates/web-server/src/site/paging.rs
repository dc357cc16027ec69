//! Links to the other parts of a list: cut by numbers, where it is ordered by what changes, such as a
//! rank; read on from a cursor, where it is not.

use crate::pages::figures::Count;
use crate::pages::{Pagination, address};

/// How many there are, as pages show it.
pub(crate) fn count(items: usize) -> Count {
    Count(u64::try_from(items).unwrap_or(u64::MAX))
}

/// Links to the other pages of a list that is cut by numbers.
pub(crate) fn numbered_pages(
    what: &str,
    base: &str,
    keep: &[(&str, &str)],
    page: usize,
    (from, to, all): (usize, usize, usize),
) -> Pagination {
    let at = |number: usize| {
        let number = if number > 1 { number.to_string() } else { String::new() };
        let pairs: Vec<(&str, &str)> =
            keep.iter().copied().chain([("page", number.as_str())]).collect();
        format!("{base}{}", address::query(&pairs))
    };
    Pagination {
        summary: format!("{what} {} to {to} of {all}", (from + 1).min(all)),
        first: (page > 2).then(|| at(1)),
        previous: (page > 1).then(|| at(page - 1)),
        next: (to < all).then(|| at(page + 1)),
    }
}

/// Links to the other pages of a list that is read on from a cursor: the first and the next.
pub(crate) fn keyset_pages(
    summary: String,
    base: &str,
    keep: &[(&str, &str)],
    is_first: bool,
    next: Option<&str>,
) -> Pagination {
    let at = |after: &str| {
        let pairs: Vec<(&str, &str)> = keep.iter().copied().chain([("after", after)]).collect();
        format!("{base}{}", address::query(&pairs))
    };
    Pagination { summary, first: (!is_first).then(|| at("")), previous: None, next: next.map(at) }
}
