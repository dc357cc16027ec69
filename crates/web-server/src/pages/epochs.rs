//! All epochs of a ledger.

use askama::Template;

use super::figures::Credits;
use super::{EpochState, Layout, Moment, Pagination};

/// One epoch of the list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochListRow {
    /// Its number.
    pub id: i64,
    /// Where it stands.
    pub state: EpochState,
    /// The window's start.
    pub start: Moment,
    /// The window's end.
    pub end: Moment,
    /// What was paid; `None` while it is not closed.
    pub paid: Option<Credits>,
}

/// `/l/{ledger}/epochs`
#[derive(Debug, Clone, Template)]
#[template(path = "epochs.html")]
pub struct EpochsPage {
    /// The frame.
    pub layout: Layout,
    /// Newest first.
    pub epochs: Vec<EpochListRow>,
    /// The other pages.
    pub pagination: Pagination,
}
