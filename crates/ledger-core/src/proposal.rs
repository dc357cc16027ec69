//! From events to units.

use std::collections::BTreeMap;

use crate::{AmountOverflow, EventKind, NewAllocation, Units, UserId, WeightTable};

/// Adds up what each user's events weigh, one event at a time. Events of nobody earn nothing until
/// they are resolved; a kind that is not in the table weighs nothing but is counted.
#[derive(Debug)]
pub struct Proposal<'a> {
    weights: &'a WeightTable,
    sums: BTreeMap<UserId, (Units, u32)>,
}

impl<'a> Proposal<'a> {
    /// An empty proposal under these weights.
    pub const fn new(weights: &'a WeightTable) -> Self {
        Self { weights, sums: BTreeMap::new() }
    }

    /// Adds one event.
    ///
    /// # Errors
    /// When the user's units no longer fit into 63 bits.
    pub fn add(
        &mut self,
        user_id: Option<&UserId>,
        kind: &EventKind,
    ) -> Result<(), AmountOverflow> {
        let Some(user_id) = user_id else { return Ok(()) };
        let weight = self.weights.weight_of(kind);
        let overflow = || AmountOverflow { what: format!("the units of {user_id}") };
        match self.sums.get_mut(user_id) {
            Some((units, count)) => {
                *units = units.checked_add(weight).ok_or_else(overflow)?;
                *count = count.checked_add(1).ok_or_else(overflow)?;
            }
            None => {
                self.sums.insert(user_id.clone(), (weight, 1));
            }
        }
        Ok(())
    }

    /// One allocation a user, sorted bytewise by user id.
    pub fn into_allocations(self) -> Vec<NewAllocation> {
        let allocation = |(user_id, (proposed_units, activity_count))| NewAllocation {
            user_id,
            proposed_units,
            activity_count,
        };
        self.sums.into_iter().map(allocation).collect()
    }
}
