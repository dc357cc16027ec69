//! The bounded retry: whoever meets others tries again, but not for ever.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_adapter_server::{Server, ServerLedgerStore};
use ledger_core::{EpochId, SourceCursor};
use ledger_port::{
    CursorStore as _, EpochStore as _, IngestPage, IntentionStore as _, LedgerPortError,
    PortResult, StoreFault, SystemClock,
};
use ledger_repository::LedgerPool;
use ledger_testkit::{cursor_key, event, new_epoch, week, weights};
use store_testkit::TestDatabase;

use crate::sql::{Sql, wait_until};

/// What PostgreSQL says to those who meet: the SQLSTATE, and the words that go with it.
const SERIALIZATION: (&str, &str) =
    ("40001", "could not serialize access due to concurrent update");
const DEADLOCK: (&str, &str) = ("40P01", "deadlock detected");

/// More often than anybody tries.
const ALWAYS: u32 = 1_000;

struct Ground {
    store: Arc<ServerLedgerStore>,
    owner: Sql,
    /// Looks on. Not the owner's connection, which sits in a transaction.
    watcher: Sql,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

/// A store whose cursors cannot be written the first `times` times; every try is counted. A
/// sequence counts, because it alone does not go back with the transaction.
async fn ground(times: u32, raise: &str) -> Ground {
    let database = TestDatabase::new().await;
    let owner = Sql::owner(&database).await;
    owner
        .run(&format!(
            "CREATE SEQUENCE tries;
             CREATE FUNCTION meet_others() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
             BEGIN
                IF nextval('tries') <= {times} THEN RAISE EXCEPTION {raise}; END IF;
                RETURN NEW;
             END $$;
             CREATE TRIGGER meet_others BEFORE INSERT ON source_cursors
                FOR EACH ROW EXECUTE FUNCTION meet_others()"
        ))
        .await;
    let pool: LedgerPool<Server> = database.pool().await;
    let store = Arc::new(database.store(&pool, "default", Arc::new(SystemClock)).await);
    let watcher = Sql::owner(&database).await;
    Ground { store, owner, watcher, _database: database }
}

fn meeting((code, message): (&str, &str)) -> String {
    format!("'{message}' USING ERRCODE = '{code}'")
}

impl Ground {
    async fn upsert(&self) -> PortResult<SourceCursor> {
        self.store.upsert_cursor(&cursor_key("main"), "1").await
    }

    async fn tries(&self) -> String {
        self.owner.value("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM tries").await
    }

    async fn open_epoch(&self) -> EpochId {
        let epoch = new_epoch(week("2026-W47"), weights(&[]));
        self.store.create_epoch(&epoch).await.unwrap().id
    }

    /// Until the store waits for the owner's transaction.
    async fn until_it_waits(&self) {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
            AND application_name = 'epoch-ledger-server' AND wait_event_type = 'Lock'";
        wait_until(&self.watcher, waiting, "1").await;
    }
}

#[tokio::test]
async fn who_meets_others_five_times_succeeds_at_the_sixth() {
    for met in [SERIALIZATION, DEADLOCK] {
        let ground = ground(5, &meeting(met)).await;
        let began = Instant::now();
        assert_eq!(ground.upsert().await.unwrap().value, "1", "{met:?}");
        assert_eq!(ground.tries().await, "6", "{met:?}");
        // Without a pause it would meet the same others again.
        assert!(began.elapsed() >= Duration::from_millis(50), "{met:?}: {:?}", began.elapsed());
        let stored = ground.store.get_cursor(&cursor_key("main")).await.unwrap();
        assert_eq!(stored.unwrap().value, "1");
    }
}

#[tokio::test]
async fn who_meets_others_six_times_gives_up_and_says_so() {
    for met in [SERIALIZATION, DEADLOCK] {
        for times in [6, ALWAYS] {
            let ground = ground(times, &meeting(met)).await;
            let refused = ground.upsert().await;
            let Err(LedgerPortError::Fault(StoreFault::Contention { transaction, attempts })) =
                refused
            else {
                panic!("{met:?}: {refused:?}")
            };
            assert_eq!((transaction, attempts), ("upsert_cursor", 6), "{met:?}");
            assert_eq!(ground.tries().await, "6", "{met:?}");
            assert_eq!(ground.store.get_cursor(&cursor_key("main")).await.unwrap(), None);
        }
    }
}

#[tokio::test]
async fn who_is_overtaken_looks_again_and_what_stands_is_named() {
    let overtaken = "'late' USING ERRCODE = 'check_violation', CONSTRAINT = 'one_open_epoch'";
    let ground_of_five = ground(5, overtaken).await;
    assert_eq!(ground_of_five.upsert().await.unwrap().value, "1");
    let ground = ground(ALWAYS, overtaken).await;
    let refused = ground.upsert().await;
    assert!(
        matches!(&refused, Err(LedgerPortError::RefusedByRule { constraint, .. }) if constraint == "one_open_epoch"),
        "{refused:?}"
    );
    assert_eq!(ground.tries().await, "6");
}

#[tokio::test]
async fn what_would_end_the_same_way_is_tried_once() {
    for raise in [
        "'no such luck'",
        "'no rule of ours' USING ERRCODE = 'check_violation', CONSTRAINT = 'another'",
        // The code decides, not the words.
        "'could not serialize access' USING ERRCODE = 'raise_exception'",
    ] {
        let ground = ground(ALWAYS, raise).await;
        let refused = ground.upsert().await;
        assert!(
            matches!(refused, Err(LedgerPortError::Fault(StoreFault::Other { .. }))),
            "{raise}: {refused:?}"
        );
        assert_eq!(ground.tries().await, "1", "{raise}");
    }
}

/// The store has the epoch and wants the cursor; the owner has the cursor and wants the epoch.
#[tokio::test]
async fn whom_postgresql_picks_out_of_a_deadlock_tries_again() {
    let ground = ground(0, &meeting(DEADLOCK)).await;
    let epoch_id = ground.open_epoch().await;
    ground.upsert().await.unwrap();
    // Only who has waited for so long looks for a circle: the store after one second, not we.
    ground.owner.run("SET deadlock_timeout = '1min'").await;
    ground.owner.run("BEGIN; UPDATE source_cursors SET cursor_value = 'ours'").await;
    let store = Arc::clone(&ground.store);
    let call = tokio::spawn(async move {
        let page = IngestPage {
            epoch_id,
            events: vec![event("one").build()],
            cursor_key: cursor_key("main"),
            cursor_value: "2".to_owned(),
        };
        store.ingest_page(&page).await
    });
    ground.until_it_waits().await;
    ground.owner.run("SELECT 1 FROM epochs FOR UPDATE").await;
    ground.owner.run("COMMIT").await;
    assert_eq!(call.await.unwrap().unwrap().inserted, 1);
    let cursor = ground.store.get_cursor(&cursor_key("main")).await.unwrap().unwrap();
    assert_eq!(cursor.value, "2");
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    wait_until(&ground.watcher, deadlocks, "1").await;
    // The first cursor, the try that was broken off, the try that succeeded.
    assert_eq!(ground.tries().await, "3");
}
