//! Writes by their kind: each does what the method of its name does, and refuses the same.

use std::sync::Arc;

use ledger_core::{EpochId, EpochStatus, Sha256Hex};
use ledger_port::{
    ActivityLedgerStore, AllocationNotFoundPortError, EpochNotFoundPortError, InsertOutcome,
    LedgerPortError, Once, ProposalSummary, Write, Written,
};
use ledger_testkit::{
    binding, decision, event, finalize, new_epoch, parsed, pool_component, user, week, weights,
};

use crate::harness::{COMMIT, WEEK, World, all, closed, insert, open, ready, said};

type Store = Arc<dyn ActivityLedgerStore>;

/// Asks under a key of its own, or under none.
async fn write(store: &Store, key: Option<&str>, write: &Write) -> String {
    let once = key.map(|key| Once { key: parsed(key), request_hash: Sha256Hex::of(b"request") });
    let answer = store.write(write, once.as_ref(), &said).await.unwrap();
    assert!(!answer.is_replayed, "{write:?}");
    answer.text
}

/// The whole life of an epoch, each write compared with what the store shows afterwards.
async fn assert_a_life(store: &Store, key: impl Fn(&'static str) -> Option<&'static str>) {
    let new = new_epoch(week(WEEK), weights(&[(COMMIT, 1_000)]));
    let text = write(store, key("create"), &Write::CreateEpoch(new.clone())).await;
    let epoch = store.get_open_epoch().await.unwrap().unwrap();
    assert_eq!((epoch.period, &epoch.weights), (new.period, &new.weights));
    let id = epoch.id;
    assert_eq!(text, said(&Written::Epoch(epoch)));

    let events = ["1", "2", "3"].map(|one| event(one).by("a").build()).to_vec();
    let insert = Write::InsertActivityEvents { epoch_id: id, events };
    let outcome = InsertOutcome { inserted: 3, ..InsertOutcome::default() };
    assert_eq!(write(store, key("insert"), &insert).await, said(&Written::Activity(outcome)));

    let bind = Write::BindIdentities(vec![binding("git", "a", "alice"), binding("git", "b", "b")]);
    let bound = Written::Bound { bound: 2, resolved: 3 };
    assert_eq!(write(store, key("bind"), &bind).await, said(&bound));

    let text = write(store, key("review"), &Write::BeginReview(id)).await;
    let epoch = store.get_epoch(id).await.unwrap().unwrap();
    assert_eq!(epoch.status, EpochStatus::Review);
    assert_eq!(text, said(&Written::Epoch(epoch)));

    let proposed = Written::Proposed(ProposalSummary { users: 1, changed: 1 });
    let text = write(store, key("propose"), &Write::ProposeAllocations(id)).await;
    assert_eq!(text, said(&proposed));

    for (name, decided) in [("decide", Some(decision(7, "agreed"))), ("take-back", None)] {
        let (user_id, decision) = (user("alice"), decided.clone());
        let update = Write::UpdateAllocation { epoch_id: id, user_id, decision };
        let text = write(store, key(name), &update).await;
        let allocation = store.get_allocation(id, &user("alice")).await.unwrap().unwrap();
        assert_eq!(allocation.decision, decided);
        assert_eq!(text, said(&Written::Allocation(allocation)));
    }

    let component = pool_component("base_issuance", 100);
    let fund = Write::InsertPoolComponent { epoch_id: id, component };
    let text = write(store, key("fund"), &fund).await;
    let parts = all(|page| store.get_pool_components_for_epoch(id, page)).await;
    assert_eq!(text, said(&Written::PoolComponent(parts[0].clone())));

    let seen = store.preview_finalize_epoch(&finalize(id)).await.unwrap();
    let text = write(store, key("finalize"), &Write::FinalizeEpoch(finalize(id))).await;
    assert_eq!(text, said(&Written::Finalized(seen.clone())));
    assert_eq!(store.get_epoch(id).await.unwrap(), Some(seen.epoch));
    assert_eq!(store.get_statement_for_epoch(id).await.unwrap(), Some(seen.statement));
}

pub(crate) async fn each_write_does_what_the_method_of_its_name_does(world: &World) {
    assert_a_life(&world.store, |_| None).await;
}

pub(crate) async fn each_write_does_the_same_under_a_key(world: &World) {
    assert_a_life(&world.store, Some).await;
}

pub(crate) async fn a_write_that_changes_nothing_is_answered_like_the_method(world: &World) {
    let store = &world.store;
    let id = ready(store, WEEK).await.id;
    let proposed = Written::Proposed(ProposalSummary { users: 2, changed: 0 });
    let text = write(store, Some("propose"), &Write::ProposeAllocations(id)).await;
    assert_eq!(text, said(&proposed));
    let events = vec![event(&format!("{id}:bob:0")).of_user("bob").build()];
    let insert = Write::InsertActivityEvents { epoch_id: id, events };
    let known = InsertOutcome { duplicates: 1, ..InsertOutcome::default() };
    assert_eq!(write(store, Some("known"), &insert).await, said(&Written::Activity(known)));
    let nothing = Write::InsertActivityEvents { epoch_id: id, events: Vec::new() };
    let none = Written::Activity(InsertOutcome::default());
    assert_eq!(write(store, Some("nothing"), &nothing).await, said(&none));
    let nobody = Written::Bound { bound: 0, resolved: 0 };
    let text = write(store, Some("nobody"), &Write::BindIdentities(Vec::new())).await;
    assert_eq!(text, said(&nobody));
}

pub(crate) async fn events_that_come_in_are_given_to_who_is_bound(world: &World) {
    let store = &world.store;
    let id = open(store, WEEK).await.id;
    // Waits, though its platform user is bound: nobody gave it out.
    insert(store, id, [event("waits").by("a"), event("other").by("a")]).await;
    store.bind_identities(&[binding("git", "a", "alice")]).await.unwrap();
    let events = vec![
        event("waits").by("a").build(),
        event("new").by("a").build(),
        event("new").by("a").build(),
        event("nobody's").by("b").build(),
        event("bob's").by("a").of_user("bob").build(),
    ];
    let insert = Write::InsertActivityEvents { epoch_id: id, events };
    let outcome = InsertOutcome { inserted: 3, duplicates: 2, ..InsertOutcome::default() };
    assert_eq!(write(store, None, &insert).await, said(&Written::Activity(outcome)));
    let mut owners = Vec::new();
    for id in ["waits", "new", "nobody's", "bob's", "other"] {
        let event = store.get_activity_event(&parsed(id)).await.unwrap().unwrap();
        owners.push(event.event.user_id.map(|user| user.to_string()));
    }
    // What was not in the call is left to those who give out all of an epoch.
    let expected = [Some("alice"), Some("alice"), None, Some("bob"), None];
    assert_eq!(owners, expected.map(|user| user.map(str::to_owned)));
}

/// Expects a refusal with and without a key, and that the key is free afterwards.
macro_rules! assert_not_written {
    ($world:expr, $write:expr, $($expected:tt)+) => {{
        let once = Once { key: parsed("refused"), request_hash: Sha256Hex::of(b"request") };
        let write = $write;
        assert_refused!($world, $world.store.write(&write, None, &said), $($expected)+);
        assert_refused!($world, $world.store.write(&write, Some(&once), &said), $($expected)+);
        assert_eq!($world.store.find_answer(&once).await.unwrap(), None);
    }};
}

pub(crate) async fn each_write_refuses_what_the_method_refuses(world: &World) {
    let store = &world.store;
    let paid = closed(store, WEEK).await.id;
    let id = open(store, "2026-W48").await.id;
    store.bind_identities(&[binding("git", "a", "alice")]).await.unwrap();
    let next = new_epoch(week("2026-W49"), weights(&[]));
    assert_not_written!(
        world,
        Write::CreateEpoch(next),
        LedgerPortError::EpochAlreadyOpen { open_epoch } if *open_epoch == id
    );
    assert_not_written!(
        world,
        Write::BeginReview(paid),
        LedgerPortError::EpochClosed { epoch_id } if *epoch_id == paid
    );
    assert_not_written!(
        world,
        Write::FinalizeEpoch(finalize(id)),
        LedgerPortError::PoolRequiresBase { epoch_id } if *epoch_id == id
    );
    let fine = event("fine").build();
    let wrong = event("wrong").produced_by("", "1").build();
    assert_not_written!(
        world,
        Write::InsertActivityEvents { epoch_id: id, events: vec![fine, wrong] },
        LedgerPortError::InvalidEvent { index: 1, event_id, .. } if event_id.as_str() == "wrong"
    );
    let after = event("after").at("2027-01-01T00:00:00Z").build();
    assert_not_written!(
        world,
        Write::InsertActivityEvents { epoch_id: id, events: vec![after] },
        LedgerPortError::EventAfterEpoch { index: 0, .. }
    );
    assert_not_written!(
        world,
        Write::BindIdentities(vec![binding("git", "z", "zoe"), binding("git", "a", "bob")]),
        LedgerPortError::IdentityAlreadyBound { found, asked, .. }
            if *found == user("alice") && *asked == user("bob")
    );
    assert_not_written!(
        world,
        Write::ProposeAllocations(paid),
        LedgerPortError::EpochClosed { epoch_id } if *epoch_id == paid
    );
    assert_not_written!(
        world,
        Write::UpdateAllocation { epoch_id: id, user_id: user("bob"), decision: None },
        LedgerPortError::AllocationNotFound(AllocationNotFoundPortError { epoch_id, user_id })
            if *epoch_id == id && *user_id == user("bob")
    );
    let component = pool_component("top_up", 1);
    assert_not_written!(
        world,
        Write::InsertPoolComponent { epoch_id: paid, component },
        LedgerPortError::EpochClosed { epoch_id } if *epoch_id == paid
    );
}

pub(crate) async fn no_write_finds_an_epoch_that_is_not_there(world: &World) {
    let ours = ready(&world.store, WEEK).await.id;
    let theirs = ready(&world.other, WEEK).await.id;
    for id in [theirs, EpochId(ours.0 + 2)] {
        for write in [
            Write::BeginReview(id),
            Write::FinalizeEpoch(finalize(id)),
            Write::InsertActivityEvents { epoch_id: id, events: vec![event("new").build()] },
            Write::ProposeAllocations(id),
            Write::UpdateAllocation { epoch_id: id, user_id: user("alice"), decision: None },
            Write::InsertPoolComponent { epoch_id: id, component: pool_component("top_up", 1) },
        ] {
            assert_not_written!(
                world,
                write,
                LedgerPortError::EpochNotFound(EpochNotFoundPortError { epoch_id })
                    if *epoch_id == id
            );
        }
    }
}

pub(crate) async fn who_is_bound_gets_what_waits_in_every_epoch_that_is_not_closed(world: &World) {
    let store = &world.store;
    let mut ids = Vec::new();
    for (number, name) in (1_u32..).zip([WEEK, "2026-W48", "2026-W49"]) {
        let epoch = open(store, name).await;
        let by = |who: &str, at| event(&format!("{name} {who} {at}")).by(who);
        let waiting = (0..number).map(|at| by("a", at)).chain([by("c", 0)]);
        insert(store, epoch.id, waiting).await;
        store.begin_review(epoch.id).await.unwrap();
        ids.push(epoch.id);
    }
    let component = pool_component("base_issuance", 100);
    store.insert_pool_component(ids[0], &component).await.unwrap();
    store.finalize_epoch(&finalize(ids[0])).await.unwrap();
    let now = open(store, "2026-W50").await;
    insert(store, now.id, [event("b").by("b"), event("of zoe").by("a").of_user("zoe")]).await;
    // Another ledger's events are not given away, whoever did them there.
    let theirs = open(&world.other, WEEK).await;
    insert(&world.other, theirs.id, [event("theirs").by("a")]).await;

    let bindings = vec![binding("git", "a", "alice"), binding("git", "b", "bob")];
    let bind = Write::BindIdentities(bindings);
    let expected = Written::Bound { bound: 2, resolved: 6 };
    assert_eq!(write(store, Some("bind"), &bind).await, said(&expected));
    let mut waiting = Vec::new();
    for id in [ids[0], ids[1], ids[2], now.id] {
        let left = all(|page| store.get_unresolved_activity(id, page)).await;
        waiting.push(left.len());
    }
    assert_eq!(waiting, [2, 1, 1, 0]);
    let theirs = all(|page| world.other.get_unresolved_activity(theirs.id, page)).await;
    assert_eq!(theirs.len(), 1);
    // Under another key it is done again, and there is nothing left to do.
    let nothing = Written::Bound { bound: 0, resolved: 0 };
    assert_eq!(write(store, Some("again"), &bind).await, said(&nothing));
    assert_eq!(write(store, None, &bind).await, said(&nothing));
}

/// A binding that is refused leaves those before it in the call unbound, and their events waiting.
pub(crate) async fn a_refused_binding_gives_nobody_anything(world: &World) {
    let store = &world.store;
    let epoch = open(store, WEEK).await;
    insert(store, epoch.id, [event("1").by("a")]).await;
    store.bind_identities(&[binding("git", "b", "bob")]).await.unwrap();
    let call = vec![binding("git", "a", "alice"), binding("git", "b", "carol")];
    assert_not_written!(
        world,
        Write::BindIdentities(call),
        LedgerPortError::IdentityAlreadyBound { asked, .. } if *asked == user("carol")
    );
}
