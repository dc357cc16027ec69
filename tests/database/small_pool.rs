//! Faults seen from close by: an adapter of the tests' own, with one connection and little patience.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use ledger_core::EpochId;
use ledger_port::{
    ActivityStore as _, CursorStore as _, EpochStore as _, IngestPage, IntentionStore as _,
    LedgerPortError, PortResult, StoreFault, SystemClock,
};
use ledger_repository::{LedgerPool, Limits, PgLedgerStore, Role};
use ledger_testkit::{cursor_key, event, new_epoch, week, weights};
use store_testkit::TestDatabase;

use crate::sql::{Sql, wait_until};

#[derive(Debug)]
enum Hurried {}

impl Role for Hurried {
    const LIMITS: Limits = Limits {
        application_name: "hurried",
        statement_timeout: Duration::from_millis(400),
        lock_timeout: Duration::from_millis(200),
        idle_in_transaction_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(10),
        pool_size: 1,
        pool_wait: Duration::from_millis(100),
    };
}

struct Ground {
    store: PgLedgerStore<Hurried>,
    epoch_id: EpochId,
    owner: Sql,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

async fn ground() -> Ground {
    let database = TestDatabase::new().await;
    let pool: LedgerPool<Hurried> = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    let epoch = store.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await.unwrap();
    let owner = Sql::owner(&database).await;
    Ground { store, epoch_id: epoch.id, owner, _database: database }
}

impl Ground {
    /// More events than fit between the server and somebody who does not read on. Written by the
    /// owner, because so many take longer than this adapter waits.
    async fn with_20_000_events(self) -> Self {
        let insert = format!(
            "INSERT INTO activity_events SELECT l.ledger_id, to_char(n, 'FM00000'), {}, 'git',
                'commit_authored', 'alice@example.org', NULL, NULL, NULL,
                to_jsonb(repeat('x', 500)), repeat('0', 64), 'test', '1', '2026-11-17',
                '2026-11-17', now()
             FROM ledgers l, generate_series(1, 20000) n WHERE l.name = 'default'",
            self.epoch_id
        );
        assert_eq!(self.owner.run(&insert).await, 20_000);
        self
    }

    fn page(&self, events: &[&str], cursor_value: &str) -> IngestPage {
        IngestPage {
            epoch_id: self.epoch_id,
            events: events.iter().map(|id| event(id).build()).collect(),
            cursor_key: cursor_key("main"),
            cursor_value: cursor_value.to_owned(),
        }
    }
}

fn fault<T: std::fmt::Debug>(answer: PortResult<T>) -> StoreFault {
    match answer {
        Err(LedgerPortError::Fault(fault)) => fault,
        other => panic!("not a fault: {other:?}"),
    }
}

const HURRIED: &str =
    "FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'hurried'";

#[tokio::test]
async fn an_exhausted_pool_says_so_in_time_and_recovers() {
    let ground = ground().await.with_20_000_events().await;
    let mut stream = ground.store.stream_activity_for_epoch(ground.epoch_id).await.unwrap();
    stream.try_next().await.unwrap().expect("the first event");
    let began = Instant::now();
    let refused = fault(ground.store.get_open_epoch().await);
    assert!(matches!(refused, StoreFault::PoolExhausted), "{refused:?}");
    let waited = began.elapsed();
    assert!(waited >= Duration::from_millis(100) && waited < Duration::from_secs(5), "{waited:?}");
    drop(stream);
    for _ in 0..100 {
        if ground.store.get_open_epoch().await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the connection never came back");
}

#[tokio::test]
async fn a_stream_whose_connection_is_killed_ends_with_an_error_and_not_early() {
    let ground = ground().await.with_20_000_events().await;
    let mut stream = ground.store.stream_activity_for_epoch(ground.epoch_id).await.unwrap();
    stream.try_next().await.unwrap().expect("the first event");
    ground.owner.run(&format!("SELECT pg_terminate_backend(pid) {HURRIED}")).await;
    wait_until(&ground.owner, &format!("SELECT count(*) {HURRIED}"), "0").await;
    let mut read = 1;
    let error = loop {
        match stream.try_next().await {
            Ok(Some(_)) => read += 1,
            Ok(None) => panic!("it ended after {read} of 20000 events as if that were all"),
            Err(error) => break error,
        }
    };
    assert!(read < 20_000);
    let fault = fault::<()>(Err(error));
    assert!(matches!(fault, StoreFault::Unreachable(_)), "{fault:?}");
    drop(stream);
    ground.store.get_open_epoch().await.unwrap().expect("another connection is opened");
}

#[tokio::test]
async fn a_slow_statement_and_a_long_wait_are_both_timeouts() {
    let ground = ground().await;
    ground
        .owner
        .run(
            "CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(30); RETURN NEW; END $$;
             CREATE TRIGGER doze BEFORE INSERT ON source_cursors
                FOR EACH ROW EXECUTE FUNCTION doze()",
        )
        .await;
    let began = Instant::now();
    let slow = fault(ground.store.upsert_cursor(&cursor_key("main"), "1").await);
    assert!(matches!(slow, StoreFault::TimedOut(_)), "{slow:?}");
    assert!(began.elapsed() >= Duration::from_millis(400));
    ground.owner.run("BEGIN; SELECT 1 FROM epochs FOR UPDATE").await;
    let locked = fault(ground.store.begin_review(ground.epoch_id).await);
    assert!(matches!(locked, StoreFault::TimedOut(_)), "{locked:?}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    ground.owner.run("COMMIT").await;
    assert_eq!(ground.store.get_cursor(&cursor_key("main")).await.unwrap(), None);
    ground.store.begin_review(ground.epoch_id).await.unwrap();
}

#[tokio::test]
async fn a_page_whose_cursor_cannot_be_written_leaves_no_event() {
    let ground = ground().await;
    ground.store.ingest_page(&ground.page(&["first"], "1")).await.unwrap();
    ground.owner.run("REVOKE UPDATE (cursor_value) ON source_cursors FROM ledger_service").await;
    let refused = fault(ground.store.ingest_page(&ground.page(&["second"], "2")).await);
    assert!(matches!(refused, StoreFault::Other { transaction: "ingest_page", .. }), "{refused:?}");
    let stored = "SELECT string_agg(id, ',') FROM activity_events";
    assert_eq!(ground.owner.value(stored).await, "first");
    let cursor = ground.store.get_cursor(&cursor_key("main")).await.unwrap().unwrap();
    assert_eq!(cursor.value, "1");
}

#[tokio::test]
async fn a_page_whose_events_cannot_be_written_leaves_the_cursor_where_it_was() {
    let ground = ground().await;
    ground.store.ingest_page(&ground.page(&["first"], "1")).await.unwrap();
    ground.owner.run("REVOKE INSERT ON activity_events FROM ledger_service").await;
    fault(ground.store.ingest_page(&ground.page(&["second"], "2")).await);
    ground.owner.run("GRANT INSERT ON activity_events TO ledger_service").await;
    let mut late = ground.page(&["third"], "3");
    late.events = vec![event("third").at("2026-12-24").build()];
    let refused = ground.store.ingest_page(&late).await;
    assert!(matches!(refused, Err(LedgerPortError::EventAfterEpoch { .. })), "{refused:?}");
    let cursor = ground.store.get_cursor(&cursor_key("main")).await.unwrap().unwrap();
    assert_eq!(cursor.value, "1");
}

/// A page of 50 events, all named after the round.
fn page_of(round: u32, ground: &Ground) -> IngestPage {
    let ids: Vec<String> = (0..50).map(|number| format!("{round}:{number}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    ground.page(&ids, &round.to_string())
}

/// How long a page takes at best that nobody cuts off, on the fresh connection that a cut leaves
/// behind.
async fn whole_call(ground: &Ground) -> Duration {
    let mut best = Duration::MAX;
    for uncut in 1_000..1_005 {
        let page = page_of(uncut, ground);
        drop(tokio::time::timeout(Duration::ZERO, ground.store.ingest_page(&page)).await);
        ground.store.get_open_epoch().await.unwrap();
        let began = Instant::now();
        ground.store.ingest_page(&page).await.unwrap();
        best = best.min(began.elapsed());
    }
    best
}

/// Cut off at every moment of the call, sooner and later: all of it is there or none. The patience
/// grows from nothing to ten times what a call takes here, so that both are seen on any machine.
#[tokio::test]
async fn a_call_given_up_at_any_moment_is_done_or_undone() {
    const ROUNDS: u32 = 80;
    let ground = ground().await;
    let whole = whole_call(&ground).await;
    let (mut done, mut undone) = (0, 0);
    for round in 0..ROUNDS {
        let patience = whole * 10 * round * round / (ROUNDS * ROUNDS);
        let page = page_of(round, &ground);
        let _ = tokio::time::timeout(patience, ground.store.ingest_page(&page)).await;
        let busy = format!("SELECT count(*) {HURRIED} AND state <> 'idle'");
        wait_until(&ground.owner, &busy, "0").await;
        let stored = format!("SELECT count(*) FROM activity_events WHERE id LIKE '{round}:%'");
        let cursor = ground.store.get_cursor(&cursor_key("main")).await.unwrap();
        let moved = cursor.is_some_and(|cursor| cursor.value == round.to_string());
        match ground.owner.value(&stored).await.as_str() {
            "0" if !moved => undone += 1,
            "50" if moved => done += 1,
            part => panic!("{part} of 50 events, cursor moved: {moved}"),
        }
    }
    println!("a call takes {whole:?}: {done} done, {undone} undone");
    assert!(undone > 0, "no call was cut off");
    assert!(done > 0, "every call was cut off");
}

/// As hurried as the other, but it waits for locks.
#[derive(Debug)]
enum Patient {}

impl Role for Patient {
    const LIMITS: Limits = Limits {
        application_name: "patient",
        statement_timeout: Duration::from_secs(60),
        lock_timeout: Duration::from_secs(60),
        ..Hurried::LIMITS
    };
}

/// The pool has one connection. In it, the next caller would wait for an answer that nobody reads.
#[tokio::test]
async fn a_read_that_is_given_up_leaves_nobody_waiting_behind_it() {
    let database = TestDatabase::new().await;
    let pool: LedgerPool<Patient> = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    let (owner, watcher) = (Sql::owner(&database).await, Sql::owner(&database).await);
    owner.run("BEGIN; LOCK TABLE epochs").await;
    let reader = store.clone();
    let reading = tokio::spawn(async move { reader.get_open_epoch().await });
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
        AND application_name = 'patient' AND wait_event_type = 'Lock'";
    wait_until(&watcher, waiting, "1").await;
    reading.abort();
    assert!(reading.await.unwrap_err().is_cancelled());
    let key = cursor_key("main");
    let next = tokio::time::timeout(Duration::from_secs(10), store.get_cursor(&key)).await;
    assert_eq!(next.expect("it does not wait for the table").unwrap(), None);
}

/// As hurried as the first, with a network to match.
#[derive(Debug)]
enum Near {}

impl Role for Near {
    const LIMITS: Limits = Limits {
        application_name: "near",
        connect_timeout: Duration::from_millis(600),
        ..Hurried::LIMITS
    };
}

/// PostgreSQL does not count the time of a COMMIT: its statement timeout ends before. The rules that wait
/// for the COMMIT take a minute here, and nobody hears of it.
#[tokio::test]
async fn a_commit_that_is_not_answered_is_given_up_and_can_be_asked_for_again() {
    let database = TestDatabase::new().await;
    let pool: LedgerPool<Near> = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    let epoch = store.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await.unwrap();
    let owner = Sql::owner(&database).await;
    owner
        .run(
            "CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
             CREATE CONSTRAINT TRIGGER doze AFTER INSERT ON source_cursors
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION doze()",
        )
        .await;
    let page = IngestPage {
        epoch_id: epoch.id,
        events: vec![event("one").build()],
        cursor_key: cursor_key("main"),
        cursor_value: "1".to_owned(),
    };
    let began = Instant::now();
    let given_up = fault(store.ingest_page(&page).await);
    assert!(matches!(given_up, StoreFault::Unreachable(_)), "{given_up:?}");
    let waited = began.elapsed();
    assert!(waited >= Near::LIMITS.answer_timeout(), "{waited:?}");
    assert!(waited < Near::LIMITS.answer_timeout() + Duration::from_secs(5), "{waited:?}");
    // Nobody waits for it any more, so the server is told to stop.
    let active = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND application_name = 'near' AND state = 'active'";
    wait_until(&owner, active, "0").await;
    owner.run("DROP TRIGGER doze ON source_cursors").await;
    // The pool has one connection, and it is another one now.
    assert_eq!(store.ingest_page(&page).await.unwrap().inserted, 1);
}

/// What commits by itself has told how many went in when its commit is refused.
#[tokio::test]
async fn a_statement_whose_commit_is_refused_is_not_taken_for_done() {
    let ground = ground().await;
    ground
        .owner
        .run(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
                RAISE EXCEPTION 'could not extend file \"base/5/1\": No space left on device'
                    USING ERRCODE = 'disk_full'; END $$;
             CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON activity_events
                DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION refuse()",
        )
        .await;
    // One event is another statement than several.
    let events = ["one", "two"].map(|id| event(id).build());
    for events in [&events[..1], &events] {
        let refused = fault(ground.store.insert_activity_events(ground.epoch_id, events).await);
        assert!(matches!(refused, StoreFault::OutOfResources(_)), "{refused:?}");
    }
    assert_eq!(ground.owner.value("SELECT count(*) FROM activity_events").await, "0");
}

/// As a standby answers.
#[tokio::test]
async fn a_database_that_takes_no_writes_says_so() {
    let ground = ground().await;
    let name = ground.owner.value("SELECT current_database()").await;
    ground
        .owner
        .run(&format!("ALTER DATABASE {name} SET default_transaction_read_only = on"))
        .await;
    ground.owner.run(&format!("SELECT pg_terminate_backend(pid, 5000) {HURRIED}")).await;
    // The first call may still meet the connection that was ended.
    let _ = ground.store.get_open_epoch().await;
    let refused = fault(ground.store.upsert_cursor(&cursor_key("main"), "1").await);
    assert!(matches!(refused, StoreFault::ReadOnly(_)), "{refused:?}");
    assert!(ground.store.get_open_epoch().await.unwrap().is_some());
}
