//! What comes next.

use fastrand::Rng;
use ledger_core::{
    CollectionOutcome, Epoch, EpochId, EpochStatus, EventId, NewActivityEvent, NewEpoch,
    NewPayoutStatement, OneLine, Sha256Hex, allocation_set_hash, payouts,
};
use ledger_port::{
    ActivityFilter, ActivityKey, FinalizeEpoch, IdentityBinding, IdentityResolution, IngestPage,
    Once, RollOver, Write,
};
use ledger_testkit::{parsed, user};

use super::books::{Books, Group, Records};
use super::command::{Command, Read};
use super::values::{
    self as value, MISSING_EPOCH, PEOPLE, binding_key, chance, one, page, person, token_id,
};

/// What a drawing stands on: what is there already.
pub(crate) struct Drawing<'a> {
    pub(crate) dice: &'a mut Rng,
    /// The ledger's books.
    pub(crate) books: &'a Books,
    /// An epoch of the other ledger, which must look like a missing one.
    pub(crate) stranger: Option<EpochId>,
    /// Gives each new event a number of its own.
    pub(crate) next_event: &'a mut u64,
}

impl Drawing<'_> {
    pub(crate) fn command(&mut self) -> Command {
        match self.dice.u8(..100) {
            0..26 => self.events(),
            26..34 => self.life(),
            34..45 => self.closing(),
            45..53 => self.people(),
            53..63 => self.shares(),
            63..66 => Command::InsertPoolComponent(self.epoch(), value::component(self.dice)),
            66..72 => self.bookkeeping(),
            72..80 => self.write(),
            _ => Command::Read(self.read()),
        }
    }

    fn epochs(&self) -> &[Epoch] {
        match self.books.get(&Group::Epochs) {
            Some(Records::Epochs(epochs)) => epochs,
            _ => &[],
        }
    }

    /// Mostly one that takes writes; sometimes a closed one, another ledger's, or none at all.
    fn epoch(&mut self) -> EpochId {
        let alive: Vec<EpochId> = self
            .epochs()
            .iter()
            .filter(|epoch| epoch.status != EpochStatus::Closed)
            .map(|epoch| epoch.id)
            .collect();
        match self.dice.u8(..20) {
            0 => self.stranger.unwrap_or(MISSING_EPOCH),
            1..5 if !self.epochs().is_empty() => {
                let at = self.dice.usize(..self.epochs().len());
                self.epochs()[at].id
            }
            _ if alive.is_empty() => MISSING_EPOCH,
            _ => one(self.dice, &alive),
        }
    }

    fn stored(&mut self, epoch_id: EpochId) -> Option<NewActivityEvent> {
        let Some(Records::Events(events)) = self.books.get(&Group::Events(epoch_id)) else {
            return None;
        };
        (!events.is_empty()).then(|| one(self.dice, events).event)
    }

    fn any_stored(&mut self) -> Option<NewActivityEvent> {
        let epoch_id = self.epoch();
        self.stored(epoch_id)
    }

    fn batch(&mut self, epoch_id: EpochId) -> Vec<NewActivityEvent> {
        let Some(period) =
            self.epochs().iter().find(|one| one.id == epoch_id).map(|one| one.period)
        else {
            return Vec::new();
        };
        let count = if chance(self.dice, 3) { 20 } else { self.dice.u8(..6) };
        let mut events: Vec<NewActivityEvent> = Vec::new();
        for _ in 0..count {
            let known = chance(self.dice, 35).then(|| self.any_stored()).flatten();
            events.push(match known {
                Some(known) if chance(self.dice, 30) => value::conflicting(known),
                Some(known) => known,
                None => {
                    let is_after = chance(self.dice, 3);
                    let at = value::moment(self.dice, period, is_after);
                    *self.next_event += 1;
                    value::event(self.dice, *self.next_event, at)
                }
            });
        }
        if chance(self.dice, 10)
            && let Some(first) = events.first().cloned()
        {
            events.push(first);
        }
        events
    }

    fn events(&mut self) -> Command {
        let epoch_id = self.epoch();
        let events = self.batch(epoch_id);
        if chance(self.dice, 50) {
            return Command::InsertActivityEvents(epoch_id, events);
        }
        let cursor_value = events.last().map_or_else(String::new, |event| event.id.to_string());
        let cursor_key = value::cursor_key(self.dice);
        Command::IngestPage(IngestPage { epoch_id, events, cursor_key, cursor_value })
    }

    fn new_epoch(&mut self) -> NewEpoch {
        NewEpoch { period: value::period(self.dice), weights: value::weights(self.dice) }
    }

    fn life(&mut self) -> Command {
        match self.dice.u8(..10) {
            0..5 => Command::CreateEpoch(self.new_epoch()),
            5..8 => {
                let over = chance(self.dice, 70).then(|| self.epoch());
                Command::RollOver(RollOver { over, next: self.new_epoch() })
            }
            _ => Command::BeginReview(self.epoch()),
        }
    }

    fn finalize(&mut self) -> FinalizeEpoch {
        let wrong_hash = chance(self.dice, 5).then(|| Sha256Hex::of(b"wrong"));
        FinalizeEpoch {
            epoch_id: self.epoch(),
            statement_id: value::statement_id(self.dice),
            expected_pool_total: chance(self.dice, 5).then(|| value::pool(self.dice)),
            expected_allocation_set_hash: wrong_hash,
        }
    }

    /// What an operator would do next to pay an epoch; or something else.
    fn closing(&mut self) -> Command {
        match self.dice.u8(..14) {
            0..9 => self.sensible_step(),
            9..11 => Command::PreviewFinalizeEpoch(self.finalize()),
            11..13 => {
                let epoch_id = self.epoch();
                Command::CloseEpoch(epoch_id, self.pool_of(epoch_id))
            }
            _ => self.correction(),
        }
    }

    fn sensible_step(&mut self) -> Command {
        let epoch_id = self.epoch();
        let is_funded = match self.books.get(&Group::Components(epoch_id)) {
            Some(Records::Components(parts)) => {
                parts.iter().any(|part| part.component.component_id.is_base_issuance())
            }
            _ => false,
        };
        match is_funded {
            false => Command::InsertPoolComponent(epoch_id, value::component(self.dice)),
            true if chance(self.dice, 40) => Command::ProposeAllocations(epoch_id),
            true => Command::FinalizeEpoch(FinalizeEpoch { epoch_id, ..self.finalize() }),
        }
    }

    /// The sum of the parts, or something else.
    fn pool_of(&mut self, epoch_id: EpochId) -> ledger_core::Credits {
        let parts = match self.books.get(&Group::Components(epoch_id)) {
            Some(Records::Components(parts)) if chance(self.dice, 80) => parts.as_slice(),
            _ => return value::pool(self.dice),
        };
        ledger_core::pool_total(parts).unwrap_or_else(|_| value::pool(self.dice))
    }

    /// A statement of its own, which may or may not supersede the one in force. Mostly of an epoch that is closed,
    /// and of as much as that paid.
    fn correction(&mut self) -> Command {
        let paid: Vec<_> = self
            .epochs()
            .iter()
            .filter_map(|one| one.pool_total.map(|pool| (one.id, pool)))
            .collect();
        let (epoch_id, pool_total) = match paid.is_empty() || chance(self.dice, 15) {
            true => (self.epoch(), value::pool(self.dice)),
            false => one(self.dice, &paid),
        };
        let in_force = match self.books.get(&Group::Statements(epoch_id)) {
            Some(Records::Statement(Some(found))) => Some(found.statement.id),
            _ => None,
        };
        let owned: Vec<_> =
            PEOPLE[..3].iter().map(|id| (user(id), value::some_units(self.dice))).collect();
        Command::InsertPayoutStatement(NewPayoutStatement {
            id: value::statement_id(self.dice),
            epoch_id,
            allocation_set_hash: allocation_set_hash(owned.iter().map(|(id, of)| (id, *of))),
            pool_total,
            payouts: payouts(owned, pool_total).unwrap_or_default(),
            supersedes: in_force.filter(|_| chance(self.dice, 85)),
        })
    }

    fn event_id(&mut self) -> EventId {
        match self.any_stored() {
            Some(event) if chance(self.dice, 95) => event.id,
            _ => value::missing_event(self.dice),
        }
    }

    fn people(&mut self) -> Command {
        let resolution = |me: &mut Self| IdentityResolution {
            event_id: me.event_id(),
            user_id: person(me.dice),
        };
        match self.dice.u8(..10) {
            0..3 => Command::ResolveIdentity(self.event_id(), person(self.dice)),
            3..5 => {
                let count = self.dice.u8(..5);
                Command::ResolveIdentities((0..count).map(|_| resolution(self)).collect())
            }
            5..7 => Command::BindIdentities(self.bindings()),
            7..9 => Command::ResolveByBindings(self.epoch()),
            _ => {
                let name = one(self.dice, &["Alice A.", "Zoë", "名前"]);
                let name = chance(self.dice, 80).then(|| parsed(name));
                Command::SetDisplayName(person(self.dice), name)
            }
        }
    }

    fn bindings(&mut self) -> Vec<IdentityBinding> {
        let count = self.dice.u8(..4);
        (0..count)
            .map(|_| IdentityBinding { key: binding_key(self.dice), user_id: person(self.dice) })
            .collect()
    }

    fn shares(&mut self) -> Command {
        let epoch_id = self.epoch();
        match self.dice.u8(..12) {
            0..6 => Command::ProposeAllocations(epoch_id),
            6 => {
                let count = self.dice.u8(..5);
                let of = (0..count).map(|_| value::allocation(self.dice)).collect();
                Command::InsertAllocations(epoch_id, of)
            }
            7 => Command::PreviewAllocations(epoch_id, value::weights(self.dice)),
            _ => Command::UpdateAllocation(epoch_id, person(self.dice), value::decision(self.dice)),
        }
    }

    fn bookkeeping(&mut self) -> Command {
        match self.dice.u8(..8) {
            0..3 => {
                let value = self.dice.u16(..).to_string();
                Command::UpsertCursor(value::cursor_key(self.dice), value)
            }
            3..5 => {
                let outcome = match chance(self.dice, 50) {
                    true => CollectionOutcome::Failed { error: OneLine::of("no answer") },
                    false => CollectionOutcome::Complete {
                        through: value::moment(self.dice, ledger_testkit::week("2026-W40"), false),
                    },
                };
                Command::RecordCollection(self.epoch(), value::source_id(self.dice), outcome)
            }
            5..7 => Command::InsertAccessToken(value::token(self.dice)),
            _ => Command::RevokeAccessToken(token_id(self.dice.u8(..6))),
        }
    }

    /// A write, mostly under a key; a key may be used again, for the same or for something else.
    fn write(&mut self) -> Command {
        let once = |me: &mut Self| {
            let request = [me.dice.u8(..2)];
            let key = parsed(&format!("key-{}", me.dice.u8(..40)));
            Once { key, request_hash: Sha256Hex::of(&request) }
        };
        if chance(self.dice, 10) {
            return Command::FindAnswer(once(self));
        }
        let epoch_id = self.epoch();
        let write = match self.dice.u8(..8) {
            0 => Write::CreateEpoch(self.new_epoch()),
            1 => Write::BeginReview(epoch_id),
            2 => Write::FinalizeEpoch(self.finalize()),
            3 => Write::InsertActivityEvents { epoch_id, events: self.batch(epoch_id) },
            4 => Write::BindIdentities(self.bindings()),
            5 => Write::ProposeAllocations(epoch_id),
            6 => {
                let decision = value::decision(self.dice);
                Write::UpdateAllocation { epoch_id, user_id: person(self.dice), decision }
            }
            _ => {
                let component = value::component(self.dice);
                Write::InsertPoolComponent { epoch_id, component }
            }
        };
        Command::Write(write, chance(self.dice, 80).then(|| once(self)))
    }

    fn filter(&mut self) -> ActivityFilter {
        let maybe = |dice: &mut Rng| chance(dice, 40).then(|| dice.bool());
        ActivityFilter {
            user_id: chance(self.dice, 30).then(|| person(self.dice)),
            source: chance(self.dice, 30).then(|| binding_key(self.dice).source),
            event_type: chance(self.dice, 30).then(|| parsed("review")),
            is_unresolved: maybe(self.dice),
            is_late: maybe(self.dice),
        }
    }

    fn read(&mut self) -> Read {
        let epoch_id = self.epoch();
        let key = self.stored(epoch_id);
        let key = key.map(|event| ActivityKey { event_time: event.event_time, event_id: event.id });
        match self.dice.u8(..16) {
            0 => Read::OpenEpoch,
            1 => Read::Epoch(epoch_id),
            2 => Read::Epochs(page(self.dice, Some(epoch_id))),
            3 => Read::Event(self.event_id()),
            4 => Read::Events(epoch_id, page(self.dice, key)),
            5 => Read::Unresolved(epoch_id, page(self.dice, key)),
            6..8 => Read::Find(epoch_id, self.filter(), page(self.dice, key)),
            8 => Read::Count(epoch_id, chance(self.dice, 50).then(|| person(self.dice))),
            9 => {
                let after = binding_key(self.dice);
                Read::UnresolvedIdentities(epoch_id, page(self.dice, Some(after)))
            }
            10 => Read::Binding(binding_key(self.dice)),
            11 => Read::Allocation(epoch_id, person(self.dice)),
            12 => {
                let after = person(self.dice);
                Read::Allocations(epoch_id, page(self.dice, Some(after)))
            }
            13 => Read::Cursor(value::cursor_key(self.dice)),
            14 => Read::Statement(epoch_id),
            _ => {
                let after = person(self.dice);
                Read::Holdings(page(self.dice, Some(after)))
            }
        }
    }
}
