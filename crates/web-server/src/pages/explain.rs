//! Why somebody gets exactly that amount.

use askama::Template;

use super::figures::{Count, Credits, Exact, Share, Units, UnitsChange};
use super::{Decision, EpochHead, EventTable, KindRow, Layout, Pagination, Person};

/// How the amount was rounded. All numbers are exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rounding {
    /// units × pool.
    pub product: Exact,
    /// product ÷ total units, without the rest.
    pub floor: Credits,
    /// That rest.
    pub remainder: Exact,
    /// Credits that are left when everybody has their floor.
    pub left_over: Count,
    /// The place of this remainder among all, the largest first; ties by user id.
    pub place: Count,
    /// Among how many.
    pub of: Count,
}

impl Rounding {
    /// Whether one of the left-over credits goes here.
    pub fn gets_one(&self) -> bool {
        self.place <= self.left_over
    }
}

/// `/l/{ledger}/epochs/{id}/users/{user}`
#[derive(Debug, Clone, Template)]
#[template(path = "explain.html")]
pub struct ExplainPage {
    /// The frame.
    pub layout: Layout,
    /// The epoch.
    pub head: EpochHead,
    /// Who.
    pub person: Person,
    /// Their events by kind, those of weight 0 too.
    pub kinds: Vec<KindRow>,
    /// What the kinds add up to.
    pub proposed: Units,
    /// The admin's decision, where there is one.
    pub decision: Option<Decision>,
    /// Units that count.
    pub units: Units,
    /// Everybody's units.
    pub total_units: Units,
    /// units ÷ total units.
    pub share: Share,
    /// The pool; `None` while there is none.
    pub pool: Option<Credits>,
    /// The rounding; `None` without a pool or without units.
    pub rounding: Option<Rounding>,
    /// The amount; `None` while there is no pool.
    pub amount: Option<Credits>,
    /// One page of their events.
    pub events: EventTable,
    /// The other pages.
    pub pagination: Pagination,
}

impl ExplainPage {
    /// What the decision adds or takes away.
    pub fn decided_change(&self) -> UnitsChange {
        UnitsChange(self.units.0.saturating_sub(self.proposed.0))
    }
}
