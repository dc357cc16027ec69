//! A large epoch in a database that PostgreSQL has no statistics of yet: the newcomer's first
//! collection of an old repository. The planner believes that next to no row matches, so a statement
//! whose plan hangs on statistics takes the square of the time here, and the server's statement
//! timeout ends it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_adapter_server::{Server, ServerPool};
use ledger_core::{MAX_WEIGHTS, NewActivityEvent, WeightTable};
use ledger_port::{
    ActivityStore as _, AllocationStore as _, EpochStore as _, IdentityBinding, IdentityResolution,
    IdentityStore as _, IntentionStore as _, PageRequest, PoolStore as _, SystemClock, Write,
    WriteStore as _, verify_statement,
};
use ledger_repository::Role as _;
use ledger_testkit::{
    binding, event, finalize, new_epoch, pool_component, resolution, week, weights,
};
use store_testkit::TestDatabase;

const EVENTS: usize = 60_000;
const PEOPLE: usize = 1_000;

fn events() -> Vec<NewActivityEvent> {
    (0..EVENTS)
        .map(|n| {
            let author = format!("dev{:03}@example.org", n % PEOPLE);
            event(&format!("git:commit:example/large:{n:06}")).by(&author).build()
        })
        .collect()
}

/// Every second event, given out one by one.
fn resolutions() -> Vec<IdentityResolution> {
    (0..EVENTS)
        .step_by(2)
        .map(|n| {
            resolution(
                &format!("git:commit:example/large:{n:06}"),
                &format!("dev{:03}", n % PEOPLE),
            )
        })
        .collect()
}

fn bindings() -> Vec<IdentityBinding> {
    (0..PEOPLE)
        .map(|n| binding("git", &format!("dev{n:03}@example.org"), &format!("dev{n:03}")))
        .collect()
}

/// Runs one step, and says how long it took: a statement that is slow but not yet over the timeout
/// is seen in the output.
async fn timed<T>(name: &str, step: impl Future<Output = T>) -> T {
    timed_within(Duration::from_secs(30), name, step).await
}

async fn timed_within<T>(limit: Duration, name: &str, step: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let answer = step.await;
    let took = began.elapsed();
    println!("{name}: {} ms", took.as_millis());
    assert!(took < limit, "{name} took {took:?}");
    answer
}

/// As many weights as there may be: an event that is compared with each of them takes too long.
fn all_weights() -> WeightTable {
    let others = (1..MAX_WEIGHTS).map(|n| (format!("git:kind_{n}"), 1));
    let all: Vec<(String, i64)> =
        others.chain([("git:commit_authored".to_owned(), 1_000)]).collect();
    weights(&all.iter().map(|(kind, weight)| (kind.as_str(), *weight)).collect::<Vec<_>>())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_epoch_is_paid_before_postgresql_has_statistics() {
    let database = TestDatabase::new().await;
    // Autovacuum would collect them in the middle, on some runs.
    let owner = crate::sql::Sql::owner(&database).await;
    for table in ["activity_events", "identity_bindings", "users", "epoch_allocations"] {
        owner.run(&format!("ALTER TABLE {table} SET (autovacuum_enabled = false)")).await;
    }
    let pool: ServerPool = database.pool().await;
    assert_eq!(Server::LIMITS.statement_timeout, Duration::from_secs(30));
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    let epoch = new_epoch(week("2026-W47"), all_weights());
    let epoch = store.create_epoch(&epoch).await.unwrap();
    let (events, resolutions) = (events(), resolutions());

    let fresh = timed("insert", store.insert_activity_events(epoch.id, &events)).await.unwrap();
    assert_eq!((fresh.inserted, fresh.duplicates), (60_000, 0));
    let again = timed("again", store.insert_activity_events(epoch.id, &events)).await.unwrap();
    assert_eq!((again.inserted, again.duplicates), (0, 60_000));
    let given = timed("resolve", store.resolve_activity_identities(&resolutions)).await.unwrap();
    assert_eq!(given.resolved, 30_000);
    let bound = timed("bind", store.bind_identities(&bindings())).await.unwrap();
    assert_eq!(bound, 1_000);
    let given = timed("by bindings", store.resolve_activity_by_bindings(epoch.id)).await.unwrap();
    assert_eq!(given, 30_000);
    // What comes by the API is given away in its own transaction, also among many that nobody is bound to.
    let unbound: Vec<_> = (0..EVENTS).map(|n| event(&format!("git:x:{n:06}")).build()).collect();
    timed("more", store.insert_activity_events(epoch.id, &unbound)).await.unwrap();
    let late = (0..5_000).map(|n| event(&format!("git:y:{n:06}")).by("dev001@example.org").build());
    let write = Write::InsertActivityEvents { epoch_id: epoch.id, events: late.collect() };
    let limit = Duration::from_secs(10);
    let answer = timed_within(limit, "write", store.write(&write, None, &|_| String::new())).await;
    answer.unwrap();
    let limit = Duration::from_secs(4);
    let proposing = store.propose_allocations(epoch.id);
    let proposed = timed_within(limit, "propose", proposing).await.unwrap();
    assert_eq!(proposed.users, 1_000);
    let own = PageRequest::first().of_at_most(2);
    let own = store.get_allocations_for_epoch(epoch.id, own).await.unwrap();
    assert_eq!(own.items[1].activity_count, 60 + 5_000);
    let base = pool_component("base_issuance", 1_000_000);
    store.insert_pool_component(epoch.id, &base).await.unwrap();
    let paid = timed("finalize", store.finalize_epoch(&finalize(epoch.id))).await.unwrap();
    assert_eq!(paid.statement.statement.payouts.len(), 1_000);
    let report = timed("verify", verify_statement(&store, epoch.id)).await.unwrap();
    assert!(report.is_verified(), "{report:?}");
}
