//! The role traits and their sum.

mod access;
mod activity;
mod allocations;
mod collections;
mod cursors;
mod epochs;
mod identity;
mod intentions;
mod people;
mod pool;
mod statements;
mod writes;

pub use access::AccessStore;
pub use activity::{
    ActivityConflict, ActivityCount, ActivityFilter, ActivityKey, ActivityStore, ActivityStream,
    ConflictReport, InsertOutcome, MAX_REPORTED_CONFLICTS,
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
pub use people::{MAX_NAMES, PeopleStore};
pub use pool::PoolStore;
pub use statements::{Holding, StatementStore};
pub use writes::{Answer, KEYS_ARE_KEPT, Once, Render, Write, WriteStore, Written};

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
    + AccessStore
    + PeopleStore
    + WriteStore
{
}

impl<T> ActivityLedgerStore for T where
    T: EpochStore
        + ActivityStore
        + IdentityStore
        + AllocationStore
        + CursorStore
        + CollectionStore
        + PoolStore
        + StatementStore
        + IntentionStore
        + AccessStore
        + PeopleStore
        + WriteStore
        + ?Sized
{
}
