//! Open against open: everybody opens an epoch, for one of two windows. One does, and the others are told
//! which. In every other round they all go on from the same epoch to the next, and all get the same one.

use std::time::Duration;

use ledger_core::EpochId;
use ledger_port::{LedgerPortError, PageRequest, RollOver};
use ledger_testkit::{new_epoch, week, weights};
use serde::{Deserialize, Serialize};

use super::{Round, Said, all_alike, digest};
use crate::ground::Store;
use crate::races::broken;
use crate::races::company::Company;
use crate::races::player::{Callers, Order};
use crate::{Outcome, broken, ensure};

/// What one caller was answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Deed {
    Opened(EpochId),
    WasOpen(EpochId),
    /// Went on, and got this epoch.
    WentOn(EpochId, String),
}

pub(super) async fn round(company: &mut Company, mut round: Round, store: &Store) -> Outcome<Said> {
    if round.number % 2 == 1 {
        let over = store.create_epoch(&new_epoch(week("2026-W46"), weights(&[]))).await?;
        round.epoch = Some(over.id);
    }
    let deeds: Vec<Vec<Deed>> = company.all(&Order::Meet(round.clone())).await?;
    let deeds: Vec<Deed> = deeds.into_iter().flatten().collect();
    let Some(open) = store.get_open_epoch().await? else { broken!("no epoch is open") };
    let opened = deeds.iter().filter(|deed| matches!(deed, Deed::Opened(_))).count();
    ensure!(
        opened == usize::from(round.epoch.is_none()),
        "{opened} callers were answered that they had opened an epoch"
    );
    let mut answers = Vec::new();
    for deed in &deeds {
        let (Deed::Opened(told) | Deed::WasOpen(told) | Deed::WentOn(told, _)) = deed;
        ensure!(*told == open.id, "epoch {} is open, and a caller was told {told}", open.id);
        if let Deed::WentOn(_, answer) = deed {
            answers.push(answer);
        }
    }
    all_alike(&answers)?;
    let epochs = store.list_epochs(PageRequest::first()).await?.items.len();
    ensure!(epochs == 1 + usize::from(round.epoch.is_some()), "there are {epochs} epochs");
    Ok(Said { calls: u64::try_from(deeds.len())?, ..Said::default() })
}

pub(super) async fn meet(callers: &Callers, round: &Round) -> Outcome<Vec<Deed>> {
    let turn = |caller| {
        let seat = round.seat(callers, caller);
        let (store, over) = (callers.store(caller, round.ledger), round.epoch);
        let pause = Duration::from_micros(round.dice(seat).u64(..500));
        async move {
            tokio::time::sleep(pause).await;
            match over {
                None => open(&store, seat).await,
                Some(over) => go_on(&store, over).await,
            }
        }
    };
    callers.at_once(round.callers, turn).await
}

async fn open(store: &Store, seat: usize) -> Outcome<Deed> {
    let window = if seat.is_multiple_of(2) { "2026-W47" } else { "2026-W48" };
    match store.create_epoch(&new_epoch(week(window), weights(&[]))).await {
        Ok(epoch) => Ok(Deed::Opened(epoch.id)),
        Err(LedgerPortError::EpochAlreadyOpen { open_epoch }) => Ok(Deed::WasOpen(open_epoch)),
        Err(error) => Err(broken("opening an epoch", &error)),
    }
}

async fn go_on(store: &Store, over: EpochId) -> Outcome<Deed> {
    let next = new_epoch(week("2026-W47"), weights(&[]));
    match store.roll_over(&RollOver { over: Some(over), next }).await {
        Ok(epoch) => Ok(Deed::WentOn(epoch.id, digest(&epoch))),
        Err(error) => Err(broken("going on to the next epoch", &error)),
    }
}
