//! How far each configured source has been collected, and what is missing.

use async_trait::async_trait;
use ledger_core::{CollectionOutcome, EpochId, SourceCollection, SourceId};

use crate::{Page, PageRequest, PortResult};

/// Remembers, for each epoch, how the runs of its sources ended, so that whoever reviews it knows
/// what is missing and why.
#[async_trait]
pub trait CollectionStore: Send + Sync {
    /// Records how a run of a source into an epoch ended. A run that began earlier than one that was
    /// recorded before takes nothing back.
    ///
    /// Refuses a missing epoch (`EpochNotFound`) and a closed one (`EpochClosed`). Idempotent.
    async fn record_collection(
        &self,
        epoch_id: EpochId,
        source_id: &SourceId,
        outcome: &CollectionOutcome,
    ) -> PortResult<SourceCollection>;

    /// The sources that were collected into an epoch, or tried, by their id.
    ///
    /// Refuses a missing epoch (`EpochNotFound`).
    async fn list_collections_for_epoch(
        &self,
        epoch_id: EpochId,
        page: PageRequest<SourceId>,
    ) -> PortResult<Page<SourceCollection, SourceId>>;
}
