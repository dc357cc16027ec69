//! The same events, delivered twice by different callers in calls of all sizes: each is stored once, and
//! the answers add up.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use futures_util::TryStreamExt as _;
use ledger_core::{CursorKey, EpochId, LedgerId, NewActivityEvent};
use ledger_port::{IngestPage, InsertOutcome, PortResult};
use ledger_testkit::{cursor_key, event, new_epoch, week, weights};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::company::Company;
use super::player::{Callers, Order};
use super::{PROCESSES, TASKS, broken};
use crate::ground::Store;
use crate::{Extent, Outcome, Report, ensure};

/// Among how many ledgers the events are dealt.
const LEDGERS: u64 = 4;
/// The most events of one call.
const MAX_CALL: usize = 120;
const COPIES: u64 = 2;

/// Events with numbers that follow each other, each to be delivered twice.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Wave {
    seed: u64,
    first: u64,
    events: u64,
    /// Where an event goes: by its number, modulo how many these are.
    books: Vec<(LedgerId, EpochId)>,
}

/// What the answers to some calls came to.
#[derive(Debug, Default, Clone, Copy, Serialize, Deserialize)]
pub(super) struct Tally {
    calls: u64,
    pages: u64,
    deliveries: u64,
    inserted: u64,
    duplicates: u64,
    conflicts: u64,
}

impl Tally {
    fn count(&mut self, events: usize, outcome: &InsertOutcome) -> Outcome<()> {
        let events = u64::try_from(events)?;
        let InsertOutcome { inserted, duplicates, conflicts, .. } = outcome;
        ensure!(
            inserted + duplicates + conflicts.count == events,
            "of {events} events {outcome:?} were answered for"
        );
        self.calls += 1;
        self.deliveries += events;
        self.inserted += inserted;
        self.duplicates += duplicates;
        self.conflicts += conflicts.count;
        Ok(())
    }

    fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.pages += other.pages;
        self.deliveries += other.deliveries;
        self.inserted += other.inserted;
        self.duplicates += other.duplicates;
        self.conflicts += other.conflicts;
    }
}

/// The director's side.
pub(super) struct Deliveries {
    seed: u64,
    events_of_a_wave: u64,
    next: u64,
    books: Vec<(LedgerId, EpochId)>,
    stores: Vec<Store>,
    tally: Tally,
}

impl Deliveries {
    pub(super) async fn new(extent: &Extent, company: &Company) -> Outcome<Self> {
        let (mut books, mut stores) = (Vec::new(), Vec::new());
        for number in 0..LEDGERS {
            let (ledger, store) = company.ledger(&format!("deliveries-{number}")).await?;
            let epoch = store.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await?;
            books.push((ledger, epoch.id));
            stores.push(store);
        }
        let events_of_a_wave = extent.rounds(4_000, 25_000);
        let (seed, tally) = (extent.seed(), Tally::default());
        Ok(Self { seed, events_of_a_wave, next: 0, books, stores, tally })
    }

    /// Has the next events delivered.
    pub(super) async fn wave(&mut self, company: &mut Company) -> Outcome<()> {
        let (first, events) = (self.next, self.events_of_a_wave);
        let wave = Wave { seed: self.seed, first, events, books: self.books.clone() };
        for tally in company.all(&Order::Deliver(wave)).await? {
            self.tally.add(tally);
        }
        self.next += events;
        let Tally { deliveries, inserted, duplicates, conflicts, .. } = self.tally;
        ensure!(
            deliveries == COPIES * self.next,
            "{deliveries} deliveries of {} events",
            self.next
        );
        ensure!(
            inserted == self.next && duplicates == self.next && conflicts == 0,
            "{} events, delivered twice: {inserted} were answered to be inserted, {duplicates} to be \
             duplicates and {conflicts} to be conflicts",
            self.next
        );
        Ok(())
    }

    /// Every event is there once, as it was delivered, and nothing else is.
    pub(super) async fn check(&self, company: &Company) -> Outcome<()> {
        let mut found = 0;
        for (number, (store, (ledger, epoch_id))) in self.stores.iter().zip(&self.books).enumerate()
        {
            let mut expected = (0..self.next).filter(|event| book_of(*event) == number).count();
            let mut events = store.stream_activity_for_epoch(*epoch_id).await?;
            while let Some(stored) = events.try_next().await? {
                let id = stored.event.id.as_str();
                let event = id.strip_prefix("race:").and_then(|number| number.parse().ok());
                let delivered = event.map(|event| self::event_of(self.seed, event));
                ensure!(
                    event.is_some_and(|event| event < self.next && book_of(event) == number)
                        && delivered.as_ref() == Some(&stored.event),
                    "ledger {ledger} has {:?}, which nobody delivered",
                    stored.event
                );
                // A key of the table keeps one id from being there twice, so that counting is enough.
                found += 1;
                expected = expected.saturating_sub(1);
            }
            ensure!(expected == 0, "{expected} delivered events are not in ledger {ledger}");
        }
        let query = "SELECT count(*) FROM activity_events WHERE id LIKE 'race:%'";
        let rows: i64 = company.session().query_one(query, &[]).await?.get(0);
        ensure!(
            found == self.next && i64::try_from(found)? == rows,
            "{} events were delivered, {found} are in their epochs and {rows} in the table",
            self.next
        );
        Ok(())
    }

    pub(super) fn tell(&self, report: &mut Report) {
        let Tally { calls, pages, deliveries, inserted, duplicates, conflicts } = self.tally;
        report.tell("deliveries", deliveries);
        report.tell("calls that delivered", calls);
        report.tell("of them pages with a cursor", pages);
        report.tell("events inserted", inserted);
        report.tell("duplicates skipped", duplicates);
        report.tell("conflicts", conflicts);
    }
}

fn book_of(event: u64) -> usize {
    usize::try_from(event % LEDGERS).unwrap_or_default()
}

/// The event of that number, the same whoever delivers it.
fn event_of(seed: u64, number: u64) -> NewActivityEvent {
    let mut dice = Rng::with_seed(seed ^ number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let person = dice.u32(..500);
    let (day, hour, minute) = (dice.u8(16..23), dice.u8(..24), dice.u8(..60));
    let mut built = event(&format!("race:{number}"))
        .of_type(["commit_authored", "pr_merged", "review"][dice.usize(..3)])
        .by(&format!("person-{person}@example.org"))
        .at(&format!("2026-11-{day:02}T{hour:02}:{minute:02}:00Z"))
        .with_metadata(json!({ "title": "x".repeat(dice.usize(..200)), "lines": dice.u32(..) }));
    if dice.bool() {
        built = built.of_user(&format!("person-{person}"));
    }
    built.build()
}

/// Delivers this process's share of a wave.
pub(super) async fn deliver(callers: &Callers, wave: Wave) -> Outcome<Tally> {
    let (wave, copies) = (Arc::new(wave.clone()), Arc::new(copies(&wave)));
    let number = callers.number;
    let turn = |caller| {
        let books = wave.books.iter().map(|(ledger, _)| callers.store(caller, *ledger));
        let stores: Vec<Store> = books.collect();
        let (wave, copies) = (Arc::clone(&wave), Arc::clone(&copies));
        async move {
            let seat = number * TASKS + caller;
            let mine = share(&copies, seat);
            deliver_mine(&stores, &wave, seat, mine).await
        }
    };
    let mut tally = Tally::default();
    for one in callers.at_once(TASKS, turn).await? {
        tally.add(one);
    }
    Ok(tally)
}

/// The wave's numbers in as many orders as there are copies, the same in every process.
fn copies(wave: &Wave) -> Vec<Vec<u64>> {
    let shuffled = |copy| {
        let mut numbers: Vec<u64> = (wave.first..wave.first + wave.events).collect();
        Rng::with_seed(wave.seed ^ wave.first ^ copy).shuffle(&mut numbers);
        numbers
    };
    (1..=COPIES).map(shuffled).collect()
}

/// One caller's part of every copy.
fn share(copies: &[Vec<u64>], seat: usize) -> Vec<u64> {
    let seats = PROCESSES * TASKS;
    let part = |copy: &Vec<u64>| {
        let from = |seat: usize| copy.len() * seat / seats;
        copy[from(seat)..from(seat + 1)].to_vec()
    };
    copies.iter().flat_map(part).collect()
}

async fn deliver_mine(
    stores: &[Store],
    wave: &Wave,
    seat: usize,
    mut mine: Vec<u64>,
) -> Outcome<Tally> {
    let mut dice = Rng::with_seed(wave.seed ^ wave.first ^ u64::try_from(seat)?.rotate_left(32));
    dice.shuffle(&mut mine);
    let mut by_book: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    for number in mine {
        by_book.entry(book_of(number)).or_default().push(number);
    }
    let mut tally = Tally::default();
    while !by_book.is_empty() {
        let books: Vec<usize> = by_book.keys().copied().collect();
        let book = books[dice.usize(..books.len())];
        let Some(left) = by_book.get_mut(&book) else { continue };
        let size = if dice.u8(..4) == 0 { 1 } else { dice.usize(1..=MAX_CALL) };
        let call = left.split_off(left.len().saturating_sub(size));
        if left.is_empty() {
            by_book.remove(&book);
        }
        let events = call.iter().map(|number| event_of(wave.seed, *number)).collect();
        let value = tally.deliveries.to_string();
        let cursor = dice.bool().then(|| (cursor_key(&format!("caller-{seat}")), value));
        tally.pages += u64::from(cursor.is_some());
        let outcome = call_once(&stores[book], wave.books[book].1, events, cursor).await;
        tally.count(call.len(), &outcome.map_err(|error| broken("a delivery", &error))?)?;
    }
    Ok(tally)
}

/// As a page where there is a cursor, and as mere events where there is none.
async fn call_once(
    store: &Store,
    epoch_id: EpochId,
    events: Vec<NewActivityEvent>,
    cursor: Option<(CursorKey, String)>,
) -> PortResult<InsertOutcome> {
    match cursor {
        None => store.insert_activity_events(epoch_id, &events).await,
        Some((cursor_key, cursor_value)) => {
            store.ingest_page(&IngestPage { epoch_id, events, cursor_key, cursor_value }).await
        }
    }
}
