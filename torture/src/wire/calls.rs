//! What a caller asks for, and how one finds out what became of it.

use fastrand::Rng;
use futures_util::TryStreamExt as _;
use ledger_core::{EpochId, IdempotencyKey, NewActivityEvent, Sha256Hex};
use ledger_port::{IngestPage, InsertOutcome, Once, PageRequest, PortResult, Write};
use ledger_testkit::{cursor_key, event, parsed, pool_component};

use crate::ground::Store;
use crate::{Outcome, broken};

/// How many events one call brings.
const EVENTS: u64 = 3;

/// How many events the ledger holds that is only read.
pub(super) const STILL: u64 = 1_500;

/// Two ledgers: one is written to, and one is only read.
#[derive(Clone)]
pub(super) struct Books {
    pub(super) written: Store,
    pub(super) written_epoch: EpochId,
    pub(super) still: Store,
    pub(super) still_epoch: EpochId,
}

/// What is asked for. Each write has a number of its own in the whole torture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Call {
    /// Events under a key, in a transaction.
    Keyed(u64),
    /// A part of the budget under a key, in a transaction.
    Component(u64),
    /// A page of events and its cursor, in a transaction.
    Page(u64),
    /// Events by one statement, which commits by itself.
    Few(u64),
    /// A page of a list.
    List,
    /// Every event of an epoch, one by one.
    Stream,
}

/// What the store says it did with a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// It did it now.
    Now,
    /// It had done it before.
    Before,
    /// It was asked for nothing.
    Read,
}

impl Call {
    pub(super) fn throw(dice: &mut Rng, number: u64) -> Self {
        match dice.u8(..10) {
            0..=2 => Self::Keyed(number),
            3..=4 => Self::Page(number),
            5 => Self::Component(number),
            6..=7 => Self::Few(number),
            8 => Self::List,
            _ => Self::Stream,
        }
    }

    pub(super) const fn is_write(self) -> bool {
        !matches!(self, Self::List | Self::Stream)
    }

    /// Asks.
    pub(super) async fn ask(self, books: &Books) -> Outcome<PortResult<Done>> {
        let (store, epoch_id) = (&books.written, books.written_epoch);
        match self {
            Self::Keyed(number) => {
                let write = Write::InsertActivityEvents { epoch_id, events: events(number) };
                Ok(keyed(store, &write, number).await)
            }
            Self::Component(number) => {
                let component = pool_component(&format!("part_{number}"), 1);
                let write = Write::InsertPoolComponent { epoch_id, component };
                Ok(keyed(store, &write, number).await)
            }
            Self::Page(number) => {
                let page = IngestPage {
                    epoch_id,
                    events: events(number),
                    cursor_key: cursor_key(&format!("stream-{number}")),
                    cursor_value: number.to_string(),
                };
                whole(self, store.ingest_page(&page).await)
            }
            Self::Few(number) => {
                whole(self, store.insert_activity_events(epoch_id, &events(number)).await)
            }
            Self::List => list(books).await,
            Self::Stream => stream(books).await,
        }
    }
}

fn events(number: u64) -> Vec<NewActivityEvent> {
    (0..EVENTS).map(|part| event(&format!("{number}:{part}")).of_user("alice").build()).collect()
}

/// The events and keys that a number of writes leave, for the end: `(events, keys, cursors, parts)`.
pub(super) fn traces(calls: &[Call]) -> (u64, u64, u64, u64) {
    let mut traces = (0, 0, 0, 0);
    for call in calls {
        match call {
            Call::Keyed(_) => {
                traces.0 += EVENTS;
                traces.1 += 1;
            }
            Call::Component(_) => {
                traces.1 += 1;
                traces.3 += 1;
            }
            Call::Page(_) => {
                traces.0 += EVENTS;
                traces.2 += 1;
            }
            Call::Few(_) => traces.0 += EVENTS,
            Call::List | Call::Stream => {}
        }
    }
    traces
}

async fn keyed(store: &Store, write: &Write, number: u64) -> PortResult<Done> {
    let key: IdempotencyKey = parsed(&format!("key-{number}"));
    let once = Once { key, request_hash: Sha256Hex::of(&number.to_be_bytes()) };
    let answer = store.write(write, Some(&once), &|_| number.to_string()).await?;
    Ok(if answer.is_replayed { Done::Before } else { Done::Now })
}

/// All events of a call are new, or all are known: it is never half done.
fn whole(call: Call, outcome: PortResult<InsertOutcome>) -> Outcome<PortResult<Done>> {
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(refusal) => return Ok(Err(refusal)),
    };
    match (outcome.inserted, outcome.duplicates, outcome.conflicts.count) {
        (EVENTS, 0, 0) => Ok(Ok(Done::Now)),
        (0, EVENTS, 0) => Ok(Ok(Done::Before)),
        _ => broken!("{call:?} was half done: {outcome:?}"),
    }
}

async fn list(books: &Books) -> Outcome<PortResult<Done>> {
    let first = PageRequest::first();
    let page = match books.still.get_activity_for_epoch(books.still_epoch, first).await {
        Ok(page) => page,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if page.items.is_empty() || page.next.is_none() {
        broken!("a page of {} of {STILL} events has no next one", page.items.len());
    }
    Ok(Ok(Done::Read))
}

/// Whole, or an error: a stream that is cut must not look as if it were at its end.
async fn stream(books: &Books) -> Outcome<PortResult<Done>> {
    let read = async {
        let events = books.still.stream_activity_for_epoch(books.still_epoch).await?;
        events.try_fold(0_u64, |read, _| async move { Ok(read + 1) }).await
    };
    match read.await {
        Ok(STILL) => Ok(Ok(Done::Read)),
        Ok(read) => broken!("a stream of {STILL} events ended after {read} as if those were all"),
        Err(refusal) => Ok(Err(refusal)),
    }
}
