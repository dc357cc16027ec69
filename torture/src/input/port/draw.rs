//! Values that the types let through, as extreme as they let them be.

use std::str::FromStr;

use fastrand::Rng;
use ledger_core::{
    AllocationOverride, ComponentId, Credits, CursorKey, DisplayName, EpochId, IdempotencyKey,
    NewAccessToken, NewActivityEvent, NewAllocation, NewEpoch, NewPayoutStatement,
    NewPoolComponent, Period, Scope, Sha256Hex, StatementId, Timestamp, TokenId, Units, UserId,
    WeightTable, allocation_set_hash, payouts,
};
use ledger_port::{
    ActivityFilter, ActivityKey, BindingKey, FinalizeEpoch, IdentityBinding, IdentityResolution,
    PageRequest,
};
use serde_json::Value;
use uuid::Uuid;

use crate::input::json::{nested, value};
use crate::input::texts::{largest, number, text_below};

/// Names of people, events and the like that are valid and look like something else.
const PRINTABLE: &[&str] = &[
    "alice",
    "\u{430}lice",
    "e\u{301}",
    "\u{e9}",
    " ",
    "'; DROP TABLE activity_events; --",
    "\\N",
    "NULL",
    "{\"a\",NULL}",
    "%_\\%",
    "\u{202e}ecila",
    "\u{1f469}\u{200d}\u{1f680}",
    "\u{feff}alice",
    "\u{10ffff}",
    "\u{2028}",
];
const SLUGS: &[&str] = &["git", "github", "a", "a--", "z9_.-", "commit_authored", "base_issuance"];
const NAMES: &[&str] = &["Alice", "\u{410}lice", "a\u{a0}", "O'Neill \\ \"x\"", "\u{1f600}"];
const KEYS: &[&str] = &["key", "\"'\\%_~!", "0", "$1"];
const MOMENTS: &[&str] = &[
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00.000001Z",
    "1969-12-31T23:59:59.999999Z",
    "1999-12-31T23:59:59.999999Z",
    "2016-12-31T23:59:60.5Z",
    "2026-11-17T12:00:00Z",
    "2026-11-17T12:34:60Z",
    "2026-11-22T23:59:59.999999Z",
    "9999-12-31T23:59:59.999999Z",
];

/// Dice that throw valid values.
pub(crate) struct Draw<'a> {
    pub(crate) dice: Rng,
    /// The epochs that there are.
    pub(crate) epochs: &'a [EpochId],
    pub(crate) size: Size,
}

/// How long free text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Any,
    /// As long as any that is ever given.
    Largest,
}

impl Draw<'_> {
    /// A value of a type that is read from text: one that came before, more often than not.
    fn valid<T: FromStr>(&mut self, known: &[&str], most: usize) -> T {
        loop {
            let drawn = match self.dice.u8(..4) {
                0 => text_below(&mut self.dice, most),
                1 => "\u{430}".repeat(most / 2),
                _ => self.dice.choice(known).copied().unwrap_or_default().to_owned(),
            };
            if let Ok(value) = drawn.parse() {
                return value;
            }
        }
    }

    pub(crate) fn printable<T: FromStr>(&mut self, most: usize) -> T {
        self.valid(PRINTABLE, most)
    }

    pub(crate) fn slug<T: FromStr>(&mut self) -> T {
        match self.dice.u8(..16) {
            0 => {
                self.valid(&["a23456789_123456789_123456789_123456789_123456789_123456789_1234"], 0)
            }
            _ => self.valid(SLUGS, 64),
        }
    }

    pub(crate) fn name(&mut self) -> DisplayName {
        self.valid(NAMES, 128)
    }

    pub(crate) fn key(&mut self) -> IdempotencyKey {
        self.valid(KEYS, 255)
    }

    pub(crate) fn moment(&mut self) -> Timestamp {
        self.valid(MOMENTS, 64)
    }

    /// Free text. Mostly what the store keeps, sometimes what it must refuse.
    pub(crate) fn free(&mut self) -> String {
        match self.size {
            Size::Any => self.free_of_any_size(),
            Size::Largest => largest(&mut self.dice),
        }
    }

    fn free_of_any_size(&mut self) -> String {
        match self.dice.u16(..12_000) {
            0 => largest(&mut self.dice),
            1..1_000 => text_below(&mut self.dice, 65_536),
            _ => self.printable::<UserId>(256).to_string(),
        }
    }

    pub(crate) fn maybe<T>(&mut self, draw: impl FnOnce(&mut Self) -> T) -> Option<T> {
        let is_drawn = self.size == Size::Largest || self.dice.bool();
        is_drawn.then(|| draw(self))
    }

    pub(crate) fn some<T>(&mut self, most: usize, mut draw: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let fewest = if self.size == Size::Largest { most.min(1) } else { 0 };
        (0..self.dice.usize(fewest..=most)).map(|_| draw(self)).collect()
    }

    pub(crate) fn epoch(&mut self) -> EpochId {
        const NOBODYS: &[i64] = &[i64::MIN, -1, 0, i64::MAX];
        match self.dice.u8(..12) {
            0 => EpochId(self.dice.choice(NOBODYS).copied().unwrap_or_default()),
            1..=3 => self.dice.choice(self.epochs).copied().unwrap_or(EpochId(0)),
            _ => self.epochs.last().copied().unwrap_or(EpochId(0)),
        }
    }

    pub(crate) fn units(&mut self) -> Units {
        Units::new(number(&mut self.dice)).unwrap_or(Units::ONE)
    }

    pub(crate) fn credits(&mut self) -> Credits {
        let few = [0, 1, 100];
        let number = match self.dice.bool() {
            true => *self.dice.choice(&few).unwrap_or(&0),
            false => number(&mut self.dice),
        };
        Credits::new(number).unwrap_or(Credits::ZERO)
    }

    pub(crate) fn hash(&mut self) -> Sha256Hex {
        Sha256Hex::of(&[self.dice.u8(..3)])
    }

    pub(crate) fn json(&mut self) -> Value {
        match self.dice.u16(..24_000) {
            _ if self.size == Size::Largest => Value::from(largest(&mut self.dice)),
            0..5 => Value::from(largest(&mut self.dice)),
            5..200 => nested(1_000),
            200..1_000 => nested(self.dice.usize(30..36)),
            1_000..2_000 => Value::from("x".repeat(self.dice.usize(65_530..65_540))),
            _ => value(&mut self.dice, 4),
        }
    }

    pub(crate) fn period(&mut self) -> Period {
        loop {
            let (one, other) = (self.moment(), self.moment());
            if let Ok(period) = Period::new(one.min(other), one.max(other)) {
                return period;
            }
        }
    }

    pub(crate) fn weights(&mut self) -> WeightTable {
        let table = self.some(3, |draw| {
            let kind = ledger_core::EventKind { source: draw.slug(), event_type: draw.slug() };
            (kind, draw.units())
        });
        WeightTable::new(table.into_iter().collect()).unwrap_or_default()
    }

    pub(crate) fn new_epoch(&mut self) -> NewEpoch {
        NewEpoch { period: self.period(), weights: self.weights() }
    }

    pub(crate) fn event(&mut self) -> NewActivityEvent {
        let mut event = NewActivityEvent {
            id: self.printable(512),
            source: self.slug(),
            event_type: self.slug(),
            platform_user_id: self.printable(256),
            platform_login: self.maybe(Self::free),
            user_id: self.maybe(|draw| draw.printable(256)),
            artifact_url: self.maybe(Self::free),
            metadata: self.maybe(Self::json),
            payload_hash: self.hash(),
            producer: self.printable::<UserId>(256).to_string(),
            producer_version: self.free(),
            event_time: self.moment(),
            retrieved_at: self.moment(),
        };
        if self.dice.bool() {
            event.payload_hash = event.canonical_payload_hash();
        }
        event
    }

    pub(crate) fn events(&mut self) -> Vec<NewActivityEvent> {
        self.some(4, Self::event)
    }

    pub(crate) fn platform_user(&mut self) -> BindingKey {
        BindingKey { source: self.slug(), platform_user_id: self.printable(256) }
    }

    pub(crate) fn binding(&mut self) -> IdentityBinding {
        IdentityBinding { key: self.platform_user(), user_id: self.printable(256) }
    }

    pub(crate) fn resolution(&mut self) -> IdentityResolution {
        IdentityResolution { event_id: self.printable(512), user_id: self.printable(256) }
    }

    pub(crate) fn allocation(&mut self) -> NewAllocation {
        NewAllocation {
            user_id: self.printable(256),
            proposed_units: self.units(),
            activity_count: *self.dice.choice(&[0, 1, u32::MAX]).unwrap_or(&0),
        }
    }

    pub(crate) fn decision(&mut self) -> AllocationOverride {
        loop {
            let (units, reason) = (self.units(), self.free_of_any_size());
            if let Ok(decision) = AllocationOverride::new(units, reason) {
                return decision;
            }
        }
    }

    pub(crate) fn cursor_key(&mut self) -> CursorKey {
        loop {
            let (stream, scope) = (self.free_of_any_size(), self.free_of_any_size());
            let source = self.slug();
            if let Ok(key) = CursorKey::new(source, stream, scope) {
                return key;
            }
        }
    }

    pub(crate) fn component(&mut self) -> NewPoolComponent {
        NewPoolComponent {
            component_id: match self.dice.bool() {
                true => ComponentId::base_issuance(),
                false => self.slug(),
            },
            algorithm_version: self.free(),
            inputs: self.json(),
            amount: self.credits(),
            evidence_ref: self.maybe(Self::free),
            computed_at: self.moment(),
        }
    }

    pub(crate) fn statement_id(&mut self) -> StatementId {
        let number = *self.dice.choice(&[0, 1, 2, u128::MAX]).unwrap_or(&0);
        StatementId(Uuid::from_u128(number))
    }

    pub(crate) fn statement(&mut self) -> NewPayoutStatement {
        let pool_total = self.credits();
        let owned: Vec<(UserId, Units)> = self.some(3, |draw| (draw.printable(256), draw.units()));
        NewPayoutStatement {
            id: self.statement_id(),
            epoch_id: self.epoch(),
            allocation_set_hash: allocation_set_hash(owned.iter().map(|(id, units)| (id, *units))),
            pool_total,
            payouts: payouts(owned, pool_total).unwrap_or_default(),
            supersedes: self.maybe(Self::statement_id),
        }
    }

    pub(crate) fn finalize(&mut self) -> FinalizeEpoch {
        FinalizeEpoch {
            epoch_id: self.epoch(),
            statement_id: self.statement_id(),
            expected_pool_total: None,
            expected_allocation_set_hash: if self.dice.u8(..4) == 0 {
                Some(self.hash())
            } else {
                None
            },
        }
    }

    pub(crate) fn token_id(&mut self) -> TokenId {
        TokenId(self.statement_id().0)
    }

    pub(crate) fn token(&mut self) -> NewAccessToken {
        NewAccessToken {
            id: self.token_id(),
            name: self.valid(NAMES, 128),
            scope: *self.dice.choice(&Scope::ALL).unwrap_or(&Scope::Read),
            secret_hash: self.hash(),
            expires_at: self.maybe(Self::moment),
        }
    }

    pub(crate) fn activity_key(&mut self) -> ActivityKey {
        ActivityKey { event_time: self.moment(), event_id: self.printable(512) }
    }

    pub(crate) fn filter(&mut self) -> ActivityFilter {
        ActivityFilter {
            user_id: self.maybe(|draw| draw.printable(256)),
            source: self.maybe(Self::slug),
            event_type: self.maybe(Self::slug),
            is_unresolved: self.maybe(|draw| draw.dice.bool()),
            is_late: self.maybe(|draw| draw.dice.bool()),
        }
    }

    pub(crate) fn page<K>(&mut self, draw: impl FnOnce(&mut Self) -> K) -> PageRequest<K> {
        let page = match self.maybe(draw) {
            Some(key) => PageRequest::after(key),
            None => PageRequest::first(),
        };
        let most = *self.dice.choice(&[0, 1, 2, 5_000, u16::MAX]).unwrap_or(&1);
        page.of_at_most(most)
    }
}
