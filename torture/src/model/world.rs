//! Two ledgers in PostgreSQL and the same two in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use ledger_adapter_server::Server;
use ledger_adapter_worker::Worker;
use ledger_core::{EpochId, EpochStatus, UserId};
use ledger_memory::MemoryLedger;
use ledger_port::{LedgerRegistry as _, verify_statement};
use ledger_testkit::{SettableClock, parsed, user};

use super::Counts;
use super::books::{Books, Fingerprints, Group, Place, Records, changed, read_all};
use super::command::Command;
use super::draw::Drawing;
use super::invariants;
use super::values::PEOPLE;
use crate::ground::{Ground, Store, pool, store};
use crate::{Outcome, broken, ensure};

const LEDGERS: [&str; 2] = ["default", "other"];

/// The same ledger, in each store. Half of the callers come through the server's adapter, half through
/// the worker's.
struct Ledger {
    name: &'static str,
    adapters: [Store; 2],
    model: Store,
    books: Books,
}

/// A database and its model.
pub(crate) struct World {
    ledgers: Vec<Ledger>,
    clock: SettableClock,
    fingerprints: Fingerprints,
    places: BTreeMap<Place, String>,
    /// Every statement of both ledgers, as a row.
    statements: BTreeSet<String>,
    people: Vec<UserId>,
    dice: Rng,
    next_event: u64,
    counts: Counts,
}

impl World {
    pub(crate) async fn new(ground: &Ground, database: &str, dice: Rng) -> Outcome<Self> {
        ground.database(database).await?;
        let clock = SettableClock::at("2026-11-20T08:00:00Z");
        let shared = Arc::new(clock.clone());
        let memory = MemoryLedger::new(shared.clone());
        let server = pool::<Server>(&ground.service_url(database)).await?;
        let worker = pool::<Worker>(&ground.service_url(database)).await?;
        let people: Vec<UserId> = PEOPLE.map(user).into();
        let mut ledgers = Vec::new();
        for name in LEDGERS {
            let adapters = [
                store(&server, name, shared.clone()).await?,
                store(&worker, name, shared.clone()).await?,
            ];
            memory.create_ledger(&parsed(name)).await?;
            let model: Store = Arc::new(memory.store(&parsed(name), shared.clone())?);
            let books = read_all(model.as_ref(), &people).await?;
            ledgers.push(Ledger { name, adapters, model, books });
        }
        let fingerprints = Fingerprints::of(ground.session(database).await?).await?;
        let places = fingerprints.take().await?;
        Ok(Self {
            ledgers,
            clock,
            fingerprints,
            places,
            statements: BTreeSet::new(),
            people,
            dice,
            next_event: 0,
            counts: Counts { worlds: 1, ..Counts::default() },
        })
    }

    /// Draws a command, gives it to both stores, and compares what they say and what they hold.
    pub(crate) async fn step(&mut self) -> Outcome<()> {
        self.clock.advance(Duration::from_micros(self.dice.u64(..60_000_000)));
        let at = self.dice.usize(..LEDGERS.len());
        let stranger = first_epoch(&self.ledgers[1 - at].books);
        let books = &self.ledgers[at].books;
        let (dice, next_event) = (&mut self.dice, &mut self.next_event);
        let command = Drawing { dice, books, stranger, next_event }.command();
        let ledger = self.ledgers[at].name;
        let told = |what: &str| format!("{what}\nafter, on ledger {ledger}: {command:?}");
        self.play(at, &command).await.map_err(|failure| failure.told(told))
    }

    async fn play(&mut self, at: usize, command: &Command) -> Outcome<()> {
        let ledger = &self.ledgers[at];
        let caller = self.dice.usize(..ledger.adapters.len());
        let real = command.call(ledger.adapters[caller].as_ref()).await;
        if let Err(refusal) = &real {
            ensure!(!refusal.is_fault, "PostgreSQL does not answer: {}", refusal.what);
        }
        let modelled = command.call(ledger.model.as_ref()).await;
        ensure!(real == modelled, "PostgreSQL: {real:?}\nthe model: {modelled:?}");
        match real {
            Ok(_) => self.counts.answered += 1,
            Err(_) => self.counts.refused += 1,
        }
        let may_change = real.is_ok() && !command.is_read();
        self.compare(at, caller, may_change, command).await
    }

    /// Reads whatever changed on either side from PostgreSQL and holds it against the model. What did not
    /// change on either side was compared when it last did.
    async fn compare(
        &mut self,
        at: usize,
        caller: usize,
        may_change: bool,
        command: &Command,
    ) -> Outcome<()> {
        let places = self.fingerprints.take().await?;
        let Ledger { name, adapters, model, books } = &self.ledgers[at];
        let written = differences(&self.places, &places);
        let elsewhere = written.iter().find(|(ledger, _)| ledger != name);
        ensure!(elsewhere.is_none(), "LEDGER_SCOPED: it wrote to {elsewhere:?}");
        ensure!(may_change || written.is_empty(), "it changed something: {written:?}");
        if !may_change {
            return Ok(());
        }
        let now = read_all(model.as_ref(), &self.people).await?;
        let mut groups = changed(books, &now);
        groups.extend(written.iter().map(|(_, group)| *group));
        for &group in &groups {
            // An epoch's group is only read where there is such an epoch.
            let Some(expected) = now.get(&group) else {
                broken!("only PostgreSQL has {group:?}");
            };
            let found = group.read(adapters[caller].as_ref(), &self.people).await?;
            ensure!(found == *expected, "PostgreSQL holds {found:?}\nthe model {expected:?}");
        }
        invariants::check(books, &now, command)?;
        if groups.iter().any(|group| matches!(group, Group::Statements(_))) {
            let statements = self.fingerprints.statements().await?;
            let gone = self.statements.difference(&statements).next();
            ensure!(gone.is_none(), "STATEMENT_IMMUTABLE: it is not there any more: {gone:?}");
            self.counts.superseded += u64::from(is_corrected(books, &now));
            self.statements = statements;
        }
        let paid = newly_paid(books, &now);
        self.counts.closed += closed_in(&now) - closed_in(books);
        if command.pays_by_the_rules()
            && let Some(epoch_id) = paid
        {
            let report = verify_statement(adapters[1 - caller].as_ref(), epoch_id).await?;
            ensure!(report.is_verified(), "the statement is not verified: {report:?}");
            self.counts.verified += 1;
        }
        self.ledgers[at].books = now;
        self.places = places;
        Ok(())
    }

    /// Compares everything once more, and says what was done.
    pub(crate) async fn end(self) -> Outcome<Counts> {
        for Ledger { name, adapters, model, .. } in &self.ledgers {
            let expected = read_all(model.as_ref(), &self.people).await?;
            for adapter in adapters {
                let found = read_all(adapter.as_ref(), &self.people).await?;
                ensure!(found == expected, "ledger {name} is not the model's at the end");
            }
        }
        Ok(self.counts)
    }
}

fn differences<'a>(
    before: &'a BTreeMap<Place, String>,
    after: &'a BTreeMap<Place, String>,
) -> Vec<&'a Place> {
    let mut places: Vec<&Place> = before
        .keys()
        .chain(after.keys())
        .filter(|place| before.get(*place) != after.get(*place))
        .collect();
    places.sort_unstable();
    places.dedup();
    places
}

fn first_epoch(books: &Books) -> Option<EpochId> {
    match books.get(&Group::Epochs) {
        Some(Records::Epochs(epochs)) => epochs.first().map(|epoch| epoch.id),
        _ => None,
    }
}

fn closed_in(books: &Books) -> u64 {
    let Some(Records::Epochs(epochs)) = books.get(&Group::Epochs) else { return 0 };
    epochs.iter().map(|epoch| u64::from(epoch.status == EpochStatus::Closed)).sum()
}

/// Whether an epoch that had a statement has another one now.
fn is_corrected(before: &Books, after: &Books) -> bool {
    after.iter().any(|(group, records)| match (before.get(group), records) {
        (Some(Records::Statement(Some(old))), Records::Statement(Some(new))) => old != new,
        _ => false,
    })
}

/// An epoch that has its first statement now.
fn newly_paid(before: &Books, after: &Books) -> Option<EpochId> {
    after.iter().find_map(|(group, records)| match (group, records) {
        (Group::Statements(id), Records::Statement(Some(_)))
            if !matches!(before.get(group), Some(Records::Statement(Some(_)))) =>
        {
            Some(*id)
        }
        _ => None,
    })
}
