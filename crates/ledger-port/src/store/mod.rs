//! The role traits and their sum.

mod activity;
mod allocations;
mod collections;
mod cursors;
mod epochs;
mod identity;
mod intentions;
mod pool;
mod statements;

pub use activity::{
    ActivityConflict, ActivityKey, ActivityStore, ActivityStream, ConflictReport, InsertOutcome,
    MAX_REPORTED_CONFLICTS,
};
pub use allocations::{AllocationStore, ProposalSummary};
pub use collections::CollectionStore;
pub use cursors::CursorStore;
pub use epochs::EpochStore;
pub use identity::{
    BindingKey, IdentityBinding, IdentityResolution, IdentityStore, ResolutionOutcome,
    UnresolvedIdentity,
};
pub use intentions::{FinalizeEpoch, FinalizedEpoch, IngestPage, IntentionStore, RollOver};
pub use pool::PoolStore;
pub use statements::StatementStore;

/// Everything the system asks of one ledger's store. Object-safe: hold it as
/// `Arc<dyn ActivityLedgerStore>`.
pub trait ActivityLedgerStore:
    EpochStore
    + ActivityStore
    + IdentityStore
    + AllocationStore
    + CursorStore
    + CollectionStore
    + PoolStore
    + StatementStore
    + IntentionStore
{
}

impl<T> ActivityLedgerStore for T where
    T: EpochStore
        + ActivityStore
        + IdentityStore
        + AllocationStore
        + CursorStore
        + CollectionStore
        + CollectionStore
        + PoolStore
        + StatementStore
        + IntentionStore
        + ?Sized
{
}
