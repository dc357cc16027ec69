//! Events, and what became of those that were handed in.

use ledger_core::{ActivityEvent, Epoch};
use ledger_port::{ActivityConflict, InsertOutcome};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Names, time};
use crate::access::Eyes;

/// One immutable fact: somebody did something on some platform at some time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActivityEvent)]
pub(crate) struct ActivityRecord {
    /// Null where everybody may read the ledger and the id holds an address.
    id: Option<String>,
    epoch_id: i64,
    source: String,
    event_type: String,
    /// Null where everybody may read the ledger, as are the login and the metadata.
    platform_user_id: Option<String>,
    platform_login: Option<String>,
    /// Who is paid for it; null while nobody is, or where the id may not be seen.
    user_id: Option<String>,
    display_name: Option<String>,
    artifact_url: Option<String>,
    metadata: Option<Value>,
    /// SHA-256 over the canonical JSON (RFC 8785) of the fact.
    payload_hash: String,
    producer: Option<String>,
    producer_version: Option<String>,
    #[schema(format = "date-time")]
    event_time: String,
    #[schema(format = "date-time")]
    retrieved_at: String,
    #[schema(format = "date-time")]
    ingested_at: String,
    /// Whether it is from before the epoch's window.
    late: bool,
    /// Whether it belongs to nobody yet.
    unresolved: bool,
}

/// A text that holds no address, where everybody may read it.
pub(crate) fn without_address(text: &str, eyes: Eyes) -> Option<String> {
    (eyes == Eyes::Member || !text.contains('@')).then(|| text.to_owned())
}

impl ActivityRecord {
    pub(crate) fn of(event: &ActivityEvent, epoch: &Epoch, names: &Names) -> Self {
        let (fact, eyes) = (&event.event, names.eyes());
        let is_member = eyes == Eyes::Member;
        let user = fact.user_id.as_ref();
        Self {
            id: without_address(fact.id.as_str(), eyes),
            epoch_id: event.epoch_id.0,
            source: fact.source.to_string(),
            event_type: fact.event_type.to_string(),
            platform_user_id: is_member.then(|| fact.platform_user_id.to_string()),
            platform_login: fact.platform_login.clone().filter(|_| is_member),
            user_id: user.and_then(|user| names.id(user)),
            display_name: user.and_then(|user| names.display_name(user)),
            artifact_url: fact.artifact_url.as_ref().and_then(|url| without_address(url, eyes)),
            metadata: fact.metadata.clone().filter(|_| is_member),
            payload_hash: fact.payload_hash.to_string(),
            producer: without_address(&fact.producer, eyes),
            producer_version: without_address(&fact.producer_version, eyes),
            event_time: time(fact.event_time),
            retrieved_at: time(fact.retrieved_at),
            ingested_at: time(event.ingested_at),
            late: epoch.is_late(fact.event_time),
            unresolved: user.is_none(),
        }
    }
}

/// What became of events that were handed in. `inserted`, `duplicates` and `conflicts` add up to the
/// sound ones.
#[derive(Debug, Default, Serialize, ToSchema)]
#[schema(as = IngestOutcome)]
pub(crate) struct IngestRecord {
    /// Stored now.
    inserted: u64,
    /// Of those stored now, how many are from before the epoch's window.
    late: u64,
    /// Known already, with the same payload; skipped.
    duplicates: u64,
    /// Known already with another payload; the first stays.
    conflicts: u64,
    /// The first conflicts, at most 100.
    first_conflicts: Vec<ConflictRecord>,
    /// How many items were left out for their faults; only with `skip_invalid=true`.
    faulty: u64,
    /// The first faults, at most 100.
    faults: Vec<FaultRecord>,
}

impl IngestRecord {
    /// The sum of what several transactions came to.
    pub(crate) fn of(outcomes: &[InsertOutcome], faulty: u64, faults: Vec<FaultRecord>) -> Self {
        let mut sum = Self { faulty, faults, ..Self::default() };
        for one in outcomes {
            sum.inserted += one.inserted;
            sum.late += one.late;
            sum.duplicates += one.duplicates;
            sum.conflicts += one.conflicts.count;
            let room = ledger_port::MAX_REPORTED_CONFLICTS - sum.first_conflicts.len();
            let first = one.conflicts.first.iter().take(room);
            sum.first_conflicts.extend(first.map(ConflictRecord::of));
        }
        sum
    }
}

/// An event whose id is known with another payload.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ActivityConflict)]
pub(crate) struct ConflictRecord {
    event_id: String,
    stored_hash: String,
    refused_hash: String,
}

impl ConflictRecord {
    fn of(conflict: &ActivityConflict) -> Self {
        Self {
            event_id: conflict.event_id.to_string(),
            stored_hash: conflict.stored_hash.to_string(),
            refused_hash: conflict.refused_hash.to_string(),
        }
    }
}

/// What is wrong with one item of many.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = ItemFault)]
pub(crate) struct FaultRecord {
    /// Its place, from 0. In a stream of lines, blank ones count.
    pub(crate) index: u64,
    /// As in a problem: `malformed_request`, `invalid_events`, `event_after_epoch`.
    pub(crate) code: &'static str,
    /// The field at fault, where it is one.
    pub(crate) field: Option<String>,
    /// What is wrong with it, and what would be right.
    pub(crate) detail: String,
}
