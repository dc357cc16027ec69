//! Records for tests. A builder asks only for what the test is about and fills in the rest, the same
//! way every time; text that breaks a rule panics, because it is the test that is wrong.
//!
//! To add a field: a default in the builder's function, and a method named as one would say it.

use std::fmt::Debug;
use std::str::FromStr;

use ledger_core::{
    AllocationOverride, Credits, CursorKey, EpochId, NewActivityEvent, NewAllocation, NewEpoch,
    NewPayoutStatement, NewPoolComponent, Period, Sha256Hex, StatementId, Timestamp, Units, UserId,
    WeightTable, allocation_set_hash, payouts,
};
use ledger_port::{BindingKey, FinalizeEpoch, IdentityBinding, IdentityResolution};
use serde_json::Value;
use uuid::Uuid;

/// Reads any checked value: an id, a time, a hash.
///
/// # Panics
/// When the text breaks the type's rule.
pub fn parsed<T: FromStr<Err: Debug>>(text: &str) -> T {
    text.parse().unwrap_or_else(|problem| panic!("{text:?}: {problem:?}"))
}

/// A moment: a date (its midnight in UTC) or RFC 3339.
pub fn moment(text: &str) -> Timestamp {
    parsed(text)
}

/// The user of that id.
pub fn user(id: &str) -> UserId {
    parsed(id)
}

/// Milli-units.
pub fn units(number: i64) -> Units {
    Units::new(number).expect("units are not negative")
}

/// Credits.
pub fn credits(number: i64) -> Credits {
    Credits::new(number).expect("credits are not negative")
}

/// The ISO week of that name, such as `2026-W47`.
pub fn week(name: &str) -> Period {
    Period::iso_week(name).expect("a week such as 2026-W47")
}

/// The window from one moment to another.
pub fn window(start: &str, end: &str) -> Period {
    Period::new(moment(start), moment(end)).expect("a window ends after it begins")
}

/// A weight table of `("source:event_type", milli-units)`.
pub fn weights(of: &[(&str, i64)]) -> WeightTable {
    let table = of.iter().map(|(kind, weight)| (parsed(kind), units(*weight))).collect();
    WeightTable::new(table).expect("a test has few weights")
}

/// What it takes to open an epoch.
pub fn new_epoch(period: Period, weights: WeightTable) -> NewEpoch {
    NewEpoch { period, weights }
}

/// What one user is proposed.
pub fn allocation(user_id: &str, proposed_units: i64, activity_count: u32) -> NewAllocation {
    NewAllocation { user_id: user(user_id), proposed_units: units(proposed_units), activity_count }
}

/// An admin's decision.
pub fn decision(final_units: i64, reason: &str) -> AllocationOverride {
    AllocationOverride::new(units(final_units), reason).expect("a reason")
}

/// The stream `stream` of the repository `owner/repo` in `git`.
pub fn cursor_key(stream: &str) -> CursorKey {
    CursorKey::new(parsed("git"), stream, "owner/repo").expect("a stream")
}

/// A platform user.
pub fn platform_user(source: &str, platform_user_id: &str) -> BindingKey {
    BindingKey { source: parsed(source), platform_user_id: parsed(platform_user_id) }
}

/// A platform user who is that person.
pub fn binding(source: &str, platform_user_id: &str, user_id: &str) -> IdentityBinding {
    IdentityBinding { key: platform_user(source, platform_user_id), user_id: user(user_id) }
}

/// An event that goes to that person.
pub fn resolution(event_id: &str, user_id: &str) -> IdentityResolution {
    IdentityResolution { event_id: parsed(event_id), user_id: user(user_id) }
}

/// The statement id of that number.
pub fn statement_id(number: u128) -> StatementId {
    StatementId(Uuid::from_u128(number))
}

/// An event. Without more it is a commit of `alice@example.org`, authored on 2026-11-17.
pub fn event(id: &str) -> EventBuilder {
    EventBuilder(NewActivityEvent {
        id: parsed(id),
        source: parsed("git"),
        event_type: parsed("commit_authored"),
        platform_user_id: parsed("alice@example.org"),
        platform_login: None,
        user_id: None,
        artifact_url: None,
        metadata: None,
        payload_hash: Sha256Hex::of(b""),
        producer: "ledger-testkit".to_owned(),
        producer_version: "1".to_owned(),
        event_time: moment("2026-11-17T12:00:00Z"),
        retrieved_at: moment("2026-11-18T00:00:00Z"),
    })
}

/// See [`event`].
#[derive(Debug, Clone)]
#[must_use]
pub struct EventBuilder(NewActivityEvent);

impl EventBuilder {
    /// The platform it comes from.
    pub fn from_source(mut self, source: &str) -> Self {
        self.0.source = parsed(source);
        self
    }

    /// What happened.
    pub fn of_type(mut self, event_type: &str) -> Self {
        self.0.event_type = parsed(event_type);
        self
    }

    /// Who did it, as the platform knows them.
    pub fn by(mut self, platform_user_id: &str) -> Self {
        self.0.platform_user_id = parsed(platform_user_id);
        self
    }

    /// What the platform calls them.
    pub fn shown_as(mut self, platform_login: &str) -> Self {
        self.0.platform_login = Some(platform_login.to_owned());
        self
    }

    /// Who is paid for it, known already.
    pub fn of_user(mut self, user_id: &str) -> Self {
        self.0.user_id = Some(user(user_id));
        self
    }

    /// Where one can look at it.
    pub fn linked_to(mut self, artifact_url: &str) -> Self {
        self.0.artifact_url = Some(artifact_url.to_owned());
        self
    }

    /// What else the source knows. Other metadata makes another payload hash.
    pub fn with_metadata(mut self, metadata: Value) -> Self {
        self.0.metadata = Some(metadata);
        self
    }

    /// When it happened.
    pub fn at(mut self, event_time: &str) -> Self {
        self.0.event_time = moment(event_time);
        self
    }

    /// When the source was read.
    pub fn read_at(mut self, retrieved_at: &str) -> Self {
        self.0.retrieved_at = moment(retrieved_at);
        self
    }

    /// The program that reported it.
    pub fn produced_by(mut self, producer: &str, producer_version: &str) -> Self {
        producer.clone_into(&mut self.0.producer);
        producer_version.clone_into(&mut self.0.producer_version);
        self
    }

    /// The event, with the canonical hash of its payload.
    pub fn build(mut self) -> NewActivityEvent {
        self.0.payload_hash = self.0.canonical_payload_hash();
        self.0
    }
}

/// A part of a budget.
pub fn pool_component(component_id: &str, amount: i64) -> NewPoolComponent {
    NewPoolComponent {
        component_id: parsed(component_id),
        algorithm_version: "1".to_owned(),
        inputs: Value::Null,
        amount: credits(amount),
        evidence_ref: None,
        computed_at: moment("2026-11-18T00:00:00Z"),
    }
}

/// A statement that splits a pool by milli-units, with the rows and the hash that follow.
pub fn statement(epoch_id: EpochId, pool: i64, of: &[(&str, i64)]) -> NewPayoutStatement {
    let owned: Vec<_> = of.iter().map(|(id, number)| (user(id), units(*number))).collect();
    NewPayoutStatement {
        id: statement_id(1),
        epoch_id,
        allocation_set_hash: allocation_set_hash(owned.iter().map(|(id, units)| (id, *units))),
        pool_total: credits(pool),
        payouts: payouts(owned, credits(pool)).expect("a test's units fit"),
        supersedes: None,
    }
}

/// Asks to close an epoch and to pay, whatever the pool and the allocations are.
pub fn finalize(epoch_id: EpochId) -> FinalizeEpoch {
    FinalizeEpoch {
        epoch_id,
        statement_id: statement_id(1),
        expected_pool_total: None,
        expected_allocation_set_hash: None,
    }
}
