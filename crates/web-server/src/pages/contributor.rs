//! One contributor, across epochs.

use askama::Template;

use super::charts::Columns;
use super::figures::{Count, Credits, Share, Units};
use super::{EpochState, Layout, Moment, Pagination, Person};

/// One epoch of a contributor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContributorEpoch {
    /// The epoch's number.
    pub id: i64,
    /// Where it stands.
    pub state: EpochState,
    /// The window's start.
    pub start: Moment,
    /// The window's end.
    pub end: Moment,
    /// Units that count.
    pub units: Units,
    /// The part of all units.
    pub share: Share,
    /// The amount; `None` where no pool is known yet.
    pub credits: Option<Credits>,
    /// Why it is that amount.
    pub explain_href: String,
}

/// `/l/{ledger}/users/{user}`
#[derive(Debug, Clone, Template)]
#[template(path = "contributor.html")]
pub struct ContributorPage {
    /// The frame.
    pub layout: Layout,
    /// Who.
    pub person: Person,
    /// What closed epochs paid in all.
    pub paid: Credits,
    /// How many closed epochs paid them.
    pub epochs_paid: Count,
    /// What epochs that are not closed would pay; `None` where there is none.
    pub expected: Option<Credits>,
    /// Credits of closed epochs, oldest first; `None` for fewer than two.
    pub history: Option<Columns>,
    /// Newest first.
    pub epochs: Vec<ContributorEpoch>,
    /// The other pages.
    pub pagination: Pagination,
}
