//! Somebody is stopped in the middle of a write while somebody else writes: what neither can see of the other
//! is not lost.

use ledger_core::EpochId;
use ledger_port::{IdentityResolution, LedgerPortError, PageRequest, Write, Written};
use ledger_testkit::{binding, credits, event, new_epoch, week, weights};
use tokio::task::JoinHandle;

use crate::arena::{Arena, Store, ids_of, open, ready};
use crate::sql::{Sql, wait_until};

/// Where whoever writes is stopped.
#[derive(Clone, Copy)]
enum Place {
    /// Before the first row is written, when the statement sees what it will see.
    BeforeStatement,
    /// When everything is written, before it is committed.
    AtCommit,
}

/// A gate before a table. Shut until it is opened.
struct Gate {
    owner: Sql,
    watcher: Sql,
}

/// How many wait for a lock.
const WAITING: &str = "
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'";

impl Gate {
    async fn shut(arena: &Arena, table: &str, place: Place) -> Self {
        let (owner, watcher) = (arena.owner().await, arena.owner().await);
        let trigger = match place {
            Place::BeforeStatement => {
                format!("CREATE TRIGGER gate BEFORE INSERT ON {table} FOR EACH STATEMENT")
            }
            Place::AtCommit => format!(
                "CREATE CONSTRAINT TRIGGER gate AFTER INSERT ON {table}
                 DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
            ),
        };
        let function = "CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS
            $$ BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$";
        owner.run(&format!("{function}; {trigger} EXECUTE FUNCTION gate()")).await;
        owner.run("SELECT pg_advisory_lock(42)").await;
        Self { owner, watcher }
    }

    async fn wait_for_one(&self) {
        wait_until(&self.watcher, WAITING, "1").await;
    }

    /// Until another one waits, too, or has come to its end.
    async fn wait_for_another<T>(&self, another: &JoinHandle<T>) {
        for _ in 0..500 {
            if another.is_finished() || self.watcher.value(WAITING).await == "2" {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("the other neither waits nor ends");
    }

    async fn open(&self) {
        self.owner.run("SELECT pg_advisory_unlock(42)").await;
    }
}

async fn write(store: Store, write: Write) -> Written {
    let said = std::sync::Mutex::new(None);
    let render = |written: &Written| {
        *said.lock().unwrap() = Some(written.clone());
        String::new()
    };
    store.write(&write, None, &render).await.unwrap();
    said.into_inner().unwrap().expect("it was told what was written")
}

fn insert(epoch_id: EpochId) -> Write {
    Write::InsertActivityEvents { epoch_id, events: vec![event("1").by("a").build()] }
}

fn bind() -> Write {
    Write::BindIdentities(vec![binding("git", "a", "alice")])
}

async fn assert_alice_has_it(store: &Store, epoch_id: EpochId) {
    let waiting = store.get_unresolved_activity(epoch_id, PageRequest::first()).await.unwrap();
    assert_eq!(waiting.items, [], "its author is bound, and nothing gives it to them any more");
}

/// Somebody is stopped at the commit of what they write to a table, somebody else writes meanwhile, and then both
/// come to their end. What the second one was answered.
async fn meet<A, B>(
    table: &str,
    first: impl FnOnce(Store, EpochId) -> A,
    second: impl FnOnce(Store, EpochId) -> B,
) -> B::Output
where
    A: Future<Output = Written> + Send + 'static,
    B: Future<Output: Send> + Send + 'static,
{
    let arena = Arena::new().await;
    let stores = arena.stores(0, 2).await;
    let epoch_id = open(&stores[0]).await.id;
    let gate = Gate::shut(&arena, table, Place::AtCommit).await;
    let first = tokio::spawn(first(stores[0].clone(), epoch_id));
    gate.wait_for_one().await;
    let second = tokio::spawn(second(stores[1].clone(), epoch_id));
    gate.wait_for_another(&second).await;
    gate.open().await;
    first.await.unwrap();
    let answer = second.await.unwrap();
    assert_alice_has_it(&stores[0], epoch_id).await;
    answer
}

#[tokio::test]
async fn who_is_bound_while_their_event_is_written_gets_it() {
    let inserting = |store, epoch_id| write(store, insert(epoch_id));
    let bound = meet("activity_events", inserting, |store, _| write(store, bind())).await;
    assert_eq!(bound, Written::Bound { bound: 1, resolved: 1 });
}

/// The same in two steps, as the command line does it.
#[tokio::test]
async fn who_is_bound_and_then_resolved_while_their_event_is_written_gets_it() {
    let inserting = |store, epoch_id| write(store, insert(epoch_id));
    let binding = |store: Store, epoch_id| async move {
        store.bind_identities(&[binding("git", "a", "alice")]).await.unwrap();
        store.resolve_activity_by_bindings(epoch_id).await.unwrap()
    };
    assert_eq!(meet("activity_events", inserting, binding).await, 1);
}

#[tokio::test]
async fn whose_event_is_written_while_they_are_bound_gets_it() {
    let binding = |store, _| write(store, bind());
    let inserting = |store, epoch_id| write(store, insert(epoch_id));
    meet("identity_bindings", binding, inserting).await;
}

/// Whoever inserts has looked at the epoch before, and is not told that a rule refused.
#[tokio::test]
async fn an_epoch_that_is_closed_after_it_was_looked_at_takes_nothing() {
    for count in [1, 2] {
        let arena = Arena::new().await;
        let stores = arena.stores(0, 2).await;
        let epoch_id = ready(&stores[1]).await.id;
        let gate = Gate::shut(&arena, "activity_events", Place::BeforeStatement).await;
        let store = stores[0].clone();
        let events = ["1", "2"].map(|id| event(id).build());
        let inserting =
            tokio::spawn(
                async move { store.insert_activity_events(epoch_id, &events[..count]).await },
            );
        gate.wait_for_one().await;
        stores[1].close_epoch(epoch_id, credits(100)).await.unwrap();
        gate.open().await;
        let refused = inserting.await.unwrap();
        assert!(matches!(refused, Err(LedgerPortError::EpochClosed { .. })), "{refused:?}");
        assert_eq!(ids_of(&stores[1], epoch_id).await, ["first"]);
    }
}

/// Somebody gives single events of two epochs to people, and somebody all that waits in both.
#[tokio::test]
async fn events_of_two_epochs_are_given_away_in_one_order() {
    let arena = Arena::new().await;
    let stores = arena.stores(0, 2).await;
    let first = open(&stores[0]).await.id;
    stores[0].insert_activity_events(first, &[event("z").by("a").build()]).await.unwrap();
    stores[0].begin_review(first).await.unwrap();
    let second = new_epoch(week("2026-W48"), weights(&[]));
    let second = stores[0].create_epoch(&second).await.unwrap().id;
    let events = ["a", "m"].map(|id| event(id).by("a").build());
    stores[0].insert_activity_events(second, &events).await.unwrap();
    let (owner, watcher) = (arena.owner().await, arena.owner().await);
    // One order of ids alone would have the one lock `a` and then wait, and the other `z` before `a`.
    owner.run("BEGIN; SELECT FROM activity_events WHERE id = 'm' FOR UPDATE").await;
    let resolutions = ["a", "m", "z"].map(|id| IdentityResolution {
        event_id: id.parse().unwrap(),
        user_id: "alice".parse().unwrap(),
    });
    let store = stores[0].clone();
    let resolving = tokio::spawn(async move {
        store.resolve_activity_identities(&resolutions).await.unwrap();
    });
    wait_until(&watcher, WAITING, "1").await;
    let binding = tokio::spawn(write(stores[1].clone(), bind()));
    wait_until(&watcher, WAITING, "2").await;
    owner.run("COMMIT").await;
    resolving.await.unwrap();
    assert_eq!(binding.await.unwrap(), Written::Bound { bound: 1, resolved: 0 });
    for epoch_id in [first, second] {
        assert_alice_has_it(&stores[0], epoch_id).await;
    }
    arena.assert_no_deadlocks("giving events of two epochs away", 1).await;
}
