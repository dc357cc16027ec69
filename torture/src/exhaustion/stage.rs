//! The store that runs out of things, and how one sees what it wrote.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::try_join_all;
use ledger_core::EpochId;
use ledger_port::{IngestPage, LedgerPortError, PortResult, StoreFault, SystemClock};
use ledger_repository::{LedgerPool, Limits, Role};
use ledger_testkit::{cursor_key, event, new_epoch, week, weights};
use serde_json::json;
use tokio_postgres::Client;

use crate::ground::{Ground, Store, pool, store};
use crate::{Outcome, broken, ensure};

/// The database.
pub(super) const BOOKS: &str = "exhaustion";

/// An adapter with few connections and little patience.
#[derive(Debug)]
pub(super) enum Tight {}

impl Role for Tight {
    const LIMITS: Limits = Limits {
        application_name: "torture-exhaustion",
        statement_timeout: Duration::from_millis(1_500),
        lock_timeout: Duration::from_millis(1_000),
        idle_in_transaction_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(3),
        pool_size: 3,
        pool_wait: Duration::from_millis(400),
    };
}

/// What a busy machine may add to a wait.
pub(super) const MARGIN: Duration = Duration::from_secs(3);

/// A server, one pool that lives through everything, and an open epoch.
pub(super) struct Stage {
    pub(super) ground: Ground,
    pub(super) pool: LedgerPool<Tight>,
    pub(super) store: Store,
    pub(super) epoch_id: EpochId,
}

impl Stage {
    pub(super) async fn set(ground: Ground) -> Outcome<Self> {
        ground.database(BOOKS).await?;
        let pool = pool::<Tight>(&ground.service_url(BOOKS)).await?;
        let store = store(&pool, "default", Arc::new(SystemClock)).await?;
        let epoch = store.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await?;
        Ok(Self { ground, pool, store, epoch_id: epoch.id })
    }

    /// A session of the owner. Not kept: one of the tortures ends every session.
    pub(super) async fn owner(&self) -> Outcome<Client> {
        self.ground.session(BOOKS).await
    }

    /// A page of that name: so many events of about two kilobytes each, and a cursor.
    pub(super) fn page(&self, name: &str, events: u64) -> IngestPage {
        let padding = json!({ "padding": "x".repeat(1_400) });
        let event = |number| event(&format!("{name}:{number}")).with_metadata(padding.clone());
        IngestPage {
            epoch_id: self.epoch_id,
            events: (0..events).map(|number| event(number).build()).collect(),
            cursor_key: cursor_key(name),
            cursor_value: name.to_owned(),
        }
    }

    /// Whether a page is there: the whole of it, or nothing.
    pub(super) async fn has(&self, name: &str, events: u64) -> Outcome<bool> {
        let query = "SELECT (SELECT count(*) FROM activity_events WHERE id LIKE $1),
            (SELECT count(*) FROM source_cursors WHERE cursor_value = $2)";
        let row = self.owner().await?.query_one(query, &[&format!("{name}:%"), &name]).await?;
        let (there, cursors): (i64, i64) = (row.get(0), row.get(1));
        match (there.unsigned_abs(), cursors) {
            (0, 0) => Ok(false),
            (there, 1) if there == events => Ok(true),
            (there, cursors) => {
                broken!("{name}: {there} of {events} events are there, and {cursors} cursors")
            }
        }
    }

    /// Ends where a page is not there although it was acknowledged, or there although it was refused.
    pub(super) async fn check(&self, name: &str, events: u64, acknowledged: bool) -> Outcome<()> {
        let is_there = self.has(name, events).await?;
        ensure!(
            is_there == acknowledged,
            "the page {name} was acknowledged: {acknowledged}; it is there: {is_there}"
        );
        Ok(())
    }

    /// The pool that lived through it works, as it is: all of its connections, without a restart.
    pub(super) async fn check_recovered(&self, name: &str) -> Outcome<u64> {
        let began = Instant::now();
        let mut calls = 0;
        loop {
            calls += 1;
            // As many at once as there are connections.
            let pages = (0..Tight::LIMITS.pool_size).map(|at| {
                let (store, page) = (&self.store, self.page(&format!("{name}-{calls}-{at}"), 2));
                async move { store.ingest_page(&page).await }
            });
            match try_join_all(pages).await {
                Ok(_) => return Ok(calls),
                Err(_) if began.elapsed() < Duration::from_secs(30) => {
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
                Err(refusal) => broken!("{name}: it did not recover by itself: {refusal:?}"),
            }
        }
    }
}

/// The fault that a call was refused with; anything else breaks a promise.
pub(super) fn fault<T: std::fmt::Debug>(what: &str, answer: PortResult<T>) -> Outcome<StoreFault> {
    match answer {
        Err(LedgerPortError::Fault(fault)) => Ok(fault),
        other => broken!("{what}: there should be a clear error, and there is {other:?}"),
    }
}

/// How a refusal is called in the figures.
pub(super) const fn name(fault: &StoreFault) -> &'static str {
    match fault {
        StoreFault::Unreachable(_) => "Unreachable",
        StoreFault::PoolExhausted => "PoolExhausted",
        StoreFault::TimedOut(_) => "TimedOut",
        StoreFault::OutOfResources(_) => "OutOfResources",
        StoreFault::ReadOnly(_) => "ReadOnly",
        StoreFault::Contention { .. } => "Contention",
        StoreFault::Corrupt { .. } => "Corrupt",
        StoreFault::Other { .. } => "Other",
    }
}
