//! The recomputation of a statement from the stored facts.

use std::collections::BTreeMap;

use crate::{
    ActivityEvent, Allocation, AmountOverflow, Credits, Epoch, NewAllocation, NewPayoutStatement,
    Payout, PayoutStatement, PoolComponent, Proposal, Units, UserId, allocation_set_hash, payouts,
    pool_total,
};

/// One thing that was recomputed and compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// What was compared.
    pub name: &'static str,
    /// The first difference; `None` where everything agrees.
    pub difference: Option<String>,
}

/// Every check of one statement, in the order in which data flows: events, units, pool, payouts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationReport {
    /// The checks.
    pub checks: Vec<Check>,
}

impl VerificationReport {
    /// Whether every check agrees.
    pub fn is_verified(&self) -> bool {
        self.first_difference().is_none()
    }

    /// The first check that does not agree.
    pub fn first_difference(&self) -> Option<&Check> {
        self.checks.iter().find(|check| check.difference.is_some())
    }
}

/// Recomputes a statement. Feed it every event and every allocation of the epoch, then finish.
#[derive(Debug)]
pub struct StatementVerifier<'a> {
    epoch: &'a Epoch,
    proposal: Proposal<'a>,
    misplaced: Option<String>,
    allocations: BTreeMap<UserId, Allocation>,
}

impl<'a> StatementVerifier<'a> {
    /// Begins the recomputation of one epoch.
    pub fn new(epoch: &'a Epoch) -> Self {
        Self {
            epoch,
            proposal: Proposal::new(&epoch.weights),
            misplaced: None,
            allocations: BTreeMap::new(),
        }
    }

    /// Takes one event of the epoch.
    ///
    /// # Errors
    /// When a user's units do not fit into 63 bits.
    pub fn add_event(&mut self, event: &ActivityEvent) -> Result<(), AmountOverflow> {
        let fact = &event.event;
        if self.misplaced.is_none() && fact.event_time >= self.epoch.period.end() {
            self.misplaced = Some(format!(
                "event {} is of {}, after the window's end {}",
                fact.id,
                fact.event_time,
                self.epoch.period.end()
            ));
        }
        self.proposal.add(fact.user_id.as_ref(), &fact.kind())
    }

    /// Takes one allocation of the epoch.
    pub fn add_allocation(&mut self, allocation: Allocation) {
        self.allocations.insert(allocation.user_id.clone(), allocation);
    }

    /// Compares everything with what is stored.
    ///
    /// # Errors
    /// When a recomputed sum does not fit into 63 bits.
    pub fn finish(
        self,
        components: &[PoolComponent],
        stored: &PayoutStatement,
    ) -> Result<VerificationReport, AmountOverflow> {
        let pool = pool_total(components)?;
        let units: Vec<(UserId, Units)> = self
            .allocations
            .values()
            .map(|allocation| (allocation.user_id.clone(), allocation.payable_units()))
            .collect();
        let statement = &stored.statement;
        let other_units = compare_units(&units, statement);
        let rows = payouts(units, pool)?;
        let checks = vec![
            Check { name: "no event is from after the window", difference: self.misplaced },
            Check {
                name: "proposed units follow from events and weights",
                difference: compare_proposals(&self.proposal.into_allocations(), &self.allocations),
            },
            Check {
                name: "the pool is the sum of its components",
                difference: compare_pool(pool, self.epoch.pool_total, statement.pool_total),
            },
            Check {
                name: "the allocation set hash follows from the units",
                difference: other_units,
            },
            Check {
                name: "the payouts follow from units and pool",
                difference: compare_payouts(&rows, &statement.payouts),
            },
        ];
        Ok(VerificationReport { checks })
    }
}

fn compare_proposals(
    recomputed: &[NewAllocation],
    stored: &BTreeMap<UserId, Allocation>,
) -> Option<String> {
    let mut unexplained: BTreeMap<&UserId, &Allocation> = stored.iter().collect();
    for new in recomputed {
        let Some(old) = unexplained.remove(&new.user_id) else {
            return Some(format!("{} has events but no allocation", new.user_id));
        };
        if old.proposed_units != new.proposed_units {
            return Some(format!(
                "{}: stored proposed units {}, recomputed {}",
                new.user_id, old.proposed_units, new.proposed_units
            ));
        }
        if old.activity_count != new.activity_count {
            return Some(format!(
                "{}: stored activity count {}, recomputed {}",
                new.user_id, old.activity_count, new.activity_count
            ));
        }
    }
    let without_events = unexplained
        .into_values()
        .find(|old| old.proposed_units != Units::ZERO || old.activity_count != 0)?;
    let Allocation { user_id, proposed_units, activity_count, .. } = without_events;
    if *proposed_units == Units::ZERO {
        return Some(format!(
            "{user_id}: stored activity count {activity_count} without any event"
        ));
    }
    Some(format!("{user_id}: stored proposed units {proposed_units} without any event"))
}

fn compare_pool(recomputed: Credits, epoch: Option<Credits>, statement: Credits) -> Option<String> {
    if epoch != Some(recomputed) {
        let stored = epoch.map_or_else(|| "none".to_owned(), |total| total.to_string());
        return Some(format!("the epoch's total is {stored}, its components sum to {recomputed}"));
    }
    (statement != recomputed)
        .then(|| format!("the statement's pool is {statement}, the components sum to {recomputed}"))
}

/// Two hashes tell nobody what to look at, so the first user whose units are not what the statement
/// pays for is named before them.
fn compare_units(units: &[(UserId, Units)], statement: &NewPayoutStatement) -> Option<String> {
    let stored_hash = &statement.allocation_set_hash;
    let hash = allocation_set_hash(units.iter().map(|(user_id, units)| (user_id, *units)));
    if hash == *stored_hash {
        return None;
    }
    let hashes = format!("stored {stored_hash}, recomputed {hash}");
    let paid: BTreeMap<&UserId, Units> =
        statement.payouts.iter().map(|row| (&row.user_id, row.total_units)).collect();
    let other = units.iter().find(|(user_id, units)| paid.get(user_id) != Some(units));
    match other {
        Some((user_id, units)) if !paid.is_empty() => {
            let paid_for = paid.get(user_id).map_or_else(|| "none".to_owned(), Units::to_string);
            Some(format!("{user_id} has {units} units, paid for are {paid_for}; {hashes}"))
        }
        _ => Some(hashes),
    }
}

fn compare_payouts(recomputed: &[Payout], stored: &[Payout]) -> Option<String> {
    for (new, old) in recomputed.iter().zip(stored) {
        if new.user_id != old.user_id {
            return Some(format!("stored a row for {}, recomputed {}", old.user_id, new.user_id));
        }
        let fields = [
            ("total units", old.total_units.to_string(), new.total_units.to_string()),
            ("share", old.share.clone(), new.share.clone()),
            ("amount", old.amount_credits.to_string(), new.amount_credits.to_string()),
        ];
        if let Some((field, old_value, new_value)) =
            fields.into_iter().find(|(_, old_value, new_value)| old_value != new_value)
        {
            return Some(format!(
                "{}: stored {field} {old_value}, recomputed {new_value}",
                new.user_id
            ));
        }
    }
    (recomputed.len() != stored.len())
        .then(|| format!("stored {} rows, recomputed {}", stored.len(), recomputed.len()))
}
