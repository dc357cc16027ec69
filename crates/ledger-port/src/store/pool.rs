//! The budget of an epoch.

use async_trait::async_trait;
use ledger_core::{ComponentId, EpochId, NewPoolComponent, PoolComponent};

use crate::{Page, PageRequest, PortResult};

/// Adds and reads pool components.
#[async_trait]
pub trait PoolStore: Send + Sync {
    /// Adds a part of the budget. It can never be changed or taken back (POOL_IMMUTABLE).
    ///
    /// Refuses a missing epoch (`EpochNotFound`), a closed one (`EpochClosed`), a part that the
    /// epoch has with other contents (`PoolComponentExists`), a part that makes the sum larger than
    /// 63 bits (`AmountOverflow`), and a text that the ledger cannot keep (`InvalidValue`).
    /// Idempotent: the same part again, whenever it was computed, returns the stored one, even once
    /// the epoch is closed.
    async fn insert_pool_component(
        &self,
        epoch_id: EpochId,
        component: &NewPoolComponent,
    ) -> PortResult<PoolComponent>;

    /// The parts of an epoch's budget, bytewise by component id.
    ///
    /// Refuses a missing epoch (`EpochNotFound`).
    async fn get_pool_components_for_epoch(
        &self,
        epoch_id: EpochId,
        page: PageRequest<ComponentId>,
    ) -> PortResult<Page<PoolComponent, ComponentId>>;
}
