//! More callers than connections, in the pool and at the server.

use std::time::{Duration, Instant};

use fastrand::Rng;
use ledger_port::{LedgerPortError, StoreFault};
use ledger_repository::Role as _;
use ledger_testkit::cursor_key;
use tokio::task::JoinSet;

use super::stage::{BOOKS, MARGIN, Stage, Tight, name};
use crate::ground::connect;
use crate::{Outcome, broken, ensure};

/// What became of the callers.
#[derive(Debug, Default)]
pub(super) struct Crowd {
    pub(super) callers: u64,
    pub(super) answered: u64,
    pub(super) exhausted: u64,
    pub(super) timed_out: u64,
    /// The longest that one waited who got no connection.
    pub(super) longest: Duration,
}

/// Ten callers for each connection, while the epoch is locked: each gets an answer, or is told in time that no
/// connection became free, and then nothing was written. In every other round the lock is held until all have
/// been told whom it keeps from a connection, and in the others for a moment.
pub(super) async fn crowd(stage: &Stage, round: u64, dice: &mut Rng) -> Outcome<Crowd> {
    let callers = 10 * u64::try_from(Tight::LIMITS.pool_size)?;
    let beyond = callers - u64::try_from(Tight::LIMITS.pool_size)?;
    let is_held = round.is_multiple_of(2);
    let mut owner = stage.owner().await?;
    let lock = owner.transaction().await?;
    lock.batch_execute("SELECT 1 FROM epochs FOR UPDATE").await?;
    let mut lock = Some(lock);
    let mut calls = JoinSet::new();
    for caller in 0..callers {
        let (store, page) =
            (stage.store.clone(), stage.page(&format!("crowd-{round}-{caller}"), 2));
        calls.spawn(async move {
            let began = Instant::now();
            (page.cursor_value.clone(), store.ingest_page(&page).await, began.elapsed())
        });
    }
    if !is_held && let Some(lock) = lock.take() {
        tokio::time::sleep(Duration::from_millis(dice.u64(0..700))).await;
        lock.rollback().await?;
    }
    let mut crowd = Crowd::default();
    while let Some(call) = calls.join_next().await {
        let (name, answer, waited) = call?;
        crowd.callers += 1;
        ensure!(waited < Tight::LIMITS.pool_wait + MARGIN, "a caller waited for {waited:?}");
        match &answer {
            Ok(_) => crowd.answered += 1,
            Err(LedgerPortError::Fault(StoreFault::PoolExhausted)) => {
                crowd.exhausted += 1;
                crowd.longest = crowd.longest.max(waited);
            }
            // A busy machine keeps the lock for longer than was meant.
            Err(LedgerPortError::Fault(StoreFault::TimedOut(_))) => crowd.timed_out += 1,
            Err(other) => broken!("no clear error of an exhausted pool: {other:?}"),
        }
        if crowd.exhausted == beyond
            && let Some(lock) = lock.take()
        {
            lock.rollback().await?;
        }
        stage.check(&name, 2, answer.is_ok()).await?;
    }
    let exhausted = crowd.exhausted;
    ensure!(
        !is_held || exhausted == beyond,
        "of {beyond} callers whom no connection was left, {exhausted} were told so"
    );
    stage.check_recovered(&format!("crowd-{round}")).await?;
    Ok(crowd)
}

/// What became of calls to a server without a connection left.
#[derive(Debug, Default)]
pub(super) struct Full {
    pub(super) occupied: usize,
    pub(super) answered: u64,
    pub(super) refused: u64,
}

/// The server has no connection left: whoever needs another one is told so at once, and whoever has one
/// goes on.
pub(super) async fn no_connections(stage: &Stage, round: u64) -> Outcome<Full> {
    let key = cursor_key("full");
    // One connection is open, and no more.
    stage.pool_of_one().await?;
    let mut occupied = Vec::new();
    let refusal = loop {
        match connect(&stage.ground.service_url(BOOKS)).await {
            Ok(session) => occupied.push(session),
            Err(refusal) => break refusal,
        }
    };
    ensure!(occupied.len() > 3, "no connection could be occupied: {refusal}");
    let mut full = Full { occupied: occupied.len(), ..Full::default() };
    let mut calls = JoinSet::new();
    for _ in 0..Tight::LIMITS.pool_size {
        let (store, key) = (stage.store.clone(), key.clone());
        calls.spawn(async move { store.upsert_cursor(&key, &format!("{round}")).await });
    }
    while let Some(call) = calls.join_next().await {
        match call? {
            Ok(_) => full.answered += 1,
            Err(LedgerPortError::Fault(StoreFault::OutOfResources(_))) => full.refused += 1,
            Err(LedgerPortError::Fault(other)) => {
                broken!(
                    "no clear error of a server without connections: {}: {other:?}",
                    name(&other)
                )
            }
            Err(other) => broken!("no clear error of a server without connections: {other:?}"),
        }
    }
    ensure!(full.refused > 0, "nobody met the server's limit: {full:?}");
    drop(occupied);
    stage.check_recovered(&format!("full-{round}")).await?;
    Ok(full)
}

impl Stage {
    /// Ends all of the pool's connections, and lets it open one again.
    async fn pool_of_one(&self) -> Outcome<()> {
        let owner = self.owner().await?;
        let others = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
            WHERE application_name = $1";
        owner.query(others, &[&Tight::LIMITS.application_name]).await?;
        for _ in 0..=Tight::LIMITS.pool_size {
            if self.store.get_open_epoch().await.is_ok() && self.pool.health().connections == 1 {
                return Ok(());
            }
        }
        Ok(())
    }
}
