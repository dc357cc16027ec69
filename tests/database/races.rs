//! Many at once. Each race is run many rounds, on a ledger of its own each round, half of the
//! callers through the server's adapter and half through the worker's.

use std::sync::Arc;

use futures_util::future::join_all;
use ledger_adapter_server::Server;
use ledger_adapter_worker::Worker;
use ledger_core::{Epoch, EpochId, EpochStatus};
use ledger_port::{
    ActivityLedgerStore, FinalizeEpoch, IngestPage, LedgerPortError, PageRequest, PortResult,
    SystemClock, verify_statement,
};
use ledger_repository::LedgerPool;
use ledger_testkit::{
    TestDatabase, credits, cursor_key, decision, event, finalize, new_epoch, pool_component,
    statement_id, user, week, weights,
};

use crate::sql::Sql;

type Store = Arc<dyn ActivityLedgerStore>;

/// One database, and stores of both adapters for each round's ledger.
struct Arena {
    server: LedgerPool<Server>,
    worker: LedgerPool<Worker>,
    database: TestDatabase,
}

impl Arena {
    async fn new() -> Self {
        let database = TestDatabase::new().await;
        let (server, worker) = (database.pool().await, database.pool().await);
        Self { server, worker, database }
    }

    /// So many stores of one new ledger, the two adapters in turn.
    async fn stores(&self, round: usize, count: usize) -> Vec<Store> {
        let name = format!("round-{round}");
        let clock = Arc::new(SystemClock);
        let server = self.database.store(&self.server, &name, clock.clone()).await;
        let worker = self.database.store(&self.worker, &name, clock).await;
        let (server, worker): (Store, Store) = (Arc::new(server), Arc::new(worker));
        (0..count).map(|at| Arc::clone(if at % 2 == 0 { &server } else { &worker })).collect()
    }

    /// Locks are taken in one order, so PostgreSQL never had to break a circle.
    async fn assert_no_deadlocks(&self, what: &str, rounds: usize) {
        let sql = Sql::owner(&self.database).await;
        let query = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
        assert_eq!(sql.value(query).await, "0", "{what}");
        println!("{what}: {rounds} rounds, no deadlock");
    }
}

async fn open(store: &Store) -> Epoch {
    let weights = weights(&[("git:commit_authored", 1_000)]);
    store.create_epoch(&new_epoch(week("2026-W47"), weights)).await.unwrap()
}

/// An open epoch with one event of alice, proposed, and a base issuance of 100.
async fn ready(store: &Store) -> Epoch {
    let epoch = open(store).await;
    store
        .insert_activity_events(epoch.id, &[event("first").of_user("alice").build()])
        .await
        .unwrap();
    store.propose_allocations(epoch.id).await.unwrap();
    store.insert_pool_component(epoch.id, &pool_component("base_issuance", 100)).await.unwrap();
    epoch
}

async fn ids_of(store: &Store, epoch_id: EpochId) -> Vec<String> {
    let page = PageRequest::first().of_at_most(5_000);
    let events = store.get_activity_for_epoch(epoch_id, page).await.unwrap();
    assert!(events.next.is_none());
    let mut ids: Vec<String> =
        events.items.into_iter().map(|stored| stored.event.id.to_string()).collect();
    ids.sort();
    ids
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_who_open_an_epoch_one_wins() {
    const ROUNDS: usize = 25;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 32).await;
        // Half of them want one week, half the next: either refusal is right.
        let asked = |at: usize| {
            let name = if at % 4 < 2 { "2026-W47" } else { "2026-W48" };
            new_epoch(week(name), weights(&[]))
        };
        let calls = stores
            .iter()
            .enumerate()
            .map(|(at, store)| async move { store.create_epoch(&asked(at)).await });
        let (won, lost): (Vec<_>, Vec<_>) =
            join_all(calls).await.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        let open = stores[0].get_open_epoch().await.unwrap().expect("one is open");
        assert_eq!(open.id, won[0].as_ref().unwrap().id);
        for refusal in lost {
            assert!(
                matches!(&refusal, Err(LedgerPortError::EpochAlreadyOpen { open_epoch }) if *open_epoch == open.id),
                "{refusal:?}"
            );
        }
    }
    arena.assert_no_deadlocks("32 open an epoch", ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_while_another_closes_is_in_the_closed_epoch() {
    const ROUNDS: usize = 40;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 9).await;
        let epoch = ready(&stores[0]).await;
        let writers = stores[1..].iter().enumerate().map(|(writer, store)| {
            let store = Arc::clone(store);
            tokio::spawn(async move { write_until_refused(&store, epoch.id, writer).await })
        });
        let writers: Vec<_> = writers.collect();
        tokio::time::sleep(std::time::Duration::from_millis(5 + u64::try_from(round).unwrap() % 7))
            .await;
        let closed = stores[0].close_epoch(epoch.id, credits(100)).await.unwrap();
        assert_eq!(closed.status, EpochStatus::Closed);
        let mut acknowledged = vec!["first".to_owned()];
        for writer in writers {
            acknowledged.extend(writer.await.unwrap());
        }
        acknowledged.sort();
        assert_eq!(ids_of(&stores[0], epoch.id).await, acknowledged);
        let refused = stores[1].insert_activity_events(epoch.id, &[event("after").build()]).await;
        assert!(matches!(refused, Err(LedgerPortError::EpochClosed { .. })), "{refused:?}");
    }
    arena.assert_no_deadlocks("insert while another closes", ROUNDS).await;
}

/// The ids that the store said it has.
async fn write_until_refused(store: &Store, epoch_id: EpochId, writer: usize) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let ids: Vec<String> = (0..3).map(|part| format!("{writer}:{number}:{part}")).collect();
        let events: Vec<_> = ids.iter().map(|id| event(id).build()).collect();
        match store.insert_activity_events(epoch_id, &events).await {
            Ok(outcome) => {
                assert_eq!(outcome.inserted, 3);
                acknowledged.extend(ids);
            }
            Err(LedgerPortError::EpochClosed { .. }) => break,
            Err(refusal) => panic!("{refusal:?}"),
        }
    }
    acknowledged
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_close_together_get_one_statement_and_one_total() {
    const ROUNDS: usize = 40;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 8).await;
        let epoch = ready(&stores[0]).await;
        let calls = stores.iter().enumerate().map(|(at, store)| async move {
            let number = u128::try_from(at).unwrap();
            let command =
                FinalizeEpoch { statement_id: statement_id(number), ..finalize(epoch.id) };
            store.finalize_epoch(&command).await
        });
        let finalized: Vec<_> =
            join_all(calls).await.into_iter().collect::<PortResult<_>>().unwrap();
        assert!(finalized.iter().all(|one| *one == finalized[0]), "{finalized:?}");
        let report = verify_statement(stores[0].as_ref(), epoch.id).await.unwrap();
        assert!(report.is_verified(), "{report:?}");
    }
    arena.assert_no_deadlocks("close together", ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_component_is_in_the_total_or_refused() {
    const ROUNDS: usize = 60;
    let arena = Arena::new().await;
    let mut in_time = 0;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 3).await;
        let epoch = ready(&stores[0]).await;
        let top_up = pool_component("top_up", 11);
        let (added, without, with) = tokio::join!(
            stores[0].insert_pool_component(epoch.id, &top_up),
            stores[1].close_epoch(epoch.id, credits(100)),
            stores[2].close_epoch(epoch.id, credits(111)),
        );
        let closed = stores[0].get_epoch(epoch.id).await.unwrap().unwrap();
        if added.is_ok() {
            in_time += 1;
            // A close that saw no top-up was refused, or came before, and then the top-up was.
            assert!(
                matches!(without, Err(LedgerPortError::PoolTotalMismatch { .. })),
                "{without:?}"
            );
            assert!(closed.pool_total.is_none() || closed.pool_total == Some(credits(111)));
        } else {
            assert!(matches!(added, Err(LedgerPortError::EpochClosed { .. })), "{added:?}");
            assert_eq!(without.unwrap().pool_total, Some(credits(100)));
            assert!(matches!(with, Err(LedgerPortError::PoolTotalMismatch { .. })), "{with:?}");
        }
    }
    arena.assert_no_deadlocks("pool component against two closes", ROUNDS).await;
    println!("{in_time} of {ROUNDS} components came in time");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_goes_to_one_of_two_who_ask_for_it() {
    const ROUNDS: usize = 60;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 8).await;
        let epoch = open(&stores[0]).await;
        stores[0].insert_activity_events(epoch.id, &[event("wanted").build()]).await.unwrap();
        let id = "wanted".parse().unwrap();
        let (id, people) = (&id, [user("alice"), user("bob")]);
        let people = &people;
        let calls = stores.iter().enumerate().map(|(at, store)| async move {
            (at % 2, store.resolve_activity_identity(id, &people[at % 2]).await)
        });
        let answers = join_all(calls).await;
        let stored = stores[0].get_activity_event(id).await.unwrap().unwrap().event.user_id;
        let winner = usize::from(stored == Some(user("bob")));
        let mut resolved = 0;
        for (asked, answer) in answers {
            match answer {
                Ok(outcome) => {
                    assert_eq!(asked, winner);
                    resolved += outcome.resolved;
                }
                Err(LedgerPortError::IdentityAlreadyResolved { found, .. }) => {
                    assert_eq!((Some(found), asked), (stored.clone(), 1 - winner));
                }
                Err(refusal) => panic!("{refusal:?}"),
            }
        }
        assert_eq!(resolved, 1);
    }
    arena.assert_no_deadlocks("two people for one event", ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_events_from_8_tasks_are_stored_once_and_counted() {
    const ROUNDS: usize = 6;
    const EVENTS: usize = 1_000;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 8).await;
        let epoch = open(&stores[0]).await;
        let calls = stores.iter().enumerate().map(|(at, store)| async move {
            // Each begins elsewhere and every other goes backwards; one in eight lies about 10.
            let mut events: Vec<_> = (0..EVENTS)
                .map(|number| {
                    let lie =
                        if at == 7 && number < 10 { "liar@example.org" } else { "a@example.org" };
                    event(&format!("{number:04}")).by(lie).build()
                })
                .collect();
            events.rotate_left(at * 97);
            if at % 2 == 1 {
                events.reverse();
            }
            store.insert_activity_events(epoch.id, &events).await.unwrap()
        });
        let outcomes = join_all(calls).await;
        let sum = |of: fn(&ledger_port::InsertOutcome) -> u64| outcomes.iter().map(of).sum::<u64>();
        let (inserted, all) = (sum(|one| one.inserted), u64::try_from(8 * EVENTS).unwrap());
        assert_eq!(inserted, u64::try_from(EVENTS).unwrap());
        assert_eq!(inserted + sum(|one| one.duplicates) + sum(|one| one.conflicts.count), all);
        // Whoever lied first is believed; then the seven others are the ones in conflict.
        let conflicts = sum(|one| one.conflicts.count);
        assert!(conflicts == 10 || conflicts == 70, "{conflicts}");
        assert_eq!(ids_of(&stores[0], epoch.id).await.len(), EVENTS);
    }
    arena.assert_no_deadlocks("the same events from 8 tasks", ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_override_is_in_the_statement_or_refused() {
    const ROUNDS: usize = 60;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 2).await;
        let epoch = ready(&stores[0]).await;
        let (alice, asked) = (user("alice"), decision(7, "helped"));
        let command = finalize(epoch.id);
        let (decided, paid) = tokio::join!(
            stores[0].update_allocation(epoch.id, &alice, Some(&asked)),
            stores[1].finalize_epoch(&command),
        );
        let units = paid.unwrap().statement.statement.payouts[0].total_units.get();
        match decided {
            Ok(_) => assert_eq!(units, 7),
            Err(LedgerPortError::EpochClosed { .. }) => assert_eq!(units, 1_000),
            Err(refusal) => panic!("{refusal:?}"),
        }
        assert!(verify_statement(stores[0].as_ref(), epoch.id).await.unwrap().is_verified());
    }
    arena.assert_no_deadlocks("override against close", ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_and_its_cursor_arrive_together_whoever_brings_them() {
    const ROUNDS: usize = 30;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 4).await;
        let epoch = open(&stores[0]).await;
        let page = IngestPage {
            epoch_id: epoch.id,
            events: (0..20).map(|number| event(&number.to_string()).build()).collect(),
            cursor_key: cursor_key("main"),
            cursor_value: "20".to_owned(),
        };
        let page = &page;
        let calls =
            stores.iter().map(|store| async move { store.ingest_page(page).await.unwrap() });
        let inserted: u64 = join_all(calls).await.iter().map(|outcome| outcome.inserted).sum();
        assert_eq!(inserted, 20);
        let cursor = stores[0].get_cursor(&cursor_key("main")).await.unwrap().unwrap();
        assert_eq!(cursor.value, "20");
    }
    arena.assert_no_deadlocks("the same page from 4 tasks", ROUNDS).await;
}
