//! Values out of a small world, so that commands meet each other: few people, few streams, few keys.

use fastrand::Rng;
use ledger_core::{
    AllocationOverride, ComponentId, Credits, CursorKey, EpochId, EventId, NewAccessToken,
    NewActivityEvent, NewAllocation, NewPoolComponent, Period, Scope, Sha256Hex, SourceId,
    StatementId, Timestamp, TokenId, Units, UserId, WeightTable,
};
use ledger_port::{BindingKey, PageRequest};
use ledger_testkit::{credits, parsed, units, user, week};
use serde_json::json;
use uuid::Uuid;

/// Who is paid. Their order is bytewise, whatever a locale would make of it.
pub(crate) const PEOPLE: [&str; 9] =
    ["alice", "Zoe", "zoë", "bob", "a", "aa", "o'brien", "名前", "a:b"];

const SOURCES: [&str; 3] = ["git", "github", "forum"];
const TYPES: [&str; 4] = ["commit_authored", "pr_merged", "review", "weightless"];
const PLATFORM_USERS: [&str; 7] = ["1", "2", "octo", "O'Neil", "a%b_c", "日本", "back\\slash"];
const WEEKS: std::ops::RangeInclusive<u8> = 30..=52;

/// One of them.
pub(crate) fn one<T: Clone>(dice: &mut Rng, of: &[T]) -> T {
    of[dice.usize(..of.len())].clone()
}

/// So many of a hundred times.
pub(crate) fn chance(dice: &mut Rng, percent: u8) -> bool {
    dice.u8(..100) < percent
}

pub(crate) fn person(dice: &mut Rng) -> UserId {
    user(one(dice, &PEOPLE))
}

pub(crate) fn period(dice: &mut Rng) -> Period {
    week(&format!("2026-W{:02}", dice.u8(WEEKS)))
}

pub(crate) fn weights(dice: &mut Rng) -> WeightTable {
    let mut table = std::collections::BTreeMap::new();
    for source in SOURCES {
        for event_type in &TYPES[..3] {
            if chance(dice, 80) {
                let kind = parsed(&format!("{source}:{event_type}"));
                table.insert(kind, units(dice.i64(0..9) * 1_000));
            }
        }
    }
    WeightTable::new(table).unwrap_or_default()
}

/// A moment of the window, or a little before it; or after it, where that is asked for.
pub(crate) fn moment(dice: &mut Rng, of: Period, is_after: bool) -> Timestamp {
    let (start, end) = (of.start().unix_seconds(), of.end().unix_seconds());
    let seconds = match is_after {
        true => dice.i64(end..end + 100_000),
        false if chance(dice, 8) => dice.i64(start - 100_000..start),
        // The edges belong to somebody too.
        false if chance(dice, 5) => one(dice, &[start, end - 1]),
        false => dice.i64(start..end),
    };
    Timestamp::from_unix_seconds(seconds).unwrap_or_else(|_| of.start())
}

pub(crate) fn binding_key(dice: &mut Rng) -> BindingKey {
    BindingKey {
        source: parsed(one(dice, &SOURCES)),
        platform_user_id: parsed(one(dice, &PLATFORM_USERS)),
    }
}

/// An event that nobody has seen. `number` makes its id its own.
pub(crate) fn event(dice: &mut Rng, number: u64, at: Timestamp) -> NewActivityEvent {
    let BindingKey { source, platform_user_id } = binding_key(dice);
    let event_type = parsed(one(dice, &TYPES));
    let mark = one(dice, &["", "'", "%", "é", "\\", "#\u{1F980}"]);
    let mut event = NewActivityEvent {
        id: parsed(&format!("{source}:{number}{mark}")),
        source,
        event_type,
        platform_login: chance(dice, 50).then(|| platform_user_id.to_string()),
        platform_user_id,
        user_id: chance(dice, 40).then(|| person(dice)),
        artifact_url: chance(dice, 30).then(|| format!("https://example.org/{number}")),
        metadata: chance(dice, 50).then(|| json!({"n": number, "of": [1.5, null, "\u{e9}"]})),
        payload_hash: Sha256Hex::of(b""),
        producer: "model".to_owned(),
        producer_version: "1".to_owned(),
        event_time: at,
        retrieved_at: at,
    };
    event.payload_hash = event.canonical_payload_hash();
    event
}

/// The same id with another payload.
pub(crate) fn conflicting(mut event: NewActivityEvent) -> NewActivityEvent {
    event.metadata = Some(json!({"other": true}));
    event.payload_hash = event.canonical_payload_hash();
    event
}

pub(crate) fn some_units(dice: &mut Rng) -> Units {
    match dice.u8(..60) {
        0 => units(i64::MAX),
        1..10 => units(0),
        _ => units(dice.i64(0..30_000)),
    }
}

pub(crate) fn allocation(dice: &mut Rng) -> NewAllocation {
    NewAllocation {
        user_id: person(dice),
        proposed_units: some_units(dice),
        activity_count: dice.u32(..10),
    }
}

pub(crate) fn decision(dice: &mut Rng) -> Option<AllocationOverride> {
    let reason = one(dice, &["as agreed", "twice counted", "\u{e9}"]);
    chance(dice, 75).then(|| AllocationOverride::new(some_units(dice), reason).ok()).flatten()
}

pub(crate) fn component(dice: &mut Rng) -> NewPoolComponent {
    let id = if chance(dice, 60) { ComponentId::BASE_ISSUANCE } else { "top_up" };
    let amount = match dice.u8(..40) {
        0 => i64::MAX,
        1..4 => 0,
        _ => dice.i64(1..1_000_000),
    };
    NewPoolComponent {
        component_id: parsed(id),
        algorithm_version: "1".to_owned(),
        inputs: json!({"amount": amount.to_string()}),
        amount: credits(amount),
        evidence_ref: chance(dice, 30).then(|| "vote 7".to_owned()),
        computed_at: parsed("2026-10-01T00:00:00Z"),
    }
}

pub(crate) fn cursor_key(dice: &mut Rng) -> CursorKey {
    let stream = one(dice, &["main", "releases", "x:y"]);
    CursorKey::new(parsed(one(dice, &SOURCES)), stream, "owner/repo")
        .unwrap_or_else(|_| ledger_testkit::cursor_key("main"))
}

pub(crate) fn source_id(dice: &mut Rng) -> SourceId {
    parsed(one(dice, &["main-repo", "forum"]))
}

pub(crate) fn statement_id(dice: &mut Rng) -> StatementId {
    StatementId(Uuid::from_u128(u128::from(dice.u64(..1 << 40))))
}

pub(crate) fn token(dice: &mut Rng) -> NewAccessToken {
    let number = dice.u8(..6);
    NewAccessToken {
        id: token_id(number),
        name: parsed(&format!("token {number}")),
        scope: one(dice, &Scope::ALL),
        secret_hash: Sha256Hex::of(&[number]),
        expires_at: None,
    }
}

pub(crate) const fn token_id(number: u8) -> TokenId {
    TokenId(Uuid::from_u128(number as u128 + 1))
}

pub(crate) fn pool(dice: &mut Rng) -> Credits {
    credits(dice.i64(0..1_000))
}

pub(crate) fn missing_event(dice: &mut Rng) -> EventId {
    parsed(&format!("git:missing-{}", dice.u8(..3)))
}

pub(crate) const MISSING_EPOCH: EpochId = EpochId(999_999);

/// A page of a few, from the beginning or after that key.
pub(crate) fn page<K>(dice: &mut Rng, after: Option<K>) -> PageRequest<K> {
    let limit = dice.u16(1..6);
    match after {
        Some(key) if chance(dice, 60) => PageRequest::after(key).of_at_most(limit),
        _ => PageRequest::first().of_at_most(limit),
    }
}
