//! A pool remembers the windows of epochs that it wrote to, and whether an event was known that came alone. Nobody may
//! see that it does but by its speed: here, the store of another pool changes the epoch meanwhile, or the epoch is
//! another ledger's.

use std::sync::Arc;

use ledger_adapter_server::Server;
use ledger_core::{EpochId, NewActivityEvent};
use ledger_port::{InsertOutcome, LedgerPortError, PortResult, SystemClock};
use ledger_repository::LedgerPool;
use ledger_testkit::{credits, event};
use store_testkit::TestDatabase;

use crate::arena::{Arena, Store, ids_of, open, ready};
use crate::sql::{SESSIONS, Sql, wait_until};

/// Of the window's first second, of the one before it, of its last, and of the one after that.
const FIRST: &str = "2026-11-16T00:00:00Z";
const BEFORE: &str = "2026-11-15T23:59:59Z";
const LAST: &str = "2026-11-22T23:59:59Z";
const AFTER: &str = "2026-11-23T00:00:00Z";

async fn insert(
    store: &Store,
    epoch_id: EpochId,
    events: &[(&str, &str)],
) -> PortResult<InsertOutcome> {
    let events: Vec<NewActivityEvent> =
        events.iter().map(|(id, time)| event(id).at(time).build()).collect();
    store.insert_activity_events(epoch_id, &events).await
}

/// How many went in, and how many of those were late.
async fn counts(store: &Store, epoch_id: EpochId, events: &[(&str, &str)]) -> (u64, u64) {
    let outcome = insert(store, epoch_id, events).await.unwrap();
    (outcome.inserted, outcome.late)
}

#[tokio::test]
async fn the_first_call_and_the_next_ones_see_the_same_window() {
    let arena = Arena::new().await;
    let store = &arena.stores(0, 1).await[0];
    let epoch = open(store).await.id;
    for round in ["a", "b"] {
        let id = |name: &str| format!("{round}{name}");
        let (late, first, last, after) = (id("late"), id("first"), id("last"), id("after"));
        assert_eq!(counts(store, epoch, &[(&late, BEFORE)]).await, (1, 1));
        assert_eq!(counts(store, epoch, &[(&late, BEFORE)]).await, (0, 0), "it is known");
        assert_eq!(counts(store, epoch, &[(&first, FIRST)]).await, (1, 0));
        assert_eq!(counts(store, epoch, &[(&last, LAST)]).await, (1, 0));
        let mixed = [(&*id("x"), BEFORE), (&*id("y"), FIRST), (&*late, BEFORE)];
        assert_eq!(counts(store, epoch, &mixed).await, (2, 1), "one of the late ones is known");
        let refused = insert(store, epoch, &[(&after, AFTER)]).await;
        assert!(matches!(refused, Err(LedgerPortError::EventAfterEpoch { .. })), "{refused:?}");
    }
    assert_eq!(ids_of(store, epoch).await.len(), 10);
}

/// An epoch that a store remembers, and that was closed since. The stores are that one, and another pool's.
async fn closed_meanwhile(arena: &Arena) -> (Store, Store, EpochId) {
    let [remembers, closes] = &arena.stores(0, 2).await[..] else { unreachable!("two") };
    let epoch = ready(closes).await.id;
    assert_eq!(counts(remembers, epoch, &[("known", FIRST)]).await, (1, 0));
    closes.close_epoch(epoch, credits(100)).await.unwrap();
    (remembers.clone(), closes.clone(), epoch)
}

#[tokio::test]
async fn whoever_remembers_an_epoch_hears_of_its_close() {
    let arena = Arena::new().await;
    let (remembers, closes, epoch) = closed_meanwhile(&arena).await;
    let (known, fresh) = (("known", FIRST), ("fresh", FIRST));
    // The window is remembered until a fresh one is refused, and is not remembered again.
    let calls: [&[_]; 7] =
        [&[known], &[("later", AFTER)], &[fresh], &[fresh, known], &[known], &[("x", AFTER)], &[]];
    for events in calls {
        let refused = insert(&remembers, epoch, events).await;
        assert!(matches!(refused, Err(LedgerPortError::EpochClosed { .. })), "{refused:?}");
    }
    assert_eq!(ids_of(&closes, epoch).await, ["first", "known"]);
}

#[tokio::test]
async fn many_fresh_ones_hear_of_the_close_too() {
    let arena = Arena::new().await;
    let (remembers, closes, epoch) = closed_meanwhile(&arena).await;
    let refused = insert(&remembers, epoch, &[("a", FIRST), ("b", BEFORE), ("known", FIRST)]).await;
    assert!(matches!(refused, Err(LedgerPortError::EpochClosed { .. })), "{refused:?}");
    assert_eq!(ids_of(&closes, epoch).await, ["first", "known"]);
}

/// Both are stores of one pool.
#[tokio::test]
async fn what_is_remembered_of_one_ledger_is_nothing_to_another() {
    let arena = Arena::new().await;
    let ours = &arena.stores(0, 1).await[0];
    let theirs = &arena.stores(1, 1).await[0];
    let epoch = open(ours).await.id;
    assert_eq!(counts(ours, epoch, &[("one", FIRST)]).await, (1, 0));
    let refused = insert(theirs, epoch, &[("two", FIRST)]).await;
    assert!(matches!(refused, Err(LedgerPortError::EpochNotFound(_))), "{refused:?}");
}

/// Its id was guessed.
#[tokio::test]
async fn that_there_is_no_epoch_is_not_remembered() {
    let arena = Arena::new().await;
    let store = &arena.stores(0, 1).await[0];
    let next = "SELECT last_value + is_called::int FROM epochs_id_seq";
    let epoch = EpochId(arena.owner().await.value(next).await.parse().unwrap());
    for events in [&[("one", FIRST)][..], &[]] {
        let refused = insert(store, epoch, events).await;
        assert!(matches!(refused, Err(LedgerPortError::EpochNotFound(_))), "{refused:?}");
    }
    assert_eq!(open(store).await.id, epoch);
    assert_eq!(counts(store, epoch, &[("one", FIRST)]).await, (1, 0));
}

/// The server's store of a new database with an open epoch, and what PostgreSQL had counted of it by then.
struct Counted {
    database: TestDatabase,
    pool: LedgerPool<Server>,
    store: Store,
    epoch: EpochId,
    counts: &'static str,
    before: u64,
}

impl Counted {
    async fn new(counts: &'static str) -> Self {
        let database = TestDatabase::new().await;
        let pool: LedgerPool<Server> = database.pool().await;
        let store: Store = Arc::new(database.store(&pool, "default", Arc::new(SystemClock)).await);
        let epoch = open(&store).await.id;
        let before = count(&Sql::owner(&database).await, counts).await;
        Self { database, pool, store, epoch, counts, before }
    }

    /// How many there were since.
    async fn since(self) -> u64 {
        let owner = Sql::owner(&self.database).await;
        self.pool.close();
        wait_until(&owner, SESSIONS, "0").await;
        count(&owner, self.counts).await - self.before
    }
}

async fn count(owner: &Sql, counts: &str) -> u64 {
    let query = format!("SELECT {counts} FROM pg_stat_database WHERE datname = current_database()");
    owner.value(&query).await.parse().unwrap()
}

/// Each statement that commits by itself is a transaction, and so is each look at an epoch.
#[tokio::test]
async fn a_remembered_epoch_is_not_asked_for_again() {
    const CALLS: u64 = 200;
    let counted = Counted::new("xact_commit").await;
    for call in 0..CALLS {
        let inserted = counts(&counted.store, counted.epoch, &[(&call.to_string(), FIRST)]).await;
        assert_eq!(inserted, (1, 0));
    }
    let transactions = counted.since().await;
    assert!((CALLS..CALLS + CALLS / 2).contains(&transactions), "{transactions}");
}

#[tokio::test]
async fn known_events_that_come_alone_are_refused_by_postgresql_once() {
    let counted = Counted::new("xact_rollback").await;
    for expected in [(1, 1), (0, 0), (0, 0)] {
        for call in 0..20 {
            let call = call.to_string();
            let inserted = counts(&counted.store, counted.epoch, &[(&call, BEFORE)]).await;
            assert_eq!(inserted, expected);
        }
    }
    assert_eq!(counted.since().await, 1);
}
