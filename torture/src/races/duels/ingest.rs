//! Ingest against close: all but one write events, page by page, until the store refuses; one proposes
//! and finalizes in the middle of it. What was acknowledged is in the closed epoch, and nothing else is.

use std::collections::BTreeSet;
use std::time::Duration;

use fastrand::Rng;
use futures_util::TryStreamExt as _;
use ledger_core::{EpochId, NewActivityEvent};
use ledger_port::{IngestPage, LedgerPortError, PortResult};
use ledger_testkit::{cursor_key, event, finalize};
use serde::{Deserialize, Serialize};

use super::{Round, Said, Turn, person, ready, verify};
use crate::ground::Store;
use crate::races::broken;
use crate::races::company::Company;
use crate::races::player::{Callers, Order};
use crate::{Failure, Outcome, ensure};

const PEOPLE: usize = 5;

/// What one caller did.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Deed {
    Closed { attempts: u64 },
    Wrote(Written),
}

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Written {
    stream: String,
    ids: Vec<String>,
    /// The cursor of the last page that was acknowledged.
    cursor: Option<String>,
    calls: u64,
    is_cut_off: bool,
}

pub(super) async fn round(company: &mut Company, mut round: Round, store: &Store) -> Outcome<Said> {
    let epoch_id = ready(store, PEOPLE).await?.id;
    round.epoch = Some(epoch_id);
    let deeds: Vec<Vec<Deed>> = company.all(&Order::Meet(round)).await?;
    let mut said = Said::default();
    let mut acknowledged: BTreeSet<String> =
        (0..PEOPLE).map(|one| format!("first:{one}")).collect();
    for deed in deeds.into_iter().flatten() {
        match deed {
            Deed::Closed { attempts } => said.calls += attempts,
            Deed::Wrote(written) => {
                let cursor = store.get_cursor(&cursor_key(&written.stream)).await?;
                let found = cursor.map(|cursor| cursor.value);
                let expected = &written.cursor;
                ensure!(found == *expected, "a cursor is at {found:?}, acknowledged {expected:?}");
                said.calls += written.calls;
                said.writers += 1;
                said.cut_off += u64::from(written.is_cut_off && written.calls > 1);
                acknowledged.extend(written.ids);
            }
        }
    }
    let stored = ids_of(store, epoch_id).await?;
    let lost = acknowledged.difference(&stored).count();
    let late = stored.difference(&acknowledged).count();
    ensure!(
        lost == 0 && late == 0,
        "of {} acknowledged events {lost} are not in the closed epoch, which has {late} more",
        acknowledged.len()
    );
    verify(store, epoch_id).await?;
    Ok(said)
}

async fn ids_of(store: &Store, epoch_id: EpochId) -> Outcome<BTreeSet<String>> {
    let events = store.stream_activity_for_epoch(epoch_id).await?;
    Ok(events.map_ok(|event| event.event.id.as_str().to_owned()).try_collect().await?)
}

pub(super) async fn meet(callers: &Callers, round: &Round) -> Outcome<Vec<Deed>> {
    let most = most_calls(round);
    let play = move |turn: Turn| async move {
        match turn.is_closer {
            true => close(turn).await,
            false => Ok(Deed::Wrote(write(turn, most).await?)),
        }
    };
    round.writers_against_a_closer(callers, play).await
}

/// How often a writer writes at most: while a crowd goes on without a rest, an event comes between every
/// proposal and its close.
fn most_calls(round: &Round) -> u64 {
    u64::try_from(250 / round.seats()).unwrap_or_default().clamp(2, 30)
}

/// Proposes and finalizes until no event came between the two.
async fn close(turn: Turn) -> Outcome<Deed> {
    let Turn { store, epoch_id, mut dice, .. } = turn;
    tokio::time::sleep(Duration::from_micros(dice.u64(..15_000))).await;
    for attempts in 1..100_000 {
        store.propose_allocations(epoch_id).await.map_err(|error| broken("proposing", &error))?;
        match store.finalize_epoch(&finalize(epoch_id)).await {
            Ok(_) => return Ok(Deed::Closed { attempts }),
            Err(LedgerPortError::AllocationsStale { .. }) => {}
            Err(error) => return Err(broken("finalizing", &error)),
        }
    }
    Err(Failure::Unable("the epoch could not be closed for all its writers".to_owned()))
}

async fn write(turn: Turn, most: u64) -> Outcome<Written> {
    let Turn { store, epoch_id, seat, mut dice, .. } = turn;
    let mut written = Written { stream: format!("writer-{seat}"), ..Written::default() };
    while written.calls < most && !written.is_cut_off {
        let events = some_events(seat, written.calls, &mut dice);
        let ids: Vec<String> = events.iter().map(|event| event.id.as_str().to_owned()).collect();
        let cursor = dice.bool().then(|| written.calls.to_string());
        written.calls += 1;
        match send(&store, epoch_id, &written.stream, events, cursor.as_ref()).await {
            Ok(inserted) => {
                ensure!(inserted == u64::try_from(ids.len())?, "of {ids:?} {inserted} were new");
                written.ids.extend(ids);
                written.cursor = cursor.or(written.cursor);
            }
            Err(LedgerPortError::EpochClosed { .. }) => written.is_cut_off = true,
            Err(error) => return Err(broken("ingesting", &error)),
        }
    }
    Ok(written)
}

/// Mostly of nobody, so that the proposal is not always stale.
fn some_events(seat: usize, call: u64, dice: &mut Rng) -> Vec<NewActivityEvent> {
    let whose = (dice.u8(..6) == 0).then(|| person(dice.usize(..PEOPLE)));
    let one = |number| {
        let built = event(&format!("{seat}:{call}:{number}"));
        whose.iter().fold(built, |built, user| built.of_user(user)).build()
    };
    (0..dice.usize(1..=6)).map(one).collect()
}

async fn send(
    store: &Store,
    epoch_id: EpochId,
    stream: &str,
    events: Vec<NewActivityEvent>,
    cursor: Option<&String>,
) -> PortResult<u64> {
    let outcome = match cursor {
        None => store.insert_activity_events(epoch_id, &events).await?,
        Some(value) => {
            let (cursor_key, cursor_value) = (cursor_key(stream), value.clone());
            store.ingest_page(&IngestPage { epoch_id, events, cursor_key, cursor_value }).await?
        }
    };
    Ok(outcome.inserted)
}
