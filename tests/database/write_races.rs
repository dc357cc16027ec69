//! Many who ask for the same write under one key at once, and many who forget old keys at once.

use ledger_core::Sha256Hex;
use ledger_port::{Answer, Once, PortResult, Write, Written};
use ledger_testkit::{binding, event, pool_component};

use crate::arena::{Arena, Store, open, race};

const ROUNDS: usize = 12;
const CALLERS: usize = 8;
const KEYS: [&str; CALLERS] = ["a", "b", "c", "d", "e", "f", "g", "h"];

fn once(key: &str) -> Once {
    Once { key: key.parse().unwrap(), request_hash: Sha256Hex::of(b"request") }
}

fn said(written: &Written) -> String {
    format!("{written:?}")
}

/// Everybody the same answer, and one of them did it.
fn assert_done_once(answers: Vec<PortResult<Answer>>) {
    let answers: Vec<Answer> = answers.into_iter().map(Result::unwrap).collect();
    let done = answers.iter().filter(|answer| !answer.is_replayed).count();
    assert_eq!(done, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.text == answers[0].text), "{answers:?}");
}

async fn ask(store: Store, key: &'static str, write: Write) -> PortResult<Answer> {
    store.write(&write, Some(&once(key)), &said).await
}

#[tokio::test(flavor = "multi_thread")]
async fn many_requests_under_one_key_are_one_write() {
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, CALLERS).await;
        let epoch_id = open(&stores[0]).await.id;
        let events = ["1", "2", "3"].map(|one| event(one).by("a").build()).to_vec();
        for (key, write) in [
            ("insert", Write::InsertActivityEvents { epoch_id, events }),
            ("bind", Write::BindIdentities(vec![binding("git", "a", "alice")])),
            ("propose", Write::ProposeAllocations(epoch_id)),
            (
                "fund",
                Write::InsertPoolComponent {
                    epoch_id,
                    component: pool_component("base_issuance", 100),
                },
            ),
            ("review", Write::BeginReview(epoch_id)),
        ] {
            assert_done_once(race(&stores, |_, store| ask(store, key, write.clone())).await);
        }
    }
    arena.assert_no_deadlocks("writes under one key", ROUNDS).await;
}

/// Each binds the same people under a key of its own, in another order.
#[tokio::test(flavor = "multi_thread")]
async fn many_who_bind_the_same_people_bind_and_resolve_once() {
    let arena = Arena::new().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, CALLERS).await;
        let epoch_id = open(&stores[0]).await.id;
        let events: Vec<_> = KEYS.iter().map(|id| event(id).by(id).build()).collect();
        stores[0].insert_activity_events(epoch_id, &events).await.unwrap();
        let bind = |at: usize| {
            let mut people = KEYS.map(|id| binding("git", id, &format!("user-{id}")));
            people.rotate_left(at);
            Write::BindIdentities(people.to_vec())
        };
        let answers = race(&stores, |at, store| ask(store, KEYS[at], bind(at))).await;
        let texts: Vec<String> = answers.into_iter().map(|done| done.unwrap().text).collect();
        let everybody = said(&Written::Bound { bound: 8, resolved: 8 });
        let nobody = said(&Written::Bound { bound: 0, resolved: 0 });
        assert_eq!(texts.iter().filter(|text| **text == everybody).count(), 1, "{texts:?}");
        assert_eq!(texts.iter().filter(|text| **text == nobody).count(), CALLERS - 1, "{texts:?}");
    }
    arena.assert_no_deadlocks("bindings under keys", ROUNDS).await;
}

/// Whoever forgets old keys keeps nobody waiting, and a young key stays.
#[tokio::test(flavor = "multi_thread")]
async fn many_writes_forget_old_keys_and_no_others() {
    let arena = Arena::new().await;
    let owner = arena.owner().await;
    for round in 0..ROUNDS {
        let stores = arena.stores(round, CALLERS).await;
        let epoch_id = open(&stores[0]).await.id;
        let seed = format!(
            "INSERT INTO idempotency_keys
             SELECT ledger_id, age || '-days-' || n, repeat('0', 64), '', now() - age * interval '1 day'
             FROM ledgers, unnest(ARRAY[6, 8]) AS age, generate_series(1, 40) AS n
             WHERE name = 'round-{round}'"
        );
        assert_eq!(owner.run(&seed).await, 80);
        let ask = |at: usize, store| ask(store, KEYS[at], Write::BeginReview(epoch_id));
        for answer in race(&stores, ask).await {
            assert!(!answer.unwrap().is_replayed);
        }
        let left = |age: u8| {
            format!(
                "SELECT count(*) FROM idempotency_keys k JOIN ledgers l ON l.ledger_id = k.ledger_id
                 WHERE l.name = 'round-{round}' AND key LIKE '{age}-days-%'"
            )
        };
        assert_eq!(owner.value(&left(6)).await, "40");
        let old: u32 = owner.value(&left(8)).await.parse().unwrap();
        assert!(old <= 30, "at least one of them forgot ten, and {old} are left");
    }
    arena.assert_no_deadlocks("forgetting keys", ROUNDS).await;
}
