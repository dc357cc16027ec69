//! One of the processes that race.

use std::sync::Arc;

use ledger_adapter_server::Server;
use ledger_adapter_worker::Worker;
use ledger_core::LedgerId;
use ledger_port::SystemClock;
use ledger_repository::{LedgerPool, PgLedgerStore};
use serde::{Deserialize, Serialize};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::deliveries::{self, Wave};
use super::duels::{self, Round};
use crate::Outcome;
use crate::ground::{Store, pool};
use crate::players::Script;

/// Which of the processes this is, and where the database is.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Cast {
    pub(super) url: String,
    pub(super) number: usize,
}

/// What all are told to do at once.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Order {
    Deliver(Wave),
    Meet(Round),
}

/// Does what it is told until nobody tells anything.
pub(crate) async fn play(cast: &Cast, script: &mut Script) -> Outcome<()> {
    let player = Callers {
        number: cast.number,
        server: pool(&cast.url).await?,
        worker: pool(&cast.url).await?,
    };
    while let Some(order) = script.next().await? {
        match order {
            Order::Deliver(wave) => script.answer(deliveries::deliver(&player, wave).await?)?,
            Order::Meet(round) => duels::meet(&player, round, script).await?,
        }
    }
    Ok(())
}

/// The callers of this process.
pub(super) struct Callers {
    pub(super) number: usize,
    server: LedgerPool<Server>,
    worker: LedgerPool<Worker>,
}

impl Callers {
    /// A store for one of them: every other has the worker's.
    pub(super) fn store(&self, caller: usize, ledger: LedgerId) -> Store {
        let clock = Arc::new(SystemClock);
        if caller.is_multiple_of(2) {
            Arc::new(PgLedgerStore::new(ledger, self.server.clone(), clock))
        } else {
            Arc::new(PgLedgerStore::new(ledger, self.worker.clone(), clock))
        }
    }

    /// Lets so many begin at once, and answers what each of them did, in no order.
    pub(super) async fn at_once<T, F>(
        &self,
        callers: usize,
        turn: impl Fn(usize) -> F,
    ) -> Outcome<Vec<T>>
    where
        T: Send + 'static,
        F: Future<Output = Outcome<T>> + Send + 'static,
    {
        let barrier = Arc::new(Barrier::new(callers));
        let mut tasks = JoinSet::new();
        for caller in 0..callers {
            let (barrier, turn) = (Arc::clone(&barrier), turn(caller));
            tasks.spawn(async move {
                barrier.wait().await;
                turn.await
            });
        }
        let mut done = Vec::with_capacity(callers);
        while let Some(ended) = tasks.join_next().await {
            done.push(ended??);
        }
        Ok(done)
    }
}
