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
mod health;
mod jobs;
mod obstacles;
mod page;
mod registry;
mod store;
mod verify;

pub use clock::{Clock, SystemClock};
pub use error::{
    AllocationNotFoundPortError, EpochNotFoundPortError, LedgerPortError, PortResult, RefusalKind,
    StoreFault,
};
pub use health::StoreHealth;
pub use jobs::{Claim, Job, JobEnd, JobKey, JobLease, JobQueue, JobState, TakenJob, Task};
pub use obstacles::{Obstacle, obstacles};
pub use page::{MAX_PAGE_SIZE, Page, PageLimit, PageRequest, all_pages};
pub use registry::{Ledger, LedgerRegistry};
pub use store::{
    AccessStore, ActivityConflict, ActivityCount, ActivityFilter, ActivityKey, ActivityLedgerStore,
    ActivityStore, ActivityStream, AllocationStore, Answer, BindingKey, CollectionStore,
    ConflictReport, CursorStore, EpochStore, FinalizeEpoch, FinalizedEpoch, Holding,
    IdentityBinding, IdentityResolution, IdentityStore, IngestPage, InsertOutcome, IntentionStore,
    KEYS_ARE_KEPT, MAX_NAMES, MAX_REPORTED_CONFLICTS, Once, PeopleStore, PoolStore,
    ProposalSummary, Render, ResolutionOutcome, RollOver, StatementStore, UnresolvedIdentity,
    Write, WriteStore, Written,
};
pub use verify::{VerifyError, verify_statement};
