//! Who gets how many units.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use ledger_core::{
    Allocation, AllocationOverride, AmountOverflow, EpochId, InvalidValue, NewAllocation,
    Timestamp, Units, UserId, WeightTable,
};
use ledger_port::{
    AllocationNotFoundPortError, AllocationStore, Page, PageRequest, PortResult, ProposalSummary,
};

use crate::MemoryStore;
use crate::books::{Books, page};

impl Books {
    fn insert_allocations(
        &mut self,
        epoch_id: EpochId,
        allocations: &[NewAllocation],
        now: Timestamp,
    ) -> PortResult<u64> {
        check_named_once(allocations)?;
        self.unclosed_epoch(epoch_id)?;
        let mut changed = 0;
        for new in allocations {
            changed += u64::from(self.insert_allocation(epoch_id, new, now));
        }
        Ok(changed)
    }

    /// Whether the row is new or changed. An admin's decision stays as it is.
    fn insert_allocation(
        &mut self,
        epoch_id: EpochId,
        new: &NewAllocation,
        now: Timestamp,
    ) -> bool {
        let key = (epoch_id, new.user_id.clone());
        let Some(known) = self.allocations.get_mut(&key) else {
            self.allocations.insert(key, allocation(epoch_id, new, now));
            return true;
        };
        let same = known.proposed_units == new.proposed_units
            && known.activity_count == new.activity_count;
        if !same {
            known.proposed_units = new.proposed_units;
            known.activity_count = new.activity_count;
            known.updated_at = now;
        }
        !same
    }

    /// What the epoch's resolved events come to under its pinned weights.
    pub(crate) fn sums(&self, epoch_id: EpochId) -> PortResult<BTreeMap<&UserId, (i128, u32)>> {
        self.sums_under(epoch_id, &self.epoch(epoch_id)?.weights)
    }

    /// What the epoch's resolved events come to under these weights, whether it fits into 63 bits or
    /// not: units and number of events by user.
    fn sums_under(
        &self,
        epoch_id: EpochId,
        weights: &WeightTable,
    ) -> PortResult<BTreeMap<&UserId, (i128, u32)>> {
        let mut sums = BTreeMap::new();
        for event in self.events_of(epoch_id)? {
            let Some(user_id) = &event.event.user_id else { continue };
            let (units, events) = sums.entry(user_id).or_default();
            *units += i128::from(weights.weight_of(&event.event.kind()).get());
            *events += 1;
        }
        Ok(sums)
    }

    /// The same as proposals. Of the users whose units do not fit, the bytewise first is named.
    fn proposal(&self, epoch_id: EpochId, weights: &WeightTable) -> PortResult<Vec<NewAllocation>> {
        let new = |(user_id, (sum, activity_count)): (&UserId, (i128, u32))| {
            let overflow = |_| AmountOverflow { what: format!("the units of {user_id}") };
            let proposed_units = Units::try_from(sum).map_err(overflow)?;
            Ok(NewAllocation { user_id: user_id.clone(), proposed_units, activity_count })
        };
        self.sums_under(epoch_id, weights)?.into_iter().map(new).collect()
    }

    /// Nothing, for each user who has an allocation and no events.
    fn proposals_without_events(&self, epoch_id: EpochId) -> PortResult<Vec<NewAllocation>> {
        let sums = self.sums(epoch_id)?;
        let given = self.allocations_of(epoch_id)?.into_iter().map(|known| &known.user_id);
        let nothing = |user_id: &UserId| NewAllocation {
            user_id: user_id.clone(),
            proposed_units: Units::ZERO,
            activity_count: 0,
        };
        Ok(given.filter(|user_id| !sums.contains_key(user_id)).map(nothing).collect())
    }

    pub(crate) fn propose_allocations(
        &mut self,
        epoch_id: EpochId,
        now: Timestamp,
    ) -> PortResult<ProposalSummary> {
        let weights = self.unclosed_epoch(epoch_id)?.weights.clone();
        let mut proposal = self.proposal(epoch_id, &weights)?;
        let users = u64::try_from(proposal.len()).expect("what fits into memory fits into 64 bits");
        proposal.extend(self.proposals_without_events(epoch_id)?);
        let changed = self.insert_allocations(epoch_id, &proposal, now)?;
        Ok(ProposalSummary { users, changed })
    }

    pub(crate) fn update_allocation(
        &mut self,
        epoch_id: EpochId,
        user_id: &UserId,
        decision: Option<&AllocationOverride>,
        now: Timestamp,
    ) -> PortResult<Allocation> {
        self.unclosed_epoch(epoch_id)?;
        let allocation = self
            .allocations
            .get_mut(&(epoch_id, user_id.clone()))
            .ok_or_else(|| AllocationNotFoundPortError { epoch_id, user_id: user_id.clone() })?;
        if allocation.decision.as_ref() != decision {
            allocation.decision = decision.cloned();
            allocation.updated_at = now;
        }
        Ok(allocation.clone())
    }

    /// The allocations of an epoch, bytewise by user id.
    pub(crate) fn allocations_of(&self, epoch_id: EpochId) -> PortResult<Vec<&Allocation>> {
        self.epoch(epoch_id)?;
        let of_epoch = |allocation: &&Allocation| allocation.epoch_id == epoch_id;
        Ok(self.allocations.values().filter(of_epoch).collect())
    }
}

fn check_named_once(allocations: &[NewAllocation]) -> Result<(), InvalidValue> {
    let mut named = BTreeSet::new();
    match allocations.iter().find(|allocation| !named.insert(&allocation.user_id)) {
        None => Ok(()),
        Some(again) => {
            Err(InvalidValue::new("allocation of", again.user_id.as_str(), "it is given twice"))
        }
    }
}

fn allocation(epoch_id: EpochId, new: &NewAllocation, now: Timestamp) -> Allocation {
    Allocation {
        epoch_id,
        user_id: new.user_id.clone(),
        proposed_units: new.proposed_units,
        decision: None,
        activity_count: new.activity_count,
        created_at: now,
        updated_at: now,
    }
}

#[async_trait]
impl AllocationStore for MemoryStore {
    async fn insert_allocations(
        &self,
        epoch_id: EpochId,
        allocations: &[NewAllocation],
    ) -> PortResult<u64> {
        self.write(|books, now| books.insert_allocations(epoch_id, allocations, now))
    }

    async fn propose_allocations(&self, epoch_id: EpochId) -> PortResult<ProposalSummary> {
        self.write(|books, now| books.propose_allocations(epoch_id, now))
    }

    async fn preview_allocations(
        &self,
        epoch_id: EpochId,
        weights: &WeightTable,
    ) -> PortResult<Vec<NewAllocation>> {
        self.read(|books| books.proposal(epoch_id, weights))
    }

    async fn update_allocation(
        &self,
        epoch_id: EpochId,
        user_id: &UserId,
        decision: Option<&AllocationOverride>,
    ) -> PortResult<Allocation> {
        self.write(|books, now| books.update_allocation(epoch_id, user_id, decision, now))
    }

    async fn get_allocation(
        &self,
        epoch_id: EpochId,
        user_id: &UserId,
    ) -> PortResult<Option<Allocation>> {
        let key = (epoch_id, user_id.clone());
        Ok(self.read(|books| books.allocations.get(&key).cloned()))
    }

    async fn get_allocations_for_epoch(
        &self,
        epoch_id: EpochId,
        request: PageRequest<UserId>,
    ) -> PortResult<Page<Allocation, UserId>> {
        self.read(|books| {
            let allocations = books.allocations_of(epoch_id)?;
            Ok(page(allocations, &request, |allocation| allocation.user_id.clone()))
        })
    }
}
