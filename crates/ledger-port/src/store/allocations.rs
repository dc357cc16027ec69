//! Who gets how many units.

use async_trait::async_trait;
use ledger_core::{Allocation, AllocationOverride, EpochId, NewAllocation, UserId, WeightTable};

use crate::{Page, PageRequest, PortResult};

/// What a proposal came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProposalSummary {
    /// How many users have events.
    pub users: u64,
    /// How many allocations are new or have other numbers than before.
    pub changed: u64,
}

/// Proposes, overrides and reads allocations.
#[async_trait]
pub trait AllocationStore: Send + Sync {
    /// Writes proposals as they are given, all or none; says how many rows are new or changed.
    /// [`Self::propose_allocations`] computes them.
    ///
    /// For a user who has an allocation it updates the proposed units and the count, and never
    /// touches an admin's decision. Refuses a missing epoch (`EpochNotFound`) and a closed one
    /// (`EpochClosed`), and a user named twice (`InvalidValue`). Idempotent.
    async fn insert_allocations(
        &self,
        epoch_id: EpochId,
        allocations: &[NewAllocation],
    ) -> PortResult<u64>;

    /// Computes every user's proposal from the epoch's resolved events and pinned weights, and
    /// writes it as [`Self::insert_allocations`] does. A user who has an allocation and no events
    /// is proposed nothing; an admin's decision for them stands.
    ///
    /// Refuses a missing epoch (`EpochNotFound`), a closed one (`EpochClosed`), and units that do
    /// not fit into 63 bits (`AmountOverflow`). Idempotent.
    async fn propose_allocations(&self, epoch_id: EpochId) -> PortResult<ProposalSummary>;

    /// What every user would be proposed if the epoch's resolved events weighed so, bytewise by
    /// user id. Writes nothing, and works on closed epochs too.
    ///
    /// Refuses a missing epoch (`EpochNotFound`), and units that do not fit into 63 bits
    /// (`AmountOverflow`).
    async fn preview_allocations(
        &self,
        epoch_id: EpochId,
        weights: &WeightTable,
    ) -> PortResult<Vec<NewAllocation>>;

    /// Sets an admin's decision for one user, or takes it back with `None`.
    ///
    /// Refuses a missing epoch (`EpochNotFound`), a closed one (`EpochClosed`), and a user without
    /// an allocation (`AllocationNotFound`). Idempotent: the same decision again changes nothing.
    async fn update_allocation(
        &self,
        epoch_id: EpochId,
        user_id: &UserId,
        decision: Option<&AllocationOverride>,
    ) -> PortResult<Allocation>;

    /// One user's allocation in an epoch, or `None`.
    async fn get_allocation(
        &self,
        epoch_id: EpochId,
        user_id: &UserId,
    ) -> PortResult<Option<Allocation>>;

    /// The allocations of an epoch, bytewise by user id.
    ///
    /// Refuses a missing epoch (`EpochNotFound`).
    async fn get_allocations_for_epoch(
        &self,
        epoch_id: EpochId,
        page: PageRequest<UserId>,
    ) -> PortResult<Page<Allocation, UserId>>;
}
