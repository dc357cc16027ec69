//! One immutable fact: somebody did something on some platform at some time.

use serde_json::{Value, json};

use crate::{
    EpochId, EventId, EventKind, EventType, PlatformUserId, Sha256Hex, SourceName, Timestamp,
    UserId, canonical_json, json::check_json,
};

/// The longest free text (a login, a URL, a producer), in bytes.
const MAX_TEXT_BYTES: usize = 2_048;

/// An event as a source reports it, before the ledger has it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewActivityEvent {
    /// Deterministic: the same fact always has the same id.
    pub id: EventId,
    /// Where it comes from.
    pub source: SourceName,
    /// What happened.
    pub event_type: EventType,
    /// Who did it, as the platform knows them.
    pub platform_user_id: PlatformUserId,
    /// What the platform calls them; for display only.
    pub platform_login: Option<String>,
    /// Who is paid for it, where that is known already.
    pub user_id: Option<UserId>,
    /// Where one can look at it.
    pub artifact_url: Option<String>,
    /// What else the source knows.
    pub metadata: Option<Value>,
    /// The fingerprint of the fact. See [`NewActivityEvent::canonical_payload_hash`].
    pub payload_hash: Sha256Hex,
    /// The program that reported it.
    pub producer: String,
    /// That program's version.
    pub producer_version: String,
    /// When it happened.
    pub event_time: Timestamp,
    /// When the source was read.
    pub retrieved_at: Timestamp,
}

/// An event that the ledger has.
#[derive(Debug, Clone, PartialEq)]
pub struct ActivityEvent {
    /// The epoch that pays for it.
    pub epoch_id: EpochId,
    /// The fact.
    pub event: NewActivityEvent,
    /// When the ledger took it.
    pub ingested_at: Timestamp,
}

/// What is wrong with one event of a call: the field and the fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} {problem}")]
pub struct EventFault {
    /// The field at fault.
    pub field: &'static str,
    /// What is wrong with it.
    pub problem: String,
}

impl NewActivityEvent {
    /// The event's kind, which decides its weight.
    pub fn kind(&self) -> EventKind {
        EventKind { source: self.source.clone(), event_type: self.event_type.clone() }
    }

    /// SHA-256 over the canonical JSON (RFC 8785) of the fact: id, source, event type, platform
    /// user, time and metadata. Who is paid, the display name, the link and when it was read are
    /// left out, so that the same fact read twice, or in two ways, has one hash.
    pub fn canonical_payload_hash(&self) -> Sha256Hex {
        Sha256Hex::of(&canonical_json(&json!({
            "id": self.id,
            "source": self.source,
            "event_type": self.event_type,
            "platform_user_id": self.platform_user_id,
            "event_time": self.event_time.to_string(),
            "metadata": self.metadata,
        })))
    }

    /// Checks what the field types do not: provenance (PROVENANCE_REQUIRED), text that PostgreSQL
    /// can keep, sizes.
    ///
    /// # Errors
    /// The first fault, with its field.
    pub fn check(&self) -> Result<(), EventFault> {
        check_text("producer", &self.producer)?;
        check_text("producer_version", &self.producer_version)?;
        for (field, text) in
            [("platform_login", &self.platform_login), ("artifact_url", &self.artifact_url)]
        {
            if let Some(text) = text {
                check_text(field, text)?;
            }
        }
        let Some(metadata) = &self.metadata else { return Ok(()) };
        check_json(metadata).map_err(|problem| fault("metadata", problem))
    }
}

fn fault(field: &'static str, problem: impl Into<String>) -> EventFault {
    EventFault { field, problem: problem.into() }
}

fn check_text(field: &'static str, text: &str) -> Result<(), EventFault> {
    if text.is_empty() {
        return Err(fault(field, "is empty"));
    }
    if text.len() > MAX_TEXT_BYTES {
        return Err(fault(field, format!("is longer than {MAX_TEXT_BYTES} bytes")));
    }
    if text.chars().any(char::is_control) {
        return Err(fault(field, "holds a control character"));
    }
    Ok(())
}
