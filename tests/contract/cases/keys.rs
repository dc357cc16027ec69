//! Writes under a key: done once, and answered in the same bytes however often they are asked for.

use std::sync::Arc;
use std::time::Duration;

use ledger_core::{EpochId, Sha256Hex};
use ledger_port::{
    ActivityLedgerStore, Answer, EpochNotFoundPortError, KEYS_ARE_KEPT, LedgerPortError, Once,
    Write, Written,
};
use ledger_testkit::{
    binding, decision, event, finalize, new_epoch, parsed, pool_component, user, week, weights,
};

use crate::harness::{COMMIT, WEEK, World, dump, fund, insert, open, said};

type Store = Arc<dyn ActivityLedgerStore>;

fn once(key: &str, request: &str) -> Once {
    Once { key: parsed(key), request_hash: Sha256Hex::of(request.as_bytes()) }
}

fn answer(text: &str, is_replayed: bool) -> Answer {
    Answer { text: text.to_owned(), is_replayed }
}

/// Adds a part to the budget; the answer is this text, whatever was written.
async fn top_up(store: &Store, id: EpochId, once: &Once, text: &str) -> Answer {
    let component = pool_component("top_up", 1);
    let write = Write::InsertPoolComponent { epoch_id: id, component };
    store.write(&write, Some(once), &|_: &Written| text.to_owned()).await.unwrap()
}

/// Writes of every kind, each under a key of its own, up to a closed epoch.
async fn a_life(store: &Store) -> Vec<(Write, Once, Answer)> {
    let new = new_epoch(week(WEEK), weights(&[(COMMIT, 1_000)]));
    let create = Write::CreateEpoch(new);
    let mut done = vec![ask(store, "create", create).await];
    let id = store.get_open_epoch().await.unwrap().unwrap().id;
    let events = ["1", "2"].map(|one| event(one).by("a").build()).to_vec();
    for (key, write) in [
        ("insert", Write::InsertActivityEvents { epoch_id: id, events }),
        ("bind", Write::BindIdentities(vec![binding("git", "a", "alice")])),
        ("propose", Write::ProposeAllocations(id)),
        ("review", Write::BeginReview(id)),
        (
            "decide",
            Write::UpdateAllocation {
                epoch_id: id,
                user_id: user("alice"),
                decision: Some(decision(7, "agreed")),
            },
        ),
        (
            "fund",
            Write::InsertPoolComponent {
                epoch_id: id,
                component: pool_component("base_issuance", 100),
            },
        ),
        ("finalize", Write::FinalizeEpoch(finalize(id))),
    ] {
        done.push(ask(store, key, write).await);
    }
    done
}

async fn ask(store: &Store, key: &str, write: Write) -> (Write, Once, Answer) {
    let once = once(key, key);
    let answer = store.write(&write, Some(&once), &said).await.unwrap();
    assert!(!answer.is_replayed, "{key}");
    (write, once, answer)
}

pub(crate) async fn the_same_request_is_answered_the_same_whatever_happened_since(world: &World) {
    let store = &world.store;
    let done = a_life(store).await;
    assert_eq!(done.len(), 8);
    open(store, "2026-W48").await;
    world.clock.advance(KEYS_ARE_KEPT);
    let before = dump(world).await;
    for (write, once, first) in &done {
        let expected = Answer { is_replayed: true, ..first.clone() };
        let again = store.write(write, Some(once), &said).await.unwrap();
        assert_eq!(again, expected);
        // What was answered is not made again, and the write is not looked at.
        let otherwise = |_: &Written| "something else".to_owned();
        let wrong = event("wrong").produced_by("", "1").build();
        let unknown = EpochId(i64::MAX);
        let wrong = Write::InsertActivityEvents { epoch_id: unknown, events: vec![wrong] };
        for write in [write, &wrong] {
            let again = store.write(write, Some(once), &otherwise).await.unwrap();
            assert_eq!(again, expected);
        }
        assert_eq!(store.find_answer(once).await.unwrap(), Some(expected));
    }
    assert_eq!(dump(world).await, before);
}

pub(crate) async fn a_key_that_was_never_used_has_no_answer(world: &World) {
    let id = open(&world.store, WEEK).await.id;
    top_up(&world.store, id, &once("key", "a"), "done").await;
    for other in ["KEY", "key-", "ke"] {
        assert_eq!(world.store.find_answer(&once(other, "a")).await.unwrap(), None);
    }
}

pub(crate) async fn a_key_of_another_request_is_refused(world: &World) {
    let store = &world.store;
    let id = open(store, WEEK).await.id;
    top_up(store, id, &once("key", "a"), "done").await;
    let other = once("key", "b");
    assert_refused!(
        world,
        store.find_answer(&other),
        LedgerPortError::IdempotencyKeyReused { key } if key.as_str() == "key"
    );
    // Whether the same write, another, or one that would be refused itself.
    let component = pool_component("top_up", 1);
    let wrong = event("wrong").produced_by("", "1").build();
    for write in [
        Write::InsertPoolComponent { epoch_id: id, component },
        Write::BeginReview(id),
        Write::FinalizeEpoch(finalize(id)),
        Write::BeginReview(EpochId(i64::MAX)),
        Write::InsertActivityEvents { epoch_id: id, events: vec![wrong] },
    ] {
        let refusal = assert_refused!(
            world,
            store.write(&write, Some(&other), &said),
            LedgerPortError::IdempotencyKeyReused { key } if key.as_str() == "key"
        );
        assert_eq!(
            refusal.to_string(),
            "the idempotency key key was used for another request; take a new one"
        );
    }
    let first = store.find_answer(&once("key", "a")).await.unwrap();
    assert_eq!(first, Some(answer("done", true)));
}

pub(crate) async fn a_refused_write_keeps_no_key(world: &World) {
    let store = &world.store;
    let id = open(store, WEEK).await.id;
    let (key, finalize) = (once("pay", "pay"), Write::FinalizeEpoch(finalize(id)));
    for _ in 0..2 {
        assert_refused!(
            world,
            store.write(&finalize, Some(&key), &said),
            LedgerPortError::PoolRequiresBase { epoch_id } if *epoch_id == id
        );
        assert_eq!(store.find_answer(&key).await.unwrap(), None);
    }
    // Who mended the cause asks again; even another request may have the key.
    fund(store, id, 100).await;
    let other = once("pay", "another request");
    let paid = store.write(&finalize, Some(&other), &said).await.unwrap();
    assert!(!paid.is_replayed);
    assert_refused!(
        world,
        store.write(&finalize, Some(&key), &said),
        LedgerPortError::IdempotencyKeyReused { .. }
    );
}

pub(crate) async fn without_a_key_a_write_is_done_each_time(world: &World) {
    let store = &world.store;
    let id = open(store, WEEK).await.id;
    let insert = Write::InsertActivityEvents { epoch_id: id, events: vec![event("1").build()] };
    let mut texts = Vec::new();
    for _ in 0..2 {
        let answer = store.write(&insert, None, &said).await.unwrap();
        assert!(!answer.is_replayed);
        texts.push(answer.text);
    }
    assert_ne!(texts[0], texts[1], "the second time it is a duplicate");
    let create = Write::CreateEpoch(new_epoch(week("2026-W48"), weights(&[])));
    assert_refused!(
        world,
        store.write(&create, None, &said),
        LedgerPortError::EpochAlreadyOpen { open_epoch } if *open_epoch == id
    );
}

pub(crate) async fn keys_of_two_ledgers_are_apart(world: &World) {
    let ours = open(&world.store, WEEK).await.id;
    let theirs = open(&world.other, WEEK).await.id;
    let key = once("key", "a");
    assert_eq!(top_up(&world.other, theirs, &key, "theirs").await, answer("theirs", false));
    assert_eq!(world.store.find_answer(&key).await.unwrap(), None);
    assert_eq!(world.store.find_answer(&once("key", "b")).await.unwrap(), None);
    let other = once("key", "b");
    assert_eq!(top_up(&world.store, ours, &other, "ours").await, answer("ours", false));
    assert_eq!(top_up(&world.store, ours, &other, "").await, answer("ours", true));
    assert_eq!(top_up(&world.other, theirs, &key, "").await, answer("theirs", true));
}

pub(crate) async fn an_answer_is_kept_to_the_byte(world: &World) {
    let id = open(&world.store, WEEK).await.id;
    let long = "é\n".repeat(1_000_000);
    let texts = ["", " ", "{\"a\": 1.0,\r\n\t\"a\": \"\\u0000\"}\n", "e\u{301} 🦀 \u{1}", &long];
    for (number, text) in texts.into_iter().enumerate() {
        let key = once(&format!("{number}"), "a");
        assert_eq!(top_up(&world.store, id, &key, text).await, answer(text, false));
        assert_eq!(top_up(&world.store, id, &key, "other").await, answer(text, true));
    }
}

pub(crate) async fn every_character_of_a_key_and_the_longest_key_count(world: &World) {
    let id = open(&world.store, WEEK).await.id;
    let visible: String = ('!'..='~').collect();
    let (longest, other) = ("k".repeat(255), format!("{}l", "k".repeat(254)));
    for key in [visible.as_str(), &longest, &other, "a", "A", "%", "_", "'", "\\"] {
        assert_eq!(top_up(&world.store, id, &once(key, "a"), key).await, answer(key, false));
    }
    for key in [visible.as_str(), &longest, &other, "a", "A", "%", "_", "'", "\\"] {
        assert_eq!(top_up(&world.store, id, &once(key, "a"), "").await, answer(key, true));
    }
}

pub(crate) async fn a_key_is_kept_for_a_week_and_then_forgotten(world: &World) {
    let (store, id) = (&world.store, open(&world.store, WEEK).await.id);
    let theirs = open(&world.other, WEEK).await.id;
    let old = once("old", "a");
    top_up(store, id, &old, "done").await;
    top_up(&world.other, theirs, &old, "theirs").await;
    world.clock.advance(KEYS_ARE_KEPT);
    top_up(store, id, &once("a-week-later", "a"), "").await;
    assert_eq!(top_up(store, id, &old, "").await, answer("done", true));
    world.clock.advance(Duration::from_micros(1));
    // It is forgotten when another comes, and not when it is asked for.
    assert_eq!(top_up(store, id, &old, "").await, answer("done", true));
    top_up(store, id, &once("later", "a"), "").await;
    assert_eq!(store.find_answer(&old).await.unwrap(), None);
    assert_eq!(top_up(store, id, &once("old", "b"), "again").await, answer("again", false));
    assert_eq!(top_up(&world.other, theirs, &old, "").await, answer("theirs", true));
}

pub(crate) async fn two_requests_under_one_key_at_once_are_one_write(world: &World) {
    let store = &world.store;
    for (key, name) in [("1", WEEK), ("2", "2026-W48"), ("3", "2026-W49")] {
        let create = Write::CreateEpoch(new_epoch(week(name), weights(&[])));
        let key = once(key, name);
        let ask = || store.write(&create, Some(&key), &said);
        let (one, other) = tokio::join!(ask(), ask());
        let (one, other) = (one.unwrap(), other.unwrap());
        assert_eq!(one.text, other.text);
        assert_ne!(one.is_replayed, other.is_replayed, "one of them did it");
        let epoch = store.get_open_epoch().await.unwrap().unwrap();
        assert_eq!(one.text, said(&Written::Epoch(epoch.clone())));
        store.begin_review(epoch.id).await.unwrap();
    }
    assert_eq!(store.list_epochs(Default::default()).await.unwrap().items.len(), 3);
}

pub(crate) async fn of_two_requests_under_one_key_at_once_one_is_refused(world: &World) {
    let store = &world.store;
    let id = open(store, WEEK).await.id;
    insert(store, id, [event("1").of_user("alice")]).await;
    let write = Write::ProposeAllocations(id);
    for key in ["1", "2", "3"] {
        let (a, b) = (once(key, "a"), once(key, "b"));
        let answers = tokio::join!(
            store.write(&write, Some(&a), &said),
            store.write(&write, Some(&b), &said)
        );
        let ((Ok(done), Err(refusal)) | (Err(refusal), Ok(done))) = answers else {
            panic!("{answers:?}")
        };
        assert!(!done.is_replayed);
        assert!(
            matches!(&refusal, LedgerPortError::IdempotencyKeyReused { key: told } if told.as_str() == key),
            "{refusal:?}"
        );
    }
}

/// Neither waits for the other's answer, which never comes.
pub(crate) async fn two_refused_requests_at_once_leave_the_key_free(world: &World) {
    let store = &world.store;
    let (key, write) = (once("key", "a"), Write::ProposeAllocations(EpochId(i64::MAX)));
    let ask = || store.write(&write, Some(&key), &said);
    let (one, other) = tokio::join!(ask(), ask());
    for refused in [one, other] {
        assert!(
            matches!(
                &refused,
                Err(LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id }))
                    if *epoch_id == EpochId(i64::MAX)
            ),
            "{refused:?}"
        );
    }
    assert_eq!(store.find_answer(&key).await.unwrap(), None);
}
