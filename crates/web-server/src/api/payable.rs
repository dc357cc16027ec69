//! Who gets what in an epoch: by its statement, or by the units and the pool of today.

use std::collections::BTreeMap;

use ledger_core::{
    Allocation, Credits, Epoch, Payout, PayoutSteps, PoolComponent, Units, UserId, payout_steps,
    payouts, pool_total,
};
use ledger_port::{ActivityLedgerStore, all_pages};

use crate::problem::Answer;

/// One contributor of an epoch.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) allocation: Allocation,
    /// What is paid, or would be; nothing without a pool.
    pub(crate) payout: Option<Payout>,
}

/// An epoch's contributors and budget.
#[derive(Debug)]
pub(crate) struct Payable {
    /// By payable units, the most first; ties bytewise by user id.
    pub(crate) lines: Vec<Line>,
    pub(crate) parts: Vec<PoolComponent>,
    /// The statement's, or the sum of the parts; `None` while there are none.
    pub(crate) pool: Option<Credits>,
    /// Whether a statement pays it.
    pub(crate) is_paid: bool,
}

impl Payable {
    pub(crate) async fn of(store: &dyn ActivityLedgerStore, epoch: &Epoch) -> Answer<Self> {
        let allocations = all_pages(|page| store.get_allocations_for_epoch(epoch.id, page)).await?;
        let parts = all_pages(|page| store.get_pool_components_for_epoch(epoch.id, page)).await?;
        let budget = if parts.is_empty() { None } else { Some(pool_total(&parts)?) };
        let stored = store.get_statement_for_epoch(epoch.id).await?;
        let is_paid = stored.is_some();
        let (rows, pool) = match stored {
            Some(stored) => (stored.statement.payouts, Some(stored.statement.pool_total)),
            None => (payouts(units_of(&allocations), budget.unwrap_or(Credits::ZERO))?, budget),
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
        Ok(Self { lines, parts, pool, is_paid })
    }

    /// The steps from one user's units to their amount; nothing for who has no units.
    pub(crate) fn steps(&self, user_id: &UserId) -> Answer<Option<PayoutSteps>> {
        let rows = self.lines.iter().filter_map(|line| line.payout.as_ref());
        let units = rows.map(|row| (row.user_id.clone(), row.total_units));
        Ok(payout_steps(units, self.pool.unwrap_or(Credits::ZERO), user_id)?)
    }

    /// One contributor's line.
    pub(crate) fn line(&self, user_id: &UserId) -> Option<&Line> {
        self.lines.iter().find(|line| line.allocation.user_id == *user_id)
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

    /// What is paid, or would be; nothing while there is no pool.
    pub(crate) fn credits(&self, pool: Option<Credits>) -> Option<Credits> {
        let paid = self.payout.as_ref().map_or(Credits::ZERO, |row| row.amount_credits);
        pool.map(|_| paid)
    }
}
