//! Writes against the close: what was acknowledged counts, and the rest is refused.

use std::sync::Arc;
use std::time::Duration;

use ledger_core::{EpochId, EpochStatus};
use ledger_port::{LedgerPortError, verify_statement};
use ledger_testkit::{credits, decision, event, finalize, pool_component, user};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::arena::{Arena, Store, ids_of, ready};
use crate::sql::wait_until;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_while_another_closes_is_in_the_closed_epoch() {
    const ROUNDS: usize = 40;
    let arena = Arena::new().await;
    let mut cut_off = 0;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 9).await;
        let epoch = ready(&stores[0]).await;
        let (tell, mut told) = unbounded_channel();
        let mut writers = Vec::new();
        for (writer, store) in stores[1..].iter().enumerate() {
            let (store, tell) = (Arc::clone(store), tell.clone());
            writers.push(tokio::spawn(async move {
                write_until_refused(&store, epoch.id, writer, &tell).await
            }));
        }
        // In the middle of it: some were acknowledged, and every writer goes on.
        for _ in 0..=round % 12 {
            told.recv().await.expect("the writers write");
        }
        let closed = stores[0].close_epoch(epoch.id, credits(100)).await.unwrap();
        assert_eq!(closed.status, EpochStatus::Closed);
        // Read before the writers end: what would still slip in is not in it.
        let frozen = ids_of(&stores[0], epoch.id).await;
        let mut acknowledged = vec!["first".to_owned()];
        for writer in writers {
            let of_one = writer.await.unwrap();
            cut_off += usize::from(!of_one.is_empty());
            acknowledged.extend(of_one);
        }
        assert!(acknowledged.len() > 3 * (round % 12 + 1), "{acknowledged:?}");
        acknowledged.sort();
        assert_eq!(frozen, acknowledged);
        assert_eq!(ids_of(&stores[0], epoch.id).await, acknowledged);
        let refused = stores[1].insert_activity_events(epoch.id, &[event("after").build()]).await;
        assert!(matches!(refused, Err(LedgerPortError::EpochClosed { .. })), "{refused:?}");
    }
    arena.assert_no_deadlocks("insert while another closes", ROUNDS).await;
    println!("{cut_off} of {} writers were refused after they had been acknowledged", 8 * ROUNDS);
    assert!(cut_off >= ROUNDS, "each round at least one");
}

/// The ids that the store said it has, until it refused.
async fn write_until_refused(
    store: &Store,
    epoch_id: EpochId,
    writer: usize,
    tell: &UnboundedSender<()>,
) -> Vec<String> {
    let mut acknowledged = Vec::new();
    for number in 0.. {
        let ids: Vec<String> = (0..3).map(|part| format!("{writer}:{number}:{part}")).collect();
        let events: Vec<_> = ids.iter().map(|id| event(id).build()).collect();
        match store.insert_activity_events(epoch_id, &events).await {
            Ok(outcome) => {
                assert_eq!(outcome.inserted, 3);
                acknowledged.extend(ids);
                // Nobody listens any more once the close is under way.
                let _ = tell.send(());
            }
            Err(LedgerPortError::EpochClosed { .. }) => break,
            Err(refusal) => panic!("{refusal:?}"),
        }
    }
    acknowledged
}

/// How long the writer and the closers wait before they begin. Over the rounds one has the start,
/// then the other, and in the middle they are level: both outcomes are seen on any machine.
fn head_starts(round: usize, rounds: usize) -> (Duration, Duration) {
    let step = Duration::from_micros(200);
    let (round, middle) = (u32::try_from(round).unwrap(), u32::try_from(rounds / 2).unwrap());
    (step * round.saturating_sub(middle), step * middle.saturating_sub(round))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_component_is_in_the_total_or_refused() {
    const ROUNDS: usize = 60;
    let arena = Arena::new().await;
    let mut in_time = 0;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 3).await;
        let epoch = ready(&stores[0]).await;
        let (writer, closers) = head_starts(round, ROUNDS);
        let store = Arc::clone(&stores[0]);
        let added = tokio::spawn(async move {
            tokio::time::sleep(writer).await;
            store.insert_pool_component(epoch.id, &pool_component("top_up", 11)).await
        });
        let close = |store: &Store, total| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                tokio::time::sleep(closers).await;
                store.close_epoch(epoch.id, credits(total)).await
            })
        };
        let (without, with) = (close(&stores[1], 100), close(&stores[2], 111));
        let (added, without) = (added.await.unwrap(), without.await.unwrap());
        let with = with.await.unwrap();
        let total = stores[0].get_epoch(epoch.id).await.unwrap().unwrap().pool_total;
        if added.is_ok() {
            in_time += 1;
            // A close that saw no top-up was refused, or came before, and then the top-up was.
            assert!(
                matches!(without, Err(LedgerPortError::PoolTotalMismatch { .. })),
                "{without:?}"
            );
            match with {
                Ok(closed) => {
                    assert_eq!(
                        (closed.pool_total, total),
                        (Some(credits(111)), Some(credits(111)))
                    );
                }
                Err(LedgerPortError::PoolTotalMismatch { .. }) => assert_eq!(total, None),
                Err(refusal) => panic!("{refusal:?}"),
            }
        } else {
            assert!(matches!(added, Err(LedgerPortError::EpochClosed { .. })), "{added:?}");
            assert_eq!(without.unwrap().pool_total, Some(credits(100)));
            assert!(matches!(with, Err(LedgerPortError::PoolTotalMismatch { .. })), "{with:?}");
            assert_eq!(total, Some(credits(100)));
        }
    }
    arena.assert_no_deadlocks("pool component against two closes", ROUNDS).await;
    println!("{in_time} of {ROUNDS} components came in time");
    assert!(in_time > 0 && in_time < ROUNDS, "{in_time} of {ROUNDS}: no race");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_override_is_in_the_statement_or_refused() {
    const ROUNDS: usize = 60;
    let arena = Arena::new().await;
    let mut in_time = 0;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, 2).await;
        let epoch = ready(&stores[0]).await;
        let (writer, closer) = head_starts(round, ROUNDS);
        let (store, closing) = (Arc::clone(&stores[0]), Arc::clone(&stores[1]));
        let decided = tokio::spawn(async move {
            tokio::time::sleep(writer).await;
            let (alice, asked) = (user("alice"), decision(7, "helped"));
            store.update_allocation(epoch.id, &alice, Some(&asked)).await
        });
        let paid = tokio::spawn(async move {
            tokio::time::sleep(closer).await;
            closing.finalize_epoch(&finalize(epoch.id)).await
        });
        let (decided, paid) = (decided.await.unwrap(), paid.await.unwrap());
        let units = paid.unwrap().statement.statement.payouts[0].total_units.get();
        match decided {
            Ok(_) => {
                in_time += 1;
                assert_eq!(units, 7);
            }
            Err(LedgerPortError::EpochClosed { .. }) => assert_eq!(units, 1_000),
            Err(refusal) => panic!("{refusal:?}"),
        }
        assert!(verify_statement(stores[0].as_ref(), epoch.id).await.unwrap().is_verified());
    }
    arena.assert_no_deadlocks("override against close", ROUNDS).await;
    println!("{in_time} of {ROUNDS} overrides came in time");
    assert!(in_time > 0 && in_time < ROUNDS, "{in_time} of {ROUNDS}: no race");
}

/// How many sessions of the test's database wait for a lock.
const WAITING: &str = "SELECT count(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_passes_one_who_waits_to_close() {
    let arena = Arena::new().await;
    let stores = arena.stores(0, 3).await;
    let epoch = ready(&stores[0]).await;
    let (owner, writer) = (arena.owner().await, arena.owner().await);
    writer.run("BEGIN").await;
    writer.run(&format!("SELECT FROM epochs WHERE id = {} FOR SHARE", epoch.id)).await;
    let store = Arc::clone(&stores[0]);
    let close = tokio::spawn(async move { store.close_epoch(epoch.id, credits(100)).await });
    wait_until(&owner, WAITING, "1").await;
    let store = Arc::clone(&stores[1]);
    let insert = tokio::spawn(async move {
        store.insert_activity_events(epoch.id, &[event("late").build()]).await.map(drop)
    });
    wait_until(&owner, WAITING, "2").await;
    let store = Arc::clone(&stores[2]);
    let decide = tokio::spawn(async move {
        let decision = decision(1_000, "late");
        store.update_allocation(epoch.id, &user("alice"), Some(&decision)).await.map(drop)
    });
    wait_until(&owner, WAITING, "3").await;
    writer.run("COMMIT").await;
    assert_eq!(close.await.unwrap().unwrap().status, EpochStatus::Closed);
    for late in [insert, decide] {
        let refused = late.await.unwrap();
        assert!(matches!(refused, Err(LedgerPortError::EpochClosed { .. })), "{refused:?}");
    }
}

#[tokio::test]
async fn one_who_asks_for_another_ledgers_epoch_keeps_nobody_waiting() {
    let arena = Arena::new().await;
    let (ours, theirs) = (arena.stores(0, 1).await, arena.stores(1, 1).await);
    let (_, epoch) = (ready(&ours[0]).await, ready(&theirs[0]).await);
    let owner = arena.owner().await;
    // Now PostgreSQL knows how few epochs there are, and reads them all.
    owner.run("ANALYZE epochs").await;
    // Their long write.
    owner.run("BEGIN").await;
    let key = format!("{} # {}", 0x4550_4F43_0000_0000_i64, epoch.id);
    owner.value(&format!("SELECT pg_advisory_xact_lock_shared({key})::text")).await;
    let missing = ours[0].close_epoch(epoch.id, credits(100)).await;
    assert!(matches!(missing, Err(LedgerPortError::EpochNotFound(_))), "{missing:?}");
    owner.run("COMMIT").await;
}
