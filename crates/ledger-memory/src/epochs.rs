//! The life of an epoch.

use async_trait::async_trait;
use ledger_core::{Credits, Epoch, EpochId, EpochStatus, NewEpoch, Timestamp};
use ledger_port::{EpochStore, LedgerPortError, Page, PageRequest, PortResult};

use crate::MemoryStore;
use crate::books::Books;

impl Books {
    pub(crate) fn open_epoch(&self) -> Option<&Epoch> {
        self.epochs.values().find(|epoch| epoch.status == EpochStatus::Open)
    }

    pub(crate) fn create_epoch(
        &mut self,
        next_id: impl FnOnce() -> EpochId,
        new: &NewEpoch,
        now: Timestamp,
    ) -> PortResult<Epoch> {
        if let Some(open) = self.open_epoch() {
            return Err(LedgerPortError::EpochAlreadyOpen { open_epoch: open.id });
        }
        if let Some(taken) = self.epochs.values().find(|old| old.period.overlaps(&new.period)) {
            return Err(LedgerPortError::EpochWindowTaken {
                asked: new.period,
                epoch_id: taken.id,
                found: taken.period,
            });
        }
        let id = next_id();
        let epoch = Epoch {
            id,
            status: EpochStatus::Open,
            period: new.period,
            weights: new.weights.clone(),
            pool_total: None,
            opened_at: now,
            closed_at: None,
        };
        self.epochs.insert(id, epoch.clone());
        Ok(epoch)
    }

    fn list_epochs(&self, request: &PageRequest<EpochId>) -> Page<Epoch, EpochId> {
        let unseen = |epoch: &&Epoch| request.after.is_none_or(|after| epoch.id < after);
        let one_more = usize::from(request.limit.get()) + 1;
        let newest_first = self.epochs.values().rev().filter(unseen);
        let fetched = newest_first.take(one_more).cloned().collect();
        Page::from_fetched(fetched, request.limit, |epoch| epoch.id)
    }

    pub(crate) fn begin_review(&mut self, epoch_id: EpochId) -> PortResult<Epoch> {
        let mut epoch = self.unclosed_epoch(epoch_id)?.clone();
        epoch.status = EpochStatus::Review;
        self.epochs.insert(epoch_id, epoch.clone());
        Ok(epoch)
    }

    fn close_epoch(
        &mut self,
        epoch_id: EpochId,
        asked: Credits,
        now: Timestamp,
    ) -> PortResult<Epoch> {
        let epoch = self.epoch(epoch_id)?;
        if let Some(found) = epoch.pool_total {
            if found != asked {
                return Err(LedgerPortError::PoolTotalMismatch { epoch_id, asked, found });
            }
            return Ok(epoch.clone());
        }
        let found = self.payable_pool(epoch_id)?;
        if found != asked {
            return Err(LedgerPortError::PoolTotalMismatch { epoch_id, asked, found });
        }
        self.check_proposals(epoch_id)?;
        self.mark_closed(epoch_id, found, now)
    }

    /// The last step of every close, once all checks are done.
    pub(crate) fn mark_closed(
        &mut self,
        epoch_id: EpochId,
        pool_total: Credits,
        now: Timestamp,
    ) -> PortResult<Epoch> {
        let mut epoch = self.unclosed_epoch(epoch_id)?.clone();
        epoch.status = EpochStatus::Closed;
        epoch.pool_total = Some(pool_total);
        epoch.closed_at = Some(now);
        self.epochs.insert(epoch_id, epoch.clone());
        Ok(epoch)
    }
}

#[async_trait]
impl EpochStore for MemoryStore {
    async fn create_epoch(&self, epoch: &NewEpoch) -> PortResult<Epoch> {
        self.write(|books, now| books.create_epoch(|| self.next_epoch_id(), epoch, now))
    }

    async fn get_open_epoch(&self) -> PortResult<Option<Epoch>> {
        Ok(self.read(|books| books.open_epoch().cloned()))
    }

    async fn get_epoch(&self, epoch_id: EpochId) -> PortResult<Option<Epoch>> {
        Ok(self.read(|books| books.epochs.get(&epoch_id).cloned()))
    }

    async fn list_epochs(&self, page: PageRequest<EpochId>) -> PortResult<Page<Epoch, EpochId>> {
        Ok(self.read(|books| books.list_epochs(&page)))
    }

    async fn begin_review(&self, epoch_id: EpochId) -> PortResult<Epoch> {
        self.write(|books, _| books.begin_review(epoch_id))
    }

    async fn close_epoch(&self, epoch_id: EpochId, pool_total: Credits) -> PortResult<Epoch> {
        self.write(|books, now| books.close_epoch(epoch_id, pool_total, now))
    }
}
