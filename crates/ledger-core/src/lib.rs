//! The ledger's rules, and nothing else: records, identifiers, integer arithmetic and hashing.
//!
//! What belongs here is what an auditor would recompute by hand: how units become credits, what a
//! window is, which bytes are hashed. Nothing here does I/O, reads a clock, is async or knows a
//! database. A value that exists is a valid one: each type checks what it is given when it is made,
//! and the error ([`InvalidValue`]) names the thing, the value and what to do.
//!
//! To add a record: a file of its own, its fields public, its identifiers as types from `ids.rs`,
//! its times as [`Timestamp`], its amounts as [`Units`] or [`Credits`].

#![deny(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::float_arithmetic,
    reason = "ALL_MATH_INTEGER: an overflow is an error, never a wrap"
)]

mod access;
mod activity;
mod allocation;
mod amounts;
mod collection;
mod cursor;
mod epoch;
#[doc(hidden)]
pub mod faults;
mod hashing;
mod ids;
mod invalid;
mod json;
mod one_line;
mod payout;
mod pool;
mod proposal;
mod public;
mod statement;
mod time;
mod verification;
mod weights;

pub use access::{AccessToken, BearerToken, MalformedToken, NewAccessToken, Scope, TokenId};
pub use activity::{ActivityEvent, EventFault, NewActivityEvent};
pub use allocation::{Allocation, AllocationOverride, NewAllocation};
pub use amounts::{AmountOverflow, Credits, Units};
pub use collection::{CollectionFailure, CollectionOutcome, SourceCollection};
pub use cursor::{CursorKey, SourceCursor};
pub use epoch::{Epoch, EpochStatus, NewEpoch};
pub use hashing::{Sha256Hex, allocation_set_hash, canonical_json};
pub use ids::{
    ComponentId, DisplayName, EpochId, EventId, EventType, IdempotencyKey, LedgerId, LedgerName,
    PlatformUserId, SourceId, SourceName, StatementId, TokenName, UserId, WorkerName,
};
pub use invalid::InvalidValue;
pub use json::{MAX_JSON_BYTES, MAX_JSON_DEPTH};
pub use one_line::OneLine;
pub use payout::{Payout, PayoutSteps, payout_steps, payouts};
pub use pool::{NewPoolComponent, PoolComponent, pool_total};
pub use proposal::Proposal;
pub use public::{Visibility, json_without_addresses, public_user_id, without_addresses};
pub use statement::{NewPayoutStatement, PayoutStatement};
pub use time::{Period, Timestamp};
pub use verification::{Check, StatementVerifier, VerificationReport};
pub use weights::{EventKind, MAX_WEIGHTS, WeightTable};
