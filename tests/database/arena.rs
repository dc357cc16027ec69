//! Where races are run: many rounds, on a ledger of its own each round, half of the callers through
//! the server's adapter and half through the worker's. Every caller is a task of its own.

use std::sync::Arc;

use ledger_adapter_server::Server;
use ledger_adapter_worker::Worker;
use ledger_core::{Epoch, EpochId};
use ledger_port::{ActivityLedgerStore, PageRequest, SystemClock};
use ledger_repository::LedgerPool;
use ledger_testkit::{event, new_epoch, pool_component, week, weights};
use store_testkit::TestDatabase;
use tokio::sync::Barrier;

use crate::sql::{SESSIONS, Sql, wait_until};

pub(crate) type Store = Arc<dyn ActivityLedgerStore>;

/// One database, and stores of both adapters for each round's ledger.
pub(crate) struct Arena {
    server: LedgerPool<Server>,
    worker: LedgerPool<Worker>,
    database: TestDatabase,
}

impl Arena {
    pub(crate) async fn new() -> Self {
        let database = TestDatabase::new().await;
        let (server, worker) = (database.pool().await, database.pool().await);
        Self { server, worker, database }
    }

    /// So many stores of one new ledger, the two adapters in turn.
    pub(crate) async fn stores(&self, round: usize, count: usize) -> Vec<Store> {
        let name = format!("round-{round}");
        let clock = Arc::new(SystemClock);
        let server = self.database.store(&self.server, &name, clock.clone()).await;
        let worker = self.database.store(&self.worker, &name, clock).await;
        let (server, worker): (Store, Store) = (Arc::new(server), Arc::new(worker));
        (0..count).map(|at| Arc::clone(if at % 2 == 0 { &server } else { &worker })).collect()
    }

    /// A session of the owner, for what no caller may do.
    pub(crate) async fn owner(&self) -> Sql {
        Sql::owner(&self.database).await
    }

    /// Locks are taken in one order, so PostgreSQL never had to break a circle. The stores are closed by this: a
    /// session hands its counts over when it ends.
    pub(crate) async fn assert_no_deadlocks(&self, what: &str, rounds: usize) {
        let sql = self.owner().await;
        self.server.close();
        self.worker.close();
        wait_until(&sql, SESSIONS, "0").await;
        let query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        assert_eq!(sql.value(query).await, "0", "{what}");
        println!("{what}: {rounds} rounds, no deadlock");
    }
}

pub(crate) async fn open(store: &Store) -> Epoch {
    let weights = weights(&[("git:commit_authored", 1_000)]);
    store.create_epoch(&new_epoch(week("2026-W47"), weights)).await.unwrap()
}

/// An open epoch with one event of alice, proposed, and a base issuance of 100.
pub(crate) async fn ready(store: &Store) -> Epoch {
    let epoch = open(store).await;
    store
        .insert_activity_events(epoch.id, &[event("first").of_user("alice").build()])
        .await
        .unwrap();
    store.propose_allocations(epoch.id).await.unwrap();
    store.insert_pool_component(epoch.id, &pool_component("base_issuance", 100)).await.unwrap();
    epoch
}

pub(crate) async fn ids_of(store: &Store, epoch_id: EpochId) -> Vec<String> {
    let page = PageRequest::first().of_at_most(5_000);
    let events = store.get_activity_for_epoch(epoch_id, page).await.unwrap();
    assert!(events.next.is_none());
    let mut ids: Vec<String> =
        events.items.into_iter().map(|stored| stored.event.id.to_string()).collect();
    ids.sort();
    ids
}

/// Makes the same call with every store, each in a task of its own, all let go at once; answers in
/// the order of the stores.
pub(crate) async fn race<T, F>(stores: &[Store], call: impl Fn(usize, Store) -> F) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let line = Arc::new(Barrier::new(stores.len()));
    let mut runners = Vec::new();
    for (at, store) in stores.iter().enumerate() {
        let (line, call) = (Arc::clone(&line), call(at, Arc::clone(store)));
        runners.push(tokio::spawn(async move {
            line.wait().await;
            call.await
        }));
    }
    let mut answers = Vec::new();
    for runner in runners {
        answers.push(runner.await.unwrap());
    }
    answers
}
