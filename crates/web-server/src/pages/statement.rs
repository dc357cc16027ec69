//! The payout table of a closed epoch.

use askama::Template;

use super::figures::{Count, Credits, Units};
use super::{EpochHead, Layout, Message, Moment, Pagination, PayoutRow};

/// A statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its id.
    pub id: String,
    /// SHA-256 of the units it was computed from.
    pub allocation_set_hash: String,
    /// SHA-256 of the payouts.
    pub payouts_hash: String,
    /// When it was written.
    pub created: Moment,
    /// The statement that this one corrects.
    pub supersedes: Option<String>,
    /// The pool that it splits.
    pub pool_total: Credits,
    /// All units.
    pub total_units: Units,
    /// How many rows there are, on all pages.
    pub row_count: Count,
    /// Sorted bytewise by user id, as in the files.
    pub rows: Vec<PayoutRow>,
    /// The other pages.
    pub pagination: Pagination,
}

/// One thing that was recomputed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// `the payouts follow from units and pool`.
    pub name: String,
    /// The first difference; `None` where it agrees.
    pub difference: Option<String>,
}

/// The report of a recomputation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verification {
    /// In the order in which data flows.
    pub checks: Vec<Check>,
}

impl Verification {
    /// Whether everything agrees.
    pub fn is_verified(&self) -> bool {
        self.checks.iter().all(|check| check.difference.is_none())
    }
}

/// `/l/{ledger}/epochs/{id}/statement`
#[derive(Debug, Clone, Template)]
#[template(path = "statement.html")]
pub struct StatementPage {
    /// The frame.
    pub layout: Layout,
    /// A message, for example after the epoch was closed.
    pub message: Option<Message>,
    /// The epoch.
    pub head: EpochHead,
    /// The statement; `None` while the epoch is not closed.
    pub statement: Option<Statement>,
    /// The report, where it was asked for.
    pub verification: Option<Verification>,
    /// What happens before there is a statement, one sentence each.
    pub next_steps: Vec<String>,
}
