//! Writes under a key.

use std::collections::BTreeSet;

use async_trait::async_trait;
use ledger_core::{EpochId, EpochStatus, EventId, Timestamp};
use ledger_port::{
    Answer, IdentityBinding, KEYS_ARE_KEPT, LedgerPortError, Once, PortResult, Render, Write,
    WriteStore, Written,
};

use crate::MemoryStore;
use crate::books::Books;

impl Books {
    fn do_write(
        &mut self,
        write: &Write,
        next_epoch_id: impl FnOnce() -> EpochId,
        now: Timestamp,
    ) -> PortResult<Written> {
        Ok(match write {
            Write::CreateEpoch(new) => {
                Written::Epoch(self.create_epoch(next_epoch_id, new, now)?)
            }
            Write::BeginReview(epoch_id) => Written::Epoch(self.begin_review(*epoch_id)?),
            Write::FinalizeEpoch(asked) => Written::Finalized(self.finalize_epoch(asked, now)?),
            Write::InsertActivityEvents { epoch_id, events } => {
                let outcome = self.insert_activity_events(*epoch_id, events, now)?;
                let ids: BTreeSet<&EventId> = events.iter().map(|event| &event.id).collect();
                self.resolve_by_bindings_where(*epoch_id, |id| ids.contains(id))?;
                Written::Activity(outcome)
            }
            Write::BindIdentities(bindings) => self.bind_and_resolve(bindings)?,
            Write::ProposeAllocations(epoch_id) => {
                Written::Proposed(self.propose_allocations(*epoch_id, now)?)
            }
            Write::UpdateAllocation { epoch_id, user_id, decision } => Written::Allocation(
                self.update_allocation(*epoch_id, user_id, decision.as_ref(), now)?,
            ),
            Write::InsertPoolComponent { epoch_id, component } => {
                Written::PoolComponent(self.insert_pool_component(*epoch_id, component)?)
            }
        })
    }

    fn bind_and_resolve(&mut self, bindings: &[IdentityBinding]) -> PortResult<Written> {
        let bound = self.bind_all(bindings)?;
        let is_unclosed = |status: EpochStatus| status != EpochStatus::Closed;
        let unclosed: Vec<EpochId> = self
            .epochs
            .values()
            .filter(|epoch| is_unclosed(epoch.status))
            .map(|epoch| epoch.id)
            .collect();
        let mut resolved = 0;
        for epoch_id in unclosed {
            resolved += self.resolve_by_bindings(epoch_id)?;
        }
        Ok(Written::Bound { bound, resolved })
    }

    fn find_answer(&self, once: &Once) -> PortResult<Option<Answer>> {
        match self.answers.get(&once.key) {
            None => Ok(None),
            Some((hash, text, _)) if *hash == once.request_hash => {
                Ok(Some(Answer { text: text.clone(), is_replayed: true }))
            }
            Some(_) => Err(LedgerPortError::IdempotencyKeyReused { key: once.key.clone() }),
        }
    }

    fn remember(&mut self, once: &Once, text: &str, now: Timestamp) {
        let is_kept = |told: Timestamp| told.as_datetime() >= now.as_datetime() - KEYS_ARE_KEPT;
        self.answers.retain(|_, (_, _, told)| is_kept(*told));
        let row = (once.request_hash.clone(), text.to_owned(), now);
        self.answers.insert(once.key.clone(), row);
    }
}

#[async_trait]
impl WriteStore for MemoryStore {
    async fn write(
        &self,
        write: &Write,
        once: Option<&Once>,
        render: Render<'_>,
    ) -> PortResult<Answer> {
        MemoryStore::write(self, |books, now| {
            if let Some(once) = once
                && let Some(answer) = books.find_answer(once)?
            {
                return Ok(answer);
            }
            let text = render(&books.do_write(write, || self.next_epoch_id(), now)?);
            if let Some(once) = once {
                books.remember(once, &text, now);
            }
            Ok(Answer { text, is_replayed: false })
        })
    }

    async fn find_answer(&self, once: &Once) -> PortResult<Option<Answer>> {
        self.read(|books| books.find_answer(once))
    }
}
