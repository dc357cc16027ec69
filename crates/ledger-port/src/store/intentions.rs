//! What takes several steps, and must happen in one transaction or not at all.

use async_trait::async_trait;
use ledger_core::{
    Credits, CursorKey, Epoch, EpochId, NewActivityEvent, NewEpoch, PayoutStatement, Sha256Hex,
    StatementId,
};

use crate::{InsertOutcome, PortResult};

/// A page of a source: its events, and where to go on reading.
#[derive(Debug, Clone, PartialEq)]
pub struct IngestPage {
    /// The epoch that the events go to.
    pub epoch_id: EpochId,
    /// The events; may be none.
    pub events: Vec<NewActivityEvent>,
    /// Which stream was read.
    pub cursor_key: CursorKey,
    /// How far it was read.
    pub cursor_value: String,
}

/// Asks to go on to the next epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollOver {
    /// The epoch whose window is over, to be put into review; `None` where none is open.
    pub over: Option<EpochId>,
    /// The epoch to open.
    pub next: NewEpoch,
}

/// Asks to close an epoch and to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalizeEpoch {
    /// The epoch.
    pub epoch_id: EpochId,
    /// The id that the statement will have.
    pub statement_id: StatementId,
    /// The pool that the caller saw; another one is refused.
    pub expected_pool_total: Option<Credits>,
    /// The hash of the allocations that the caller saw; others are refused.
    pub expected_allocation_set_hash: Option<Sha256Hex>,
}

/// A closed epoch and its statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalizedEpoch {
    /// The epoch, closed.
    pub epoch: Epoch,
    /// What it pays.
    pub statement: PayoutStatement,
}

/// Whole jobs, each one transaction.
#[async_trait]
pub trait IntentionStore: Send + Sync {
    /// Appends a page's events and moves its cursor (CURSOR_STATE_PERSISTED).
    ///
    /// Refuses what [`crate::ActivityStore::insert_activity_events`] and
    /// [`crate::CursorStore::upsert_cursor`] refuse; then neither events nor cursor are written.
    /// Idempotent.
    async fn ingest_page(&self, page: &IngestPage) -> PortResult<InsertOutcome>;

    /// Puts the epoch whose window is over into review and opens the next one, so that there is no
    /// moment between them. Answers the open epoch.
    ///
    /// Refuses a missing epoch (`EpochNotFound`), one that is closed (`EpochClosed`), another open
    /// epoch than the one that is over (`EpochAlreadyOpen`), and a window that shares time with any
    /// epoch of the ledger (`EpochWindowTaken`); then nothing is written.
    /// Idempotent: where the epoch that is over is not open any more, and the open one has the
    /// window that was asked for, that one is returned unchanged, with its own weights.
    async fn roll_over(&self, command: &RollOver) -> PortResult<Epoch>;

    /// Closes an epoch and writes its statement: locks it, checks that the proposals are what the
    /// events come to, sums the pool, splits it, writes.
    ///
    /// Refuses a missing epoch (`EpochNotFound`), one without a base issuance
    /// (`PoolRequiresBase`), proposals that are out of date (`AllocationsStale`), another pool or
    /// other allocations than the caller saw (`PoolTotalMismatch`, `AllocationSetChanged`), a
    /// statement id that is taken (`StatementExists`), and an epoch that was closed before there was
    /// activity in this ledger (`EpochPredatesActivity`).
    /// Idempotent: a closed epoch with a statement is returned unchanged, whatever the statement id
    /// asked for, if it is what the caller saw. A closed epoch without a statement gets one.
    async fn finalize_epoch(&self, command: &FinalizeEpoch) -> PortResult<FinalizedEpoch>;

    /// Answers what [`Self::finalize_epoch`] would, by doing it and rolling back. Writes nothing.
    async fn preview_finalize_epoch(&self, command: &FinalizeEpoch) -> PortResult<FinalizedEpoch>;
}
