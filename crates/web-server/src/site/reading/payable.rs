//! Who gets what in an epoch: by its statement, or by the units and the pool of today.

use std::collections::BTreeMap;

use ledger_core::{
    Allocation, Credits, Epoch, Payout, PoolComponent, Units, UserId, payouts, pool_total,
};
use ledger_port::{ActivityLedgerStore, all_pages};

use crate::pages::figures::Share;
use crate::problem::Answer;

/// One contributor of an epoch.
pub(crate) struct Line {
    pub(crate) allocation: Allocation,
    /// What is paid, or would be; nothing without a pool.
    pub(crate) payout: Option<Payout>,
}

/// An epoch's contributors and budget.
pub(crate) struct Payable {
    /// By payable units, the most first; ties bytewise by user id.
    pub(crate) lines: Vec<Line>,
    pub(crate) parts: Vec<PoolComponent>,
    /// The sum of the parts; `None` while there are none.
    pub(crate) pool: Option<Credits>,
}

impl Payable {
    pub(crate) async fn of(store: &dyn ActivityLedgerStore, epoch: &Epoch) -> Answer<Self> {
        let allocations = all_pages(|page| store.get_allocations_for_epoch(epoch.id, page)).await?;
        let parts = all_pages(|page| store.get_pool_components_for_epoch(epoch.id, page)).await?;
        let pool = if parts.is_empty() { None } else { Some(pool_total(&parts)?) };
        let rows = match store.get_statement_for_epoch(epoch.id).await? {
            Some(stored) => stored.statement.payouts,
            None => payouts(units_of(&allocations), pool.unwrap_or(Credits::ZERO))?,
        };
        let mut by_user: BTreeMap<UserId, Payout> =
            rows.into_iter().map(|row| (row.user_id.clone(), row)).collect();
        let mut lines: Vec<Line> = allocations
            .into_iter()
            .map(|allocation| Line { payout: by_user.remove(&allocation.user_id), allocation })
            .collect();
        lines.sort_by(|a, b| {
            let order = b.units().cmp(&a.units());
            order.then_with(|| a.allocation.user_id.cmp(&b.allocation.user_id))
        });
        Ok(Self { lines, parts, pool })
    }

    /// Everybody's units. They may be more than fit into an amount; pages show what fits.
    pub(crate) fn total_units(&self) -> i64 {
        let sum: i128 = self.lines.iter().map(|line| i128::from(line.units().get())).sum();
        i64::try_from(sum).unwrap_or(i64::MAX)
    }
}

/// Everybody's payable units.
pub(crate) fn units_of(allocations: &[Allocation]) -> Vec<(UserId, Units)> {
    allocations.iter().map(|one| (one.user_id.clone(), one.payable_units())).collect()
}

impl Line {
    pub(crate) fn units(&self) -> Units {
        self.allocation.payable_units()
    }

    /// The part of all units: the statement's, where there is one.
    pub(crate) fn share(&self, total_units: i64) -> Share {
        match &self.payout {
            Some(row) => share_of(row),
            None => Share::of(self.units().get(), total_units),
        }
    }

    /// What is paid, or would be; nothing while there is no pool.
    pub(crate) fn credits(&self, pool: Option<Credits>) -> Option<Credits> {
        let paid = self.payout.as_ref().map_or(Credits::ZERO, |row| row.amount_credits);
        pool.map(|_| paid)
    }
}

/// A statement's share, which has six decimals, in millionths.
pub(crate) fn share_of(row: &Payout) -> Share {
    let digits: String = row.share.chars().filter(char::is_ascii_digit).collect();
    Share(digits.parse().unwrap_or(0))
}
