//! Override against close: every caller decides on the units of one person of their own, again and again,
//! without a rest, until the store refuses; one finalizes in the middle of it, and comes to its turn however many
//! they are. A decision that was acknowledged is paid, and
//! one that was refused is not.

use std::time::{Duration, Instant};

use ledger_core::AllocationOverride;
use ledger_port::{LedgerPortError, all_pages};
use ledger_testkit::{decision, finalize, user};
use serde::{Deserialize, Serialize};

use super::{Round, Said, Turn, person, ready, verify};
use crate::ground::Store;
use crate::races::broken;
use crate::races::company::Company;
use crate::races::player::{Callers, Order};
use crate::{Outcome, ensure};

/// Longer than a close may wait for its turn.
const PATIENCE: Duration = Duration::from_secs(90);

/// What one caller did.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Deed {
    Closed,
    Decided(Decided),
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Decided {
    seat: usize,
    /// The units of the last decision that was acknowledged; `None` where it was taken back.
    last: Option<i64>,
    calls: u64,
    is_cut_off: bool,
}

pub(super) async fn round(company: &mut Company, mut round: Round, store: &Store) -> Outcome<Said> {
    let epoch_id = ready(store, round.seats()).await?.id;
    round.epoch = Some(epoch_id);
    let deeds: Vec<Vec<Deed>> = company.all(&Order::Meet(round)).await?;
    let stored = all_pages(|page| store.get_allocations_for_epoch(epoch_id, page)).await?;
    let mut said = Said::default();
    for deed in deeds.into_iter().flatten() {
        let Deed::Decided(Decided { seat, last, calls, is_cut_off }) = deed else {
            said.calls += 1;
            continue;
        };
        let name = user(&person(seat));
        let found = stored.iter().find(|one| one.user_id == name);
        let found =
            found.and_then(|one| one.decision.as_ref()).map(AllocationOverride::final_units);
        let found = found.map(ledger_core::Units::get);
        ensure!(found == last, "of {name} {found:?} is stored, and {last:?} was acknowledged");
        said.calls += calls;
        said.writers += 1;
        said.cut_off += u64::from(is_cut_off && calls > 1);
    }
    verify(store, epoch_id).await?;
    Ok(said)
}

pub(super) async fn meet(callers: &Callers, round: &Round) -> Outcome<Vec<Deed>> {
    let play = |turn: Turn| async move {
        match turn.is_closer {
            true => close(turn).await,
            false => Ok(Deed::Decided(decide(turn).await?)),
        }
    };
    round.writers_against_a_closer(callers, play).await
}

async fn close(turn: Turn) -> Outcome<Deed> {
    let Turn { store, epoch_id, mut dice, .. } = turn;
    tokio::time::sleep(Duration::from_micros(dice.u64(..15_000))).await;
    let finalized = store.finalize_epoch(&finalize(epoch_id)).await;
    finalized.map(|_| Deed::Closed).map_err(|error| broken("finalizing", &error))
}

async fn decide(turn: Turn) -> Outcome<Decided> {
    let Turn { store, epoch_id, seat, mut dice, .. } = turn;
    let name = user(&person(seat));
    let mut decided = Decided { seat, last: None, calls: 0, is_cut_off: false };
    let began = Instant::now();
    while !decided.is_cut_off {
        ensure!(began.elapsed() < PATIENCE, "nobody closed the epoch while {seat} wrote to it");
        let units = (dice.u8(..5) > 0).then(|| dice.i64(0..10_000));
        let asked = units.map(|units| decision(units, "looked at it again"));
        decided.calls += 1;
        match store.update_allocation(epoch_id, &name, asked.as_ref()).await {
            Ok(_) => decided.last = units,
            Err(LedgerPortError::EpochClosed { .. }) => decided.is_cut_off = true,
            Err(error) => return Err(broken("an override", &error)),
        }
    }
    Ok(decided)
}
