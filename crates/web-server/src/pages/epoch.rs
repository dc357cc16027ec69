//! One epoch: who gets what, and how that comes about.

use askama::Template;

use super::charts::{Flow, ShareBar};
use super::figures::{Count, Credits, CreditsChange, Share, Units};
use super::{
    Decision, EpochHead, EventTable, KindRow, Layout, Message, Pagination, Person, PoolPart,
};

/// One contributor of the epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ContributorRow {
    /// The place by units, from 1.
    pub rank: u64,
    /// Who.
    pub person: Person,
    /// Units that count: the decision's, or the proposal's.
    pub units: Units,
    /// The part of all units.
    pub share: Share,
    /// The amount; `None` while no pool is known.
    pub credits: Option<Credits>,
    /// The difference from the last closed epoch.
    pub change: Option<CreditsChange>,
    /// Whether they had nothing in the last epoch. Shown instead of a change.
    pub is_new: bool,
    /// The admin's decision, where there is one.
    pub decision: Option<Decision>,
    /// This page with the row open or, where it is open, closed. Without the fragment.
    pub toggle_href: String,
    /// What is shown below the row, where it is open.
    pub expanded: Option<Expanded>,
}

/// An open row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expanded {
    /// Their events by kind.
    pub kinds: Vec<KindRow>,
    /// Their newest events.
    pub events: EventTable,
    /// All their events, where the table does not hold them all.
    pub all_events_href: Option<String>,
    /// Why they get that amount.
    pub explain_href: String,
}

/// `/l/{ledger}` and `/l/{ledger}/epochs/{id}`
#[derive(Debug, Clone, Template)]
#[template(path = "epoch.html")]
pub struct EpochPage {
    /// The frame.
    pub layout: Layout,
    /// A message, for example after the epoch was closed.
    pub message: Option<Message>,
    /// The epoch.
    pub head: EpochHead,
    /// `2 days 3 hours left`, `Ended 5 hours ago`, `Closed 24 Nov 2026`.
    pub time_left: String,
    /// The sum of the pool's parts; `None` while there are none.
    pub pool_total: Option<Credits>,
    /// The pool's parts.
    pub pool: Vec<PoolPart>,
    /// All units.
    pub total_units: Units,
    /// How many events there are, unresolved ones too.
    pub events: Count,
    /// Events that wait for a name.
    pub unresolved: Count,
    /// Events from before the window.
    pub late: Count,
    /// How many contributors there are, on all pages.
    pub contributor_count: Count,
    /// What must be done before the epoch can be closed, one sentence each. Empty once closed.
    pub missing: Vec<String>,
    /// Who has what part; `None` where nobody has units.
    pub shares: Option<ShareBar>,
    /// How it comes about; `None` where nobody has units.
    pub flow: Option<Flow>,
    /// One page of contributors.
    pub contributors: Vec<ContributorRow>,
    /// The other pages.
    pub pagination: Pagination,
    /// The epoch before, by number.
    pub previous_id: Option<i64>,
    /// The epoch after, by number.
    pub next_id: Option<i64>,
}

impl EpochPage {
    /// Whether nothing was collected yet.
    pub fn is_empty(&self) -> bool {
        self.events.0 == 0 && self.contributors.is_empty()
    }

    /// The last closed epoch's amounts are compared with only where there are some.
    pub fn shows_change(&self) -> bool {
        self.contributors.iter().any(|row| row.change.is_some())
    }

    /// How many columns the table of contributors has.
    pub fn columns(&self) -> u8 {
        if self.shows_change() { 6 } else { 5 }
    }
}

/// A ledger without any epoch.
#[derive(Debug, Clone, Template)]
#[template(path = "no_epoch.html")]
pub struct NoEpochPage {
    /// The frame.
    pub layout: Layout,
    /// The week to put into the example command: `2026-W48`.
    pub week: String,
}
