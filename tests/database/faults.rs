//! What breaks, and what is left when it did.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use ledger_adapter_server::{Server, ServerLedgerStore};
use ledger_core::Epoch;
use ledger_port::{
    ActivityStore as _, AllocationStore as _, EpochStore as _, LedgerPortError, PageRequest,
    StoreFault, SystemClock,
};
use ledger_repository::LedgerPool;
use ledger_testkit::{event, new_epoch, week, weights};
use store_testkit::TestDatabase;

use crate::sql::{Sql, wait_until};

struct Ground {
    store: Arc<ServerLedgerStore>,
    owner: Sql,
    /// Looks on. Not the owner's connection: inside a transaction, pg_stat_activity stands still.
    watcher: Sql,
    epoch: Epoch,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

const OTHERS: &str = "FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'epoch-ledger-server'";

async fn ground() -> Ground {
    let database = TestDatabase::new().await;
    let pool: LedgerPool<Server> = database.pool().await;
    let store = Arc::new(database.store(&pool, "default", Arc::new(SystemClock)).await);
    let epoch = store.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await.unwrap();
    let owner = Sql::owner(&database).await;
    let watcher = Sql::owner(&database).await;
    Ground { store, owner, watcher, epoch, _database: database }
}

fn events(count: usize) -> Vec<ledger_core::NewActivityEvent> {
    (0..count).map(|number| event(&format!("{number:06}")).of_user("alice").build()).collect()
}

#[tokio::test]
async fn the_pool_heals_after_its_connections_were_killed() {
    let ground = ground().await;
    assert!(ground.store.get_open_epoch().await.unwrap().is_some());
    ground.owner.run(&format!("SELECT pg_terminate_backend(pid) {OTHERS}")).await;
    wait_until(&ground.watcher, &format!("SELECT count(*) {OTHERS}"), "0").await;
    // The driver of the dead connection has seen it by the next turn of the runtime, or the first
    // call says so and the next one works.
    if let Err(error) = ground.store.get_open_epoch().await {
        assert!(matches!(error, LedgerPortError::Fault(StoreFault::Unreachable(_))), "{error:?}");
    }
    assert!(ground.store.get_open_epoch().await.unwrap().is_some());
}

#[tokio::test]
async fn a_call_whose_connection_is_killed_says_so_and_wrote_nothing() {
    let ground = ground().await;
    let (store, epoch_id) = (Arc::clone(&ground.store), ground.epoch.id);
    ground.owner.run("BEGIN; SELECT 1 FROM epochs FOR UPDATE").await;
    let call =
        tokio::spawn(async move { store.insert_activity_events(epoch_id, &events(10)).await });
    let waiting = format!("SELECT count(*) {OTHERS} AND wait_event_type = 'Lock'");
    wait_until(&ground.watcher, &waiting, "1").await;
    ground.owner.run(&format!("SELECT pg_terminate_backend(pid) {OTHERS}")).await;
    let error = call.await.unwrap().expect_err("the connection is gone");
    assert!(matches!(error, LedgerPortError::Fault(StoreFault::Unreachable(_))), "{error:?}");
    ground.owner.run("COMMIT").await;
    let again = ground.store.insert_activity_events(epoch_id, &events(10)).await.unwrap();
    assert_eq!(again.inserted, 10);
}

#[tokio::test]
async fn whoever_waits_too_long_for_a_lock_is_told() {
    let ground = ground().await;
    ground.owner.run("BEGIN; SELECT 1 FROM epochs FOR UPDATE").await;
    let began = Instant::now();
    let error = ground.store.begin_review(ground.epoch.id).await.expect_err("it is locked");
    assert!(matches!(error, LedgerPortError::Fault(StoreFault::TimedOut(_))), "{error:?}");
    let waited = began.elapsed();
    assert!(waited >= Duration::from_secs(5) && waited < Duration::from_secs(15), "{waited:?}");
    // Reads do not wait.
    assert!(ground.store.get_open_epoch().await.unwrap().is_some());
    ground.owner.run("COMMIT").await;
    assert!(ground.store.begin_review(ground.epoch.id).await.is_ok());
}

#[tokio::test]
async fn a_call_that_is_given_up_leaves_nothing_behind() {
    let ground = ground().await;
    let (store, epoch_id) = (Arc::clone(&ground.store), ground.epoch.id);
    for _ in 0..20 {
        ground.owner.run("BEGIN; SELECT 1 FROM epochs FOR UPDATE").await;
        let (store, half) = (Arc::clone(&store), events(5));
        let call = tokio::spawn(async move { store.insert_activity_events(epoch_id, &half).await });
        let waiting = format!("SELECT count(*) {OTHERS} AND wait_event_type = 'Lock'");
        wait_until(&ground.watcher, &waiting, "1").await;
        call.abort();
        assert!(call.await.unwrap_err().is_cancelled());
        // Nobody waits on for the lock, to do later what nobody wants any more.
        wait_until(&ground.watcher, &waiting, "0").await;
        ground.owner.run("COMMIT").await;
        let stuck = format!("SELECT count(*) {OTHERS} AND state <> 'idle'");
        wait_until(&ground.watcher, &stuck, "0").await;
    }
    assert_eq!(ground.owner.value("SELECT count(*) FROM activity_events").await, "0");
    assert_eq!(store.insert_activity_events(epoch_id, &events(5)).await.unwrap().inserted, 5);
}

#[tokio::test]
async fn a_stream_that_is_left_early_costs_no_more_than_its_connection() {
    let ground = ground().await;
    let epoch_id = ground.epoch.id;
    ground.store.insert_activity_events(epoch_id, &events(20_000)).await.unwrap();
    for _ in 0..40 {
        let mut stream = ground.store.stream_activity_for_epoch(epoch_id).await.unwrap();
        assert_eq!(stream.try_next().await.unwrap().unwrap().event.id.as_str(), "000000");
    }
    let whole = ground.store.stream_activity_for_epoch(epoch_id).await.unwrap();
    assert_eq!(whole.try_fold(0, |sum, _| async move { Ok(sum + 1) }).await.unwrap(), 20_000);
}

#[tokio::test]
async fn a_corrupt_value_is_reported_with_its_place() {
    let ground = ground().await;
    let epoch_id = ground.epoch.id;
    ground.store.insert_activity_events(epoch_id, &events(1)).await.unwrap();
    ground.store.propose_allocations(epoch_id).await.unwrap();
    ground
        .owner
        .run(
            "SET session_replication_role = replica;
        ALTER TABLE activity_events DROP CONSTRAINT activity_events_kind_is_slug;
        ALTER TABLE epoch_allocations DROP CONSTRAINT epoch_allocations_not_negative;
        UPDATE activity_events SET source = 'NOT A SLUG';
        UPDATE epoch_allocations SET proposed_units = -5",
        )
        .await;
    let page = ground.store.get_activity_for_epoch(epoch_id, PageRequest::first()).await;
    let Err(LedgerPortError::Fault(StoreFault::Corrupt { table, column, row, .. })) = page else {
        panic!("{page:?}")
    };
    assert_eq!((table, column, row.as_str()), ("activity_events", "source", "000000"));
    let page = ground.store.get_allocations_for_epoch(epoch_id, PageRequest::first()).await;
    let Err(LedgerPortError::Fault(fault @ StoreFault::Corrupt { .. })) = page else {
        panic!("{page:?}")
    };
    assert!(
        fault.to_string().starts_with("epoch_allocations.proposed_units of epoch 1, alice holds"),
        "{fault}"
    );
}
