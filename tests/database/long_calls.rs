//! What a call of many events costs PostgreSQL beyond its rows: savepoints, and rows that go out again. Over the
//! worker's adapter, where one such call may wait for another.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use ledger_adapter_worker::{Worker, WorkerLedgerStore};
use ledger_core::{EpochId, NewActivityEvent};
use ledger_port::{ActivityStore as _, EpochStore as _, LedgerPortError, StoreFault, SystemClock};
use ledger_repository::LedgerPool;
use ledger_testkit::{event, new_epoch, week, weights};
use store_testkit::TestDatabase;

use crate::sql::Sql;

fn events(numbers: Range<usize>) -> Vec<NewActivityEvent> {
    numbers.map(|number| event(&format!("{number:06}")).build()).collect()
}

struct Ground {
    store: WorkerLedgerStore,
    epoch_id: EpochId,
    owner: Sql,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

async fn ground() -> Ground {
    let database = TestDatabase::new().await;
    let pool: LedgerPool<Worker> = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    let epoch = store.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await.unwrap();
    let owner = Sql::owner(&database).await;
    Ground { store, epoch_id: epoch.id, owner, _database: database }
}

impl Ground {
    async fn insert(&self, numbers: Range<usize>) -> u64 {
        let events = events(numbers);
        self.store.insert_activity_events(self.epoch_id, &events).await.unwrap().inserted
    }

    /// How many rows each transaction or savepoint left, in the order of the rows' ids.
    async fn rows_by_savepoint(&self) -> Vec<usize> {
        let sql = "SELECT string_agg(xmin::text, ' ' ORDER BY id) FROM activity_events";
        let writers = self.owner.value(sql).await;
        let mut rows: BTreeMap<u32, usize> = BTreeMap::new();
        for writer in writers.split(' ') {
            *rows.entry(writer.parse().unwrap()).or_default() += 1;
        }
        rows.into_values().collect()
    }
}

#[tokio::test]
async fn savepoints_grow_with_what_was_new() {
    let ground = ground().await;
    assert_eq!(ground.insert(0..36_000).await, 36_000);
    assert_eq!(ground.rows_by_savepoint().await, [5_000, 5_000, 10_000, 16_000]);
}

#[tokio::test]
async fn a_savepoint_covers_no_more_than_is_done_in_vain_gladly() {
    let ground = ground().await;
    assert_eq!(ground.insert(0..260_000).await, 260_000);
    let rows = ground.rows_by_savepoint().await;
    assert_eq!(rows, [5_000, 5_000, 10_000, 20_000, 40_000, 80_000, 80_000, 20_000]);
}

#[tokio::test]
async fn long_calls_that_race_take_each_event_once() {
    let ground = ground().await;
    // The same, half of the same, and others between them: each meets the others' rows behind a savepoint.
    let calls = [0..30_000, 0..30_000, 15_000..45_000, 29_999..50_001];
    let racing = calls.map(|numbers| ground.insert(numbers));
    let inserted: u64 = futures_util::future::join_all(racing).await.into_iter().sum();
    assert_eq!(inserted, 50_001);
    let stored = "SELECT count(*) || ' ' || count(DISTINCT id) FROM activity_events";
    assert_eq!(ground.owner.value(stored).await, "50001 50001");
}

#[tokio::test]
async fn what_is_known_ends_the_savepoints_of_its_call() {
    let ground = ground().await;
    assert_eq!(ground.insert(14_999..15_000).await, 1);
    assert_eq!(ground.insert(0..40_000).await, 39_999);
    // The third and fourth statement went out again, and all after them is in one: ROLLBACK TO leaves its
    // savepoint open.
    assert_eq!(ground.rows_by_savepoint().await, [1, 5_000, 5_000, 29_999]);
}

#[tokio::test]
async fn nothing_is_written_of_a_call_that_is_known() {
    let ground = ground().await;
    let size = "SELECT pg_relation_size('activity_events')";
    assert_eq!(ground.insert(0..20_000).await, 20_000);
    let before = ground.owner.value(size).await;
    assert_eq!(ground.insert(0..20_000).await, 0);
    assert_eq!(ground.owner.value(size).await, before);
}

/// Counts the INSERTs into the events' table.
const COUNT_OFFERS: &str = "
    CREATE SEQUENCE public.offers;
    GRANT USAGE, SELECT ON SEQUENCE public.offers TO ledger_service;
    CREATE FUNCTION public.count_offer() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM nextval('public.offers'); RETURN NULL; END $$;
    CREATE TRIGGER count_offer BEFORE INSERT ON activity_events
        FOR EACH STATEMENT EXECUTE FUNCTION public.count_offer()";

#[tokio::test]
async fn what_is_known_is_offered_to_the_table_once() {
    let ground = ground().await;
    assert_eq!(ground.insert(0..20_000).await, 20_000);
    ground.owner.run(COUNT_OFFERS).await;
    // The first that comes alone is said to be new before; after it, none is.
    for (numbers, offers) in
        [(0..2, "1"), (0..5_000, "2"), (0..20_000, "3"), (0..1, "5"), (1..2, "6")]
    {
        assert_eq!(ground.insert(numbers.clone()).await, 0);
        let counted = ground.owner.value("SELECT last_value FROM public.offers").await;
        assert_eq!(counted, offers, "after {numbers:?}");
    }
}

/// Most of a statement decides about the next one, and not what went in before it.
#[tokio::test]
async fn what_is_known_behind_what_was_new_is_looked_up() {
    let ground = ground().await;
    assert_eq!(ground.insert(5_000..20_000).await, 15_000);
    ground.owner.run(COUNT_OFFERS).await;
    assert_eq!(ground.insert(0..20_000).await, 5_000);
    // The new ones; the first known ones as new ones and as any; the others not at all.
    let counted = ground.owner.value("SELECT last_value FROM public.offers").await;
    assert_eq!(counted, "3");
}

/// Refuses each of them but the first, as a full disk would.
const REFUSE_THE_NEXT: &str = "
    CREATE FUNCTION public.refuse_the_next() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF (SELECT last_value FROM public.offers) > 1 THEN
            RAISE 'No space left on device' USING ERRCODE = 'disk_full';
        END IF;
        RETURN NULL;
    END $$;
    CREATE TRIGGER refuse_the_next BEFORE INSERT ON activity_events
        FOR EACH STATEMENT EXECUTE FUNCTION public.refuse_the_next()";

/// That one is known is the only reason to offer them again another way.
#[tokio::test]
async fn what_there_is_no_room_for_is_offered_once() {
    let ground = ground().await;
    ground.owner.run(COUNT_OFFERS).await;
    ground.owner.run(REFUSE_THE_NEXT).await;
    for (numbers, offers) in [(0..10_000, "2"), (0..1, "3")] {
        let events = events(numbers);
        let refused = ground.store.insert_activity_events(ground.epoch_id, &events).await;
        let Err(LedgerPortError::Fault(fault)) = refused else { panic!("{refused:?}") };
        assert!(matches!(fault, StoreFault::OutOfResources(_)), "{fault:?}");
        let counted = ground.owner.value("SELECT last_value FROM public.offers").await;
        assert_eq!(counted, offers, "after {} events", events.len());
    }
    assert_eq!(ground.owner.value("SELECT count(*) FROM activity_events").await, "0");
}

#[tokio::test]
async fn what_is_late_in_a_long_call_is_counted_wherever_it_stands() {
    let ground = ground().await;
    let mut events = events(0..26_000);
    // Of the first statement, of two of one savepoint, and of the last.
    let late = [0, 5_001, 10_002, 15_003, 25_004];
    for position in late {
        events[position] = event(&format!("{position:06}")).at("2026-11-15T23:59:59Z").build();
    }
    let outcome = ground.store.insert_activity_events(ground.epoch_id, &events).await.unwrap();
    assert_eq!((outcome.inserted, outcome.late), (26_000, 5));
}
