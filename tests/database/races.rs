//! Many who do the same at once: one does it, the others are told.

use std::sync::Arc;

use ledger_core::EventId;
use ledger_port::{FinalizeEpoch, IngestPage, LedgerPortError, PortResult, verify_statement};
use ledger_testkit::{
    cursor_key, event, finalize, new_epoch, parsed, statement_id, user, week, weights,
};

use crate::arena::{Arena, ids_of, open, race, ready};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_32_who_open_an_epoch_one_wins() {
    const ROUNDS: usize = 25;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 32).await;
        // Half of them want one week, half the next: either refusal is right.
        let answers = race(&stores, |at, store| async move {
            let name = if at % 4 < 2 { "2026-W47" } else { "2026-W48" };
            store.create_epoch(&new_epoch(week(name), weights(&[]))).await
        })
        .await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!((won.len(), lost.len()), (1, 31));
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
async fn who_close_together_get_one_statement_and_one_total() {
    const ROUNDS: usize = 40;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 8).await;
        let epoch = ready(&stores[0]).await;
        let answers = race(&stores, |at, store| async move {
            let statement_id = statement_id(u128::try_from(at).unwrap());
            store.finalize_epoch(&FinalizeEpoch { statement_id, ..finalize(epoch.id) }).await
        })
        .await;
        let finalized: Vec<_> = answers.into_iter().collect::<PortResult<_>>().unwrap();
        assert!(finalized.iter().all(|one| *one == finalized[0]), "{finalized:?}");
        let report = verify_statement(stores[0].as_ref(), epoch.id).await.unwrap();
        assert!(report.is_verified(), "{report:?}");
    }
    arena.assert_no_deadlocks("close together", ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_goes_to_one_of_two_who_ask_for_it() {
    const ROUNDS: usize = 60;
    let arena = Arena::new().await;
    let people = ["alice", "bob"];
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 8).await;
        let epoch = open(&stores[0]).await;
        stores[0].insert_activity_events(epoch.id, &[event("wanted").build()]).await.unwrap();
        let wanted: EventId = parsed("wanted");
        let answers = race(&stores, |at, store| {
            let wanted = wanted.clone();
            async move { store.resolve_activity_identity(&wanted, &user(people[at % 2])).await }
        })
        .await;
        let stored = stores[0].get_activity_event(&wanted).await.unwrap().unwrap().event.user_id;
        let winner = usize::from(stored == Some(user("bob")));
        let mut resolved = 0;
        for (at, answer) in answers.into_iter().enumerate() {
            match answer {
                Ok(outcome) => {
                    assert_eq!(at % 2, winner);
                    resolved += outcome.resolved;
                }
                Err(LedgerPortError::IdentityAlreadyResolved { found, .. }) => {
                    assert_eq!((Some(found), at % 2), (stored.clone(), 1 - winner));
                }
                Err(refusal) => panic!("{refusal:?}"),
            }
        }
        assert_eq!(resolved, 1);
    }
    arena.assert_no_deadlocks("two people for one event", ROUNDS).await;
}

const SAME: usize = 500;

/// The same events for everybody, but each begins elsewhere and every other goes backwards; the
/// last of eight lies about 10 of them.
fn the_same_events(at: usize) -> Vec<ledger_core::NewActivityEvent> {
    let mut events: Vec<_> = (0..SAME)
        .map(|number| {
            let lies = at == 7 && number < 10;
            let author = if lies { "liar@example.org" } else { "a@example.org" };
            event(&format!("{number:04}")).by(author).build()
        })
        .collect();
    events.rotate_left(at * 61);
    if at % 2 == 1 {
        events.reverse();
    }
    events
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_same_events_from_8_tasks_are_stored_once_and_counted() {
    const ROUNDS: usize = 25;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 8).await;
        let epoch = open(&stores[0]).await;
        let outcomes = race(&stores, |at, store| {
            let events = the_same_events(at);
            async move { store.insert_activity_events(epoch.id, &events).await.unwrap() }
        })
        .await;
        let sum = |of: fn(&ledger_port::InsertOutcome) -> u64| outcomes.iter().map(of).sum::<u64>();
        let (inserted, all) = (sum(|one| one.inserted), u64::try_from(8 * SAME).unwrap());
        assert_eq!(inserted, u64::try_from(SAME).unwrap());
        assert_eq!(inserted + sum(|one| one.duplicates) + sum(|one| one.conflicts.count), all);
        // Whoever lied first is believed; then the seven others are the ones in conflict.
        let conflicts = sum(|one| one.conflicts.count);
        assert!(conflicts == 10 || conflicts == 70, "{conflicts}");
        assert_eq!(ids_of(&stores[0], epoch.id).await.len(), SAME);
    }
    arena.assert_no_deadlocks("the same events from 8 tasks", ROUNDS).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_and_its_cursor_arrive_together_whoever_brings_them() {
    const ROUNDS: usize = 30;
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 4).await;
        let epoch = open(&stores[0]).await;
        let page = Arc::new(IngestPage {
            epoch_id: epoch.id,
            events: (0..20).map(|number| event(&number.to_string()).build()).collect(),
            cursor_key: cursor_key("main"),
            cursor_value: "20".to_owned(),
        });
        let outcomes = race(&stores, |_, store| {
            let page = Arc::clone(&page);
            async move { store.ingest_page(&page).await.unwrap() }
        })
        .await;
        assert_eq!(outcomes.iter().map(|one| one.inserted).sum::<u64>(), 20);
        assert_eq!(outcomes.iter().map(|one| one.duplicates).sum::<u64>(), 60);
        let cursor = stores[0].get_cursor(&cursor_key("main")).await.unwrap().unwrap();
        assert_eq!(cursor.value, "20");
    }
    arena.assert_no_deadlocks("the same page from 4 tasks", ROUNDS).await;
}
