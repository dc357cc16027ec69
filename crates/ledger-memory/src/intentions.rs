//! What takes several steps, and must happen in one transaction or not at all.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use ledger_core::{
    Credits, Epoch, EpochId, EpochStatus, NewPayoutStatement, Sha256Hex, SourceCursor, Timestamp,
    UserId, allocation_set_hash, payouts,
};
use ledger_port::{
    FinalizeEpoch, FinalizedEpoch, IngestPage, InsertOutcome, IntentionStore, LedgerPortError,
    PortResult, RollOver,
};

use crate::MemoryStore;
use crate::activity::check_events;
use crate::books::Books;

impl Books {
    /// CURSOR_STATE_PERSISTED: both or neither, because the caller keeps these books only as a
    /// whole.
    fn ingest_page(&mut self, page: &IngestPage, now: Timestamp) -> PortResult<InsertOutcome> {
        check_events(&page.events)?;
        SourceCursor::check_value(&page.cursor_value)?;
        let outcome = self.insert_activity_events(page.epoch_id, &page.events, now)?;
        self.upsert_cursor(&page.cursor_key, &page.cursor_value, now)?;
        Ok(outcome)
    }

    fn roll_over(
        &mut self,
        next_id: impl FnOnce() -> EpochId,
        command: &RollOver,
        now: Timestamp,
    ) -> PortResult<Epoch> {
        if let Some(over) = command.over {
            let status = self.epoch(over)?.status;
            let is_done = |open: &&Epoch| open.id != over && open.period == command.next.period;
            if let Some(next) = self.open_epoch().filter(is_done) {
                return Ok(next.clone());
            }
            if status == EpochStatus::Closed {
                return Err(LedgerPortError::EpochClosed { epoch_id: over });
            }
            self.begin_review(over)?;
        } else if let Some(open) = self.open_epoch()
            && open.period == command.next.period
        {
            return Ok(open.clone());
        }
        self.create_epoch(next_id, &command.next, now)
    }

    pub(crate) fn finalize_epoch(
        &mut self,
        command: &FinalizeEpoch,
        now: Timestamp,
    ) -> PortResult<FinalizedEpoch> {
        let epoch = self.epoch(command.epoch_id)?.clone();
        if let Some(statement) = self.statement_in_force(epoch.id).cloned() {
            check_pool(command, statement.statement.pool_total)?;
            check_hash(command, &statement.statement.allocation_set_hash)?;
            return Ok(FinalizedEpoch { epoch, statement });
        }
        let statement = self.compute_statement(command)?;
        let epoch = match epoch.status {
            EpochStatus::Closed => epoch,
            EpochStatus::Open | EpochStatus::Review => {
                self.mark_closed(epoch.id, statement.pool_total, now)?
            }
        };
        let statement = self.write_statement(&statement, now);
        Ok(FinalizedEpoch { epoch, statement })
    }

    fn compute_statement(&self, command: &FinalizeEpoch) -> PortResult<NewPayoutStatement> {
        let epoch_id = command.epoch_id;
        let pool_total = self.payable_pool(epoch_id)?;
        check_pool(command, pool_total)?;
        self.check_proposals(epoch_id)?;
        let allocations = self.allocations_of(epoch_id)?;
        let units = || allocations.iter().map(|one| (&one.user_id, one.payable_units()));
        let allocation_set_hash = allocation_set_hash(units());
        check_hash(command, &allocation_set_hash)?;
        let owned = units().map(|(user_id, units)| (user_id.clone(), units));
        let statement = NewPayoutStatement {
            id: command.statement_id,
            epoch_id,
            allocation_set_hash,
            pool_total,
            payouts: payouts(owned, pool_total)?,
            supersedes: None,
        };
        self.check_id_is_free(&statement)?;
        Ok(statement)
    }

    /// What is stored must be what the events come to; units that do not fit are never what is
    /// stored. A user without events may have an allocation, if it proposes nothing: an admin may
    /// still give them units.
    pub(crate) fn check_proposals(&self, epoch_id: EpochId) -> PortResult<()> {
        let computed = self.sums(epoch_id)?;
        let stored: BTreeMap<&UserId, (i128, u32)> = self
            .allocations_of(epoch_id)?
            .into_iter()
            .map(|one| (&one.user_id, (one.proposed_units.get().into(), one.activity_count)))
            .collect();
        let users: BTreeSet<&UserId> = computed.keys().chain(stored.keys()).copied().collect();
        let differs = |user: &&UserId| {
            let nothing = (0, 0);
            computed.get(*user).unwrap_or(&nothing) != stored.get(*user).unwrap_or(&nothing)
        };
        match users.into_iter().find(differs) {
            None => Ok(()),
            Some(first) => {
                Err(LedgerPortError::AllocationsStale { epoch_id, user_id: first.clone() })
            }
        }
    }
}

fn check_pool(command: &FinalizeEpoch, found: Credits) -> PortResult<()> {
    match command.expected_pool_total {
        Some(asked) if asked != found => {
            Err(LedgerPortError::PoolTotalMismatch { epoch_id: command.epoch_id, asked, found })
        }
        _ => Ok(()),
    }
}

fn check_hash(command: &FinalizeEpoch, found: &Sha256Hex) -> PortResult<()> {
    match &command.expected_allocation_set_hash {
        Some(asked) if asked != found => Err(LedgerPortError::AllocationSetChanged {
            epoch_id: command.epoch_id,
            asked: asked.clone(),
            found: found.clone(),
        }),
        _ => Ok(()),
    }
}

#[async_trait]
impl IntentionStore for MemoryStore {
    async fn ingest_page(&self, page: &IngestPage) -> PortResult<InsertOutcome> {
        self.write(|books, now| books.ingest_page(page, now))
    }

    async fn roll_over(&self, command: &RollOver) -> PortResult<Epoch> {
        self.write(|books, now| books.roll_over(|| self.next_epoch_id(), command, now))
    }

    async fn finalize_epoch(&self, command: &FinalizeEpoch) -> PortResult<FinalizedEpoch> {
        self.write(|books, now| books.finalize_epoch(command, now))
    }

    async fn preview_finalize_epoch(&self, command: &FinalizeEpoch) -> PortResult<FinalizedEpoch> {
        self.rehearse(|books, now| books.finalize_epoch(command, now))
    }
}
