//! What everybody got over all closed epochs.

use askama::Template;

use super::figures::{Count, Credits, Share};
use super::{Layout, Pagination, Person};

/// One person's total.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldingRow {
    /// The place by credits, from 1.
    pub rank: u64,
    /// Who.
    pub person: Person,
    /// The total.
    pub credits: Credits,
    /// How many epochs paid them.
    pub epochs_paid: Count,
    /// The last epoch that did.
    pub last_epoch: i64,
    /// The length of the row's bar: `Share::of(credits, the largest total)`.
    pub bar: Share,
}

/// `/l/{ledger}/holdings`
#[derive(Debug, Clone, Template)]
#[template(path = "holdings.html")]
pub struct HoldingsPage {
    /// The frame.
    pub layout: Layout,
    /// What all closed epochs paid.
    pub total: Credits,
    /// How many people were paid.
    pub people: Count,
    /// How many epochs are closed.
    pub epochs: Count,
    /// One page, the largest first.
    pub rows: Vec<HoldingRow>,
    /// The other pages.
    pub pagination: Pagination,
}
