//! The closed list of what a store may answer instead of doing what it was asked.
//!
//! Each variant carries what was asked and what was found. Match on the variant, never on its text.

use ledger_core::{
    AmountOverflow, ComponentId, Credits, EpochId, EpochStatus, EventFault, EventId,
    IdempotencyKey, InvalidValue, LedgerName, Period, PlatformUserId, Sha256Hex, SourceName,
    StatementId, Timestamp, TokenId, UserId,
};

use crate::JobKey;

/// What every method of the port returns.
pub type PortResult<T> = Result<T, LedgerPortError>;

/// There is no such epoch in this ledger. Another ledger's epoch looks the same.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no epoch {epoch_id} in this ledger")]
pub struct EpochNotFoundPortError {
    /// What was asked for.
    pub epoch_id: EpochId,
}

/// The user has no allocation in the epoch.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{user_id} has no allocation in epoch {epoch_id}; propose allocations first")]
pub struct AllocationNotFoundPortError {
    /// The epoch.
    pub epoch_id: EpochId,
    /// What was asked for.
    pub user_id: UserId,
}

/// Something outside the ledger's rules went wrong. The source is for the log, not for the user.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The database cannot be reached, the connection broke, or nothing came over it for longer than
    /// any statement may take. Nothing was acknowledged, but what was asked may have been done. Every
    /// method of the port may be called again; one that is not idempotent may then be refused by what
    /// it did the first time.
    #[error("the database cannot be reached; check that it runs and try again")]
    Unreachable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// All connections stayed in use for as long as the store waits.
    #[error("no database connection became free in time; try again")]
    PoolExhausted,
    /// A statement or a lock took longer than the adapter allows, as the database itself says: it broke
    /// the statement off, and nothing was written.
    #[error("the database took longer than allowed; try again")]
    TimedOut(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database has no disk, no memory or no connections left. It said so itself: nothing was
    /// written.
    #[error("the database has no disk space, memory or connections left; make room and try again")]
    OutOfResources(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The database answers questions and takes no writes, as a standby does. Nothing was written.
    #[error("the database takes no writes at the moment; ask the server that does, or try again")]
    ReadOnly(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The transaction met others too often.
    #[error("\"{transaction}\" met concurrent writers {attempts} times and gave up; try again")]
    Contention {
        /// The transaction's name.
        transaction: &'static str,
        /// How often it was tried.
        attempts: u32,
    },
    /// A stored value breaks the ledger's own rules.
    #[error("{table}.{column} of {row} holds what the ledger never writes: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        row: String,
        /// What is wrong with the value.
        problem: String,
    },
    /// Anything else that the database refused.
    #[error("the database refused \"{transaction}\" for a reason the ledger does not know")]
    Other {
        /// The transaction's name.
        transaction: &'static str,
        /// The database's own words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

/// Why a store refused.
#[derive(Debug, thiserror::Error)]
pub enum LedgerPortError {
    /// No such epoch in this ledger.
    #[error(transparent)]
    EpochNotFound(#[from] EpochNotFoundPortError),
    /// No such allocation in the epoch.
    #[error(transparent)]
    AllocationNotFound(#[from] AllocationNotFoundPortError),
    /// No such event in this ledger.
    #[error("there is no event {event_id} in this ledger")]
    EventNotFound {
        /// What was asked for.
        event_id: EventId,
    },
    /// There is no ledger of that name.
    #[error("there is no ledger \"{name}\"")]
    LedgerNotFound {
        /// What was asked for.
        name: LedgerName,
    },
    /// There is no such job.
    #[error("there is no job {key}")]
    JobNotFound {
        /// What was asked for.
        key: JobKey,
    },
    /// There is no such token in this ledger.
    #[error("there is no token {id} in this ledger")]
    TokenNotFound {
        /// What was asked for.
        id: TokenId,
    },
    /// A key was used for another request.
    #[error("the idempotency key {key} was used for another request; take a new one")]
    IdempotencyKeyReused {
        /// The key.
        key: IdempotencyKey,
    },
    /// ONE_OPEN_EPOCH: another epoch is still open.
    #[error("epoch {open_epoch} is still open; put it into review or close it first")]
    EpochAlreadyOpen {
        /// The open one.
        open_epoch: EpochId,
    },
    /// EPOCH_WINDOW_UNIQUE: the window shares time with another epoch's.
    #[error("the window {asked} overlaps epoch {epoch_id}, which is {found}")]
    EpochWindowTaken {
        /// The window asked for.
        asked: Period,
        /// The epoch that has it.
        epoch_id: EpochId,
        /// That epoch's window.
        found: Period,
    },
    /// EPOCH_FROZEN_ON_CLOSE: the epoch is closed and takes no writes.
    #[error("epoch {epoch_id} is closed; nothing can be written to it any more")]
    EpochClosed {
        /// The epoch.
        epoch_id: EpochId,
    },
    /// The epoch is not where it must be for this.
    #[error(
        "epoch {epoch_id} is {}; this needs it to be {}",
        found.in_a_sentence(), needed.in_a_sentence()
    )]
    EpochStatusMismatch {
        /// The epoch.
        epoch_id: EpochId,
        /// Where it is.
        found: EpochStatus,
        /// Where it would have to be.
        needed: EpochStatus,
    },
    /// The epoch is from before there were events in this ledger, and was closed without allocations.
    #[error(
        "epoch {epoch_id} is from before this ledger kept activity, and was closed without \
         allocations: what it paid cannot be recomputed, and it gets no statement"
    )]
    EpochPredatesActivity {
        /// The epoch.
        epoch_id: EpochId,
    },
    /// POOL_REPRODUCIBLE: the named total is not the sum of the components.
    #[error("epoch {epoch_id}: the pool is {found}, not {asked}; nothing was closed")]
    PoolTotalMismatch {
        /// The epoch.
        epoch_id: EpochId,
        /// The total that was named.
        asked: Credits,
        /// The sum of the components, or the total that the epoch was closed with.
        found: Credits,
    },
    /// POOL_REQUIRES_BASE: the epoch has no base issuance.
    #[error("epoch {epoch_id} has no base_issuance; nothing was closed")]
    PoolRequiresBase {
        /// The epoch.
        epoch_id: EpochId,
    },
    /// POOL_UNIQUE_PER_TYPE: the epoch has that component already, with other contents.
    #[error("epoch {epoch_id} has a {component_id} of {found} already; components never change")]
    PoolComponentExists {
        /// The epoch.
        epoch_id: EpochId,
        /// The component.
        component_id: ComponentId,
        /// Its amount.
        found: Credits,
    },
    /// IDENTITY_ONCE: the event belongs to somebody else already.
    #[error("event {event_id} belongs to {found} already; it cannot go to {asked}")]
    IdentityAlreadyResolved {
        /// The event.
        event_id: EventId,
        /// Whose it is.
        found: UserId,
        /// Whose it was to become.
        asked: UserId,
    },
    /// The platform user is bound to somebody else already.
    #[error("{source_name} user {platform_user_id} is bound to {found} already, not to {asked}")]
    IdentityAlreadyBound {
        /// The platform.
        source_name: SourceName,
        /// The platform's user.
        platform_user_id: PlatformUserId,
        /// Whom it is bound to.
        found: UserId,
        /// Whom it was to be bound to.
        asked: UserId,
    },
    /// One event of a call breaks a rule, so none was written.
    #[error("event {index} ({event_id}) of the call is not valid: {fault}; nothing was written")]
    InvalidEvent {
        /// Its position in the call, from 0.
        index: usize,
        /// Its id.
        event_id: EventId,
        /// What is wrong.
        fault: EventFault,
    },
    /// ACTIVITY_WITHIN_EPOCH: an event is from after the epoch's window, so none was written.
    #[error(
        "event {index} ({event_id}) of the call is of {event_time}, after epoch {epoch_id} ended \
         at {period_end}; it belongs to a later epoch; nothing was written"
    )]
    EventAfterEpoch {
        /// Its position in the call, from 0.
        index: usize,
        /// Its id.
        event_id: EventId,
        /// When it happened.
        event_time: Timestamp,
        /// The epoch.
        epoch_id: EpochId,
        /// The end of that epoch's window.
        period_end: Timestamp,
    },
    /// The stored proposals are not what the events come to.
    #[error(
        "epoch {epoch_id}: the proposal for {user_id} does not match the events; propose again, and \
         look before you close; nothing was closed"
    )]
    AllocationsStale {
        /// The epoch.
        epoch_id: EpochId,
        /// The first user, bytewise, whose proposal differs.
        user_id: UserId,
    },
    /// The allocations are not the ones that the caller looked at.
    #[error(
        "epoch {epoch_id}: the allocations changed since you looked (their hash is {found}, not \
         {asked}); nothing was closed"
    )]
    AllocationSetChanged {
        /// The epoch.
        epoch_id: EpochId,
        /// The hash that the caller saw.
        asked: Sha256Hex,
        /// The hash now.
        found: Sha256Hex,
    },
    /// STATEMENT_IMMUTABLE: the epoch has a statement already.
    #[error("epoch {epoch_id} has statement {found} already; a correction must supersede it")]
    StatementExists {
        /// The epoch.
        epoch_id: EpochId,
        /// The statement in force.
        found: StatementId,
    },
    /// The statement to supersede is not the one in force.
    #[error("statement {asked} is not the one in force for epoch {epoch_id}")]
    SupersededStatementNotCurrent {
        /// The epoch.
        epoch_id: EpochId,
        /// The statement that was named.
        asked: StatementId,
        /// The one in force, if there is one.
        found: Option<StatementId>,
    },
    /// A sum does not fit into 63 bits.
    #[error(transparent)]
    AmountOverflow(#[from] AmountOverflow),
    /// A value breaks a rule of its type.
    #[error(transparent)]
    InvalidValue(#[from] InvalidValue),
    /// A rule of the database refused what the Rust check let through: a defect, worth reporting.
    #[error("the database's rule \"{constraint}\" ({invariant}) refused this")]
    RefusedByRule {
        /// The constraint's or trigger's name.
        constraint: String,
        /// The invariant that it holds.
        invariant: &'static str,
        /// The database's own words.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// Something outside the ledger's rules.
    #[error(transparent)]
    Fault(#[from] StoreFault),
}

/// What a caller can do about a refusal. Exit codes and HTTP statuses follow from it, so that a new
/// variant has its place in both at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RefusalKind {
    /// What was named is not there.
    NotFound,
    /// What was given could never be taken.
    Invalid,
    /// The ledger is not, or no longer, where this is possible.
    Refused,
    /// The store did not answer; calling again may help.
    Unavailable,
    /// A mistake of the program or damage to the data; somebody has to look.
    Defect,
}

impl LedgerPortError {
    /// Which kind of refusal this is.
    #[must_use]
    pub const fn kind(&self) -> RefusalKind {
        match self {
            Self::EpochNotFound(_)
            | Self::AllocationNotFound(_)
            | Self::EventNotFound { .. }
            | Self::LedgerNotFound { .. }
            | Self::JobNotFound { .. }
            | Self::TokenNotFound { .. } => RefusalKind::NotFound,
            Self::InvalidValue(_)
            | Self::InvalidEvent { .. }
            | Self::IdempotencyKeyReused { .. } => RefusalKind::Invalid,
            Self::EpochAlreadyOpen { .. }
            | Self::EpochWindowTaken { .. }
            | Self::EpochClosed { .. }
            | Self::EpochStatusMismatch { .. }
            | Self::EpochPredatesActivity { .. }
            | Self::EventAfterEpoch { .. }
            | Self::PoolTotalMismatch { .. }
            | Self::PoolRequiresBase { .. }
            | Self::PoolComponentExists { .. }
            | Self::IdentityAlreadyResolved { .. }
            | Self::IdentityAlreadyBound { .. }
            | Self::AllocationsStale { .. }
            | Self::AllocationSetChanged { .. }
            | Self::StatementExists { .. }
            | Self::SupersededStatementNotCurrent { .. }
            | Self::AmountOverflow(_) => RefusalKind::Refused,
            Self::Fault(
                StoreFault::Unreachable(_)
                | StoreFault::PoolExhausted
                | StoreFault::TimedOut(_)
                | StoreFault::OutOfResources(_)
                | StoreFault::ReadOnly(_)
                | StoreFault::Contention { .. },
            ) => RefusalKind::Unavailable,
            Self::RefusedByRule { .. }
            | Self::Fault(StoreFault::Corrupt { .. } | StoreFault::Other { .. }) => {
                RefusalKind::Defect
            }
        }
    }
}
