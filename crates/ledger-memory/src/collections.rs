//! How far each configured source has been collected, and what is missing.

use async_trait::async_trait;
use ledger_core::{CollectionOutcome, EpochId, SourceCollection, SourceId, Timestamp};
use ledger_port::{CollectionStore, Page, PageRequest, PortResult};

use crate::MemoryStore;
use crate::books::{Books, page};

impl Books {
    fn record_collection(
        &mut self,
        epoch_id: EpochId,
        source_id: &SourceId,
        outcome: &CollectionOutcome,
        now: Timestamp,
    ) -> PortResult<SourceCollection> {
        self.unclosed_epoch(epoch_id)?;
        let key = (epoch_id, source_id.clone());
        let before = self.collections.get(&key).cloned();
        let none_yet = || SourceCollection::none_yet(epoch_id, source_id.clone());
        let recorded = before.unwrap_or_else(none_yet).after(outcome, now);
        self.collections.insert(key, recorded.clone());
        Ok(recorded)
    }
}

#[async_trait]
impl CollectionStore for MemoryStore {
    async fn record_collection(
        &self,
        epoch_id: EpochId,
        source_id: &SourceId,
        outcome: &CollectionOutcome,
    ) -> PortResult<SourceCollection> {
        self.write(|books, now| books.record_collection(epoch_id, source_id, outcome, now))
    }

    async fn list_collections_for_epoch(
        &self,
        epoch_id: EpochId,
        request: PageRequest<SourceId>,
    ) -> PortResult<Page<SourceCollection, SourceId>> {
        self.read(|books| {
            books.epoch(epoch_id)?;
            let of_epoch = |one: &&SourceCollection| one.epoch_id == epoch_id;
            let collections = books.collections.values().filter(of_epoch);
            Ok(page(collections, &request, |one| one.source_id.clone()))
        })
    }
}
