//! What the rest of the system sees of the ledger's store.
//!
//! [`ActivityLedgerStore`] is the sum of small role traits, one file each under `store/`. It is
//! bound to one ledger when it is made (LEDGER_SCOPED): another ledger's epoch looks like a missing
//! one. No connection, transaction or SQL crosses this line; callers ask for intentions
//! ([`IntentionStore`]) and never assemble them.
//!
//! Three implementations are held to the same contract suite (`tests/contract`): the memory store,
//! which is the readable model of what these methods mean, and the two adapters over PostgreSQL.
//!
//! To add a method: put it into the role trait it belongs to, with documentation that says what it
//! does, what it refuses, and whether calling it twice is safe; then the memory store, the
//! repository, and a case in the contract.

mod clock;
mod error;
mod jobs;
mod page;
mod registry;
mod store;
mod verify;

pub use clock::{Clock, SystemClock};
pub use error::{
    AllocationNotFoundPortError, EpochNotFoundPortError, LedgerPortError, PortResult, RefusalKind,
    StoreFault,
};
pub use jobs::{Claim, Job, JobEnd, JobKey, JobLease, JobQueue, JobState, TakenJob, Task};
pub use page::{MAX_PAGE_SIZE, Page, PageLimit, PageRequest, all_pages};
pub use registry::{Ledger, LedgerRegistry};
pub use store::{
    ActivityConflict, ActivityKey, ActivityLedgerStore, ActivityStore, ActivityStream,
    AllocationStore, BindingKey, CollectionStore, ConflictReport, CursorStore, EpochStore,
    FinalizeEpoch, FinalizedEpoch, IdentityBinding, IdentityResolution, IdentityStore, IngestPage,
    InsertOutcome, IntentionStore, MAX_REPORTED_CONFLICTS, PoolStore, ProposalSummary,
    ResolutionOutcome, RollOver, StatementStore, UnresolvedIdentity,
};
pub use verify::{VerifyError, verify_statement};
