//! Writes that are done once, however often they are asked for.
//!
//! A caller whose connection broke does not know whether its write was done. It asks again under the
//! same key: the key, a hash of the request and the answer are stored in the transaction of the
//! write, so the second time the stored answer comes back and nothing is done. This is the
//! `Idempotency-Key` of the IETF HTTPAPI draft (draft-ietf-httpapi-idempotency-key-header).

use async_trait::async_trait;
use ledger_core::{
    Allocation, AllocationOverride, Epoch, EpochId, IdempotencyKey, NewActivityEvent, NewEpoch,
    NewPoolComponent, PoolComponent, Sha256Hex, UserId,
};

use crate::{
    FinalizeEpoch, FinalizedEpoch, IdentityBinding, InsertOutcome, PortResult, ProposalSummary,
};

/// How long a key is remembered at least. Older ones are forgotten when new ones come.
pub const KEYS_ARE_KEPT: std::time::Duration = std::time::Duration::from_secs(7 * 24 * 60 * 60);

/// A write that a caller may ask for under a key. Each does what the method of that name does, and
/// refuses the same.
#[derive(Debug, Clone, PartialEq)]
pub enum Write {
    /// [`crate::EpochStore::create_epoch`].
    CreateEpoch(NewEpoch),
    /// [`crate::EpochStore::begin_review`].
    BeginReview(EpochId),
    /// [`crate::IntentionStore::finalize_epoch`].
    FinalizeEpoch(FinalizeEpoch),
    /// [`crate::ActivityStore::insert_activity_events`]; those of the events that wait are then given
    /// to the people their platform users are bound to.
    InsertActivityEvents {
        /// The epoch.
        epoch_id: EpochId,
        /// The events.
        events: Vec<NewActivityEvent>,
    },
    /// [`crate::IdentityStore::bind_identities`], and then
    /// [`crate::IdentityStore::resolve_activity_by_bindings`] in each epoch that is not closed.
    BindIdentities(Vec<IdentityBinding>),
    /// [`crate::AllocationStore::propose_allocations`].
    ProposeAllocations(EpochId),
    /// [`crate::AllocationStore::update_allocation`].
    UpdateAllocation {
        /// The epoch.
        epoch_id: EpochId,
        /// Whose.
        user_id: UserId,
        /// The decision; `None` takes it back.
        decision: Option<AllocationOverride>,
    },
    /// [`crate::PoolStore::insert_pool_component`].
    InsertPoolComponent {
        /// The epoch.
        epoch_id: EpochId,
        /// The part.
        component: NewPoolComponent,
    },
}

/// What a write did, in the order of [`Write`].
#[derive(Debug, Clone, PartialEq)]
pub enum Written {
    /// The epoch, opened or in review.
    Epoch(Epoch),
    /// The closed epoch and its statement.
    Finalized(FinalizedEpoch),
    /// What became of the events.
    Activity(InsertOutcome),
    /// How many platform users are bound now, and how many waiting events went to people.
    Bound {
        /// New bindings.
        bound: u64,
        /// Events that were given to somebody.
        resolved: u64,
    },
    /// What the proposal came to.
    Proposed(ProposalSummary),
    /// The allocation as it is now.
    Allocation(Allocation),
    /// The part, as it is stored.
    PoolComponent(PoolComponent),
}

/// Under which key a caller asks, and for what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// The caller's key, unique in the ledger.
    pub key: IdempotencyKey,
    /// A hash of the whole request, so that another one under the same key is seen.
    pub request_hash: Sha256Hex,
}

/// The answer to a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The answer's text, byte for byte as it was given the first time.
    pub text: String,
    /// Whether the write was done earlier, and this is what was answered then.
    pub is_replayed: bool,
}

/// Makes an answer of what was written. It has no other effect: a transaction may run twice.
pub type Render<'a> = &'a (dyn Fn(&Written) -> String + Send + Sync);

/// Does writes, under a key where there is one.
#[async_trait]
pub trait WriteStore: Send + Sync {
    /// Does the write in one transaction and answers what `render` makes of it. Under a key, key and
    /// answer are stored in that transaction.
    ///
    /// Refuses what the write refuses, and then keeps no key, so that a caller who mended the cause
    /// may ask again; and a key that was used for another request (`IdempotencyKeyReused`).
    /// Idempotent under a key: the same request again answers what was answered, whatever happened
    /// since.
    async fn write(
        &self,
        write: &Write,
        once: Option<&Once>,
        render: Render<'_>,
    ) -> PortResult<Answer>;

    /// What was answered under a key, if it was used; for a write that takes several calls, before
    /// the first one.
    ///
    /// Refuses a key that was used for another request (`IdempotencyKeyReused`).
    async fn find_answer(&self, once: &Once) -> PortResult<Option<Answer>>;
}
