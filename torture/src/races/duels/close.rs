//! Close against close: some finalize, each with a statement id of its own, some close, and some of both
//! believe in another pool. All who are right get the same answer, and there is one statement.

use std::time::Duration;

use ledger_core::EpochId;
use ledger_port::{FinalizeEpoch, FinalizedEpoch, LedgerPortError};
use ledger_testkit::{credits, finalize, statement_id};
use serde::{Deserialize, Serialize};

use super::{POOL, Round, Said, all_alike, digest, ready, verify};
use crate::ground::Store;
use crate::races::broken;
use crate::races::company::Company;
use crate::races::player::{Callers, Order};
use crate::{Failure, Outcome, broken, ensure};

const PEOPLE: usize = 5;

/// What one caller was answered.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Deed {
    Finalized(String),
    Closed(String),
    /// Believed in another pool, and was told.
    Refused,
}

pub(super) async fn round(company: &mut Company, mut round: Round, store: &Store) -> Outcome<Said> {
    let epoch_id = ready(store, PEOPLE).await?.id;
    round.epoch = Some(epoch_id);
    let deeds: Vec<Vec<Deed>> = company.all(&Order::Meet(round.clone())).await?;
    let deeds: Vec<Deed> = deeds.into_iter().flatten().collect();

    let (epoch, statement) =
        (store.get_epoch(epoch_id).await?, store.get_statement_for_epoch(epoch_id).await?);
    let (Some(epoch), Some(statement)) = (epoch, statement) else {
        broken!("many closed the epoch, and it has no statement");
    };
    let (closed, finalized) = (digest(&epoch), digest(&FinalizedEpoch { epoch, statement }));
    let (mut closes, mut finals) = (vec![&closed], vec![&finalized]);
    for deed in &deeds {
        match deed {
            Deed::Finalized(answer) => finals.push(answer),
            Deed::Closed(answer) => closes.push(answer),
            Deed::Refused => {}
        }
    }
    all_alike(&closes)?;
    all_alike(&finals)?;
    let query =
        "SELECT count(*) FROM payout_statements WHERE ledger_id = $1::text::uuid AND epoch_id = $2";
    let row = company.session().query_one(query, &[&round.ledger.to_string(), &epoch_id.0]).await?;
    let statements: i64 = row.get(0);
    ensure!(statements == 1, "the epoch has {statements} statements");
    verify(store, epoch_id).await?;
    Ok(Said { calls: u64::try_from(deeds.len())?, ..Said::default() })
}

pub(super) async fn meet(callers: &Callers, round: &Round) -> Outcome<Vec<Deed>> {
    let epoch_id = round.epoch()?;
    let turn = |caller| {
        let seat = round.seat(callers, caller);
        let store = callers.store(caller, round.ledger);
        let pause = Duration::from_micros(round.dice(seat).u64(..500));
        async move {
            tokio::time::sleep(pause).await;
            match seat % 8 {
                3 => misled(store.close_epoch(epoch_id, credits(POOL + 1)).await.map(|_| ())),
                5 => close(&store, epoch_id).await,
                6 => {
                    let asked = FinalizeEpoch {
                        expected_pool_total: Some(credits(POOL - 1)),
                        ..finalize(epoch_id)
                    };
                    misled(store.finalize_epoch(&asked).await.map(|_| ()))
                }
                _ => finalize_it(&store, epoch_id, seat).await,
            }
        }
    };
    callers.at_once(round.callers, turn).await
}

async fn finalize_it(store: &Store, epoch_id: EpochId, seat: usize) -> Outcome<Deed> {
    let statement_id = statement_id(u128::try_from(seat + 1)?);
    match store.finalize_epoch(&FinalizeEpoch { statement_id, ..finalize(epoch_id) }).await {
        Ok(finalized) => Ok(Deed::Finalized(digest(&finalized))),
        Err(error) => Err(broken("finalizing", &error)),
    }
}

async fn close(store: &Store, epoch_id: EpochId) -> Outcome<Deed> {
    match store.close_epoch(epoch_id, credits(POOL)).await {
        Ok(epoch) => Ok(Deed::Closed(digest(&epoch))),
        Err(error) => Err(broken("closing", &error)),
    }
}

fn misled(answer: Result<(), LedgerPortError>) -> Outcome<Deed> {
    match answer {
        Err(LedgerPortError::PoolTotalMismatch { .. }) => Ok(Deed::Refused),
        Err(error) => Err(broken("closing with another pool", &error)),
        Ok(()) => Err(Failure::Broken("an epoch was closed with another pool".to_owned())),
    }
}
