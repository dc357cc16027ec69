//! The life of an epoch.

use async_trait::async_trait;
use ledger_core::{Credits, Epoch, EpochId, NewEpoch};

use crate::{Page, PageRequest, PortResult};

/// Opens, finds and closes epochs.
#[async_trait]
pub trait EpochStore: Send + Sync {
    /// Opens an epoch.
    ///
    /// Refuses a second open epoch (`EpochAlreadyOpen`), and a window that shares time with any
    /// epoch of the ledger, closed ones included (`EpochWindowTaken`); where both hold, the open
    /// epoch is named. Not idempotent: the second call is refused.
    async fn create_epoch(&self, epoch: &NewEpoch) -> PortResult<Epoch>;

    /// The ledger's open epoch, if there is one.
    async fn get_open_epoch(&self) -> PortResult<Option<Epoch>>;

    /// One epoch of this ledger, or `None`.
    async fn get_epoch(&self, epoch_id: EpochId) -> PortResult<Option<Epoch>>;

    /// The epochs of this ledger, newest id first.
    async fn list_epochs(&self, page: PageRequest<EpochId>) -> PortResult<Page<Epoch, EpochId>>;

    /// Moves an open epoch into review, so that the next one can be opened.
    ///
    /// Refuses a missing epoch (`EpochNotFound`) and a closed one (`EpochClosed`). Idempotent: an
    /// epoch in review is returned unchanged.
    async fn begin_review(&self, epoch_id: EpochId) -> PortResult<Epoch>;

    /// Closes an open or reviewed epoch without writing a statement. Most callers want
    /// [`crate::IntentionStore::finalize_epoch`].
    ///
    /// Refuses a missing epoch (`EpochNotFound`), one without a base issuance
    /// (`PoolRequiresBase`), a `pool_total` that is not the sum of the components
    /// (`PoolTotalMismatch`), and proposals that are out of date (`AllocationsStale`): after the
    /// close nobody could put them right. Idempotent: closing a closed epoch again with its total returns it
    /// unchanged; with another total it is refused (`PoolTotalMismatch`), because the caller
    /// believes something that is not so.
    async fn close_epoch(&self, epoch_id: EpochId, pool_total: Credits) -> PortResult<Epoch>;
}
