//! The store, as whoever embeds it calls it.

use std::sync::Arc;

use app_container::{Container, Database, DatabaseConfig};
use clap::Parser as _;
use futures_util::StreamExt as _;
use ledger_bench::data::events;
use ledger_bench::stage::{Order, Work, act};
use ledger_core::{CursorKey, EpochId, NewActivityEvent};
use ledger_port::ActivityLedgerStore;

type Store = Arc<dyn ActivityLedgerStore>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let order = Order::parse();
    let database = Database::open(&DatabaseConfig::Named(order.url.clone())).await.unwrap();
    let container = Container::open(database).await.unwrap();
    let store = container.activity_ledger_store(&"default".parse().unwrap()).await.unwrap();
    let epoch = store.get_open_epoch().await.unwrap().unwrap().id;
    match order.work {
        Work::Ingest => ingest(&store, epoch, &events(order.count, false)).await,
        Work::Pages => pages(&store, epoch, events(order.count, false)).await,
        Work::Single => single(&store, epoch, events(order.count, false)).await,
        Work::Read => act("read", read(&store, epoch)).await,
        Work::Propose => {
            act("propose", async { store.propose_allocations(epoch).await.unwrap().users }).await;
        }
        Work::Small => small(&store, epoch, order.count).await,
    }
}

async fn ingest(store: &Store, epoch: EpochId, events: &[NewActivityEvent]) {
    let insert = || async { store.insert_activity_events(epoch, events).await.unwrap().inserted };
    act("fresh", insert()).await;
    act("again", insert()).await;
}

/// Does one part of the events in each task.
async fn in_tasks(
    store: &Store,
    epoch: EpochId,
    parts: Vec<Vec<NewActivityEvent>>,
    events_a_call: usize,
) -> u64 {
    let tasks: Vec<_> = parts
        .into_iter()
        .map(|part| {
            let store = Arc::clone(store);
            tokio::spawn(async move {
                let mut inserted = 0;
                for call in part.chunks(events_a_call) {
                    let outcome = store.insert_activity_events(epoch, call).await.unwrap();
                    inserted += outcome.inserted;
                }
                inserted
            })
        })
        .collect();
    let mut inserted = 0;
    for task in tasks {
        inserted += task.await.unwrap();
    }
    inserted
}

fn parts(events: Vec<NewActivityEvent>, number: usize) -> Vec<Vec<NewActivityEvent>> {
    let size = events.len().div_ceil(number);
    events.chunks(size).map(<[_]>::to_vec).collect()
}

async fn pages(store: &Store, epoch: EpochId, events: Vec<NewActivityEvent>) {
    let parts = parts(events, 2);
    act("fresh", in_tasks(store, epoch, parts, 5_000)).await;
}

async fn single(store: &Store, epoch: EpochId, events: Vec<NewActivityEvent>) {
    let parts = parts(events, 8);
    act("single", in_tasks(store, epoch, parts, 1)).await;
}

async fn read(store: &Store, epoch: EpochId) -> u64 {
    let mut stream = store.stream_activity_for_epoch(epoch).await.unwrap();
    let mut read = 0;
    while let Some(event) = stream.next().await {
        std::hint::black_box(event.unwrap());
        read += 1;
    }
    read
}

async fn small(store: &Store, epoch: EpochId, count: u64) {
    // The first call prepares.
    store.get_epoch(epoch).await.unwrap();
    act("get-open-epoch", async {
        for _ in 0..count {
            std::hint::black_box(store.get_open_epoch().await.unwrap().unwrap());
        }
        count
    })
    .await;
    act("get-epoch", async {
        for _ in 0..count {
            std::hint::black_box(store.get_epoch(epoch).await.unwrap().unwrap());
        }
        count
    })
    .await;
    let key = CursorKey::new("git".parse().unwrap(), "commits", "example/orchard").unwrap();
    act("upsert-cursor", async {
        for n in 0..count {
            store.upsert_cursor(&key, &format!("page-{n}")).await.unwrap();
        }
        count
    })
    .await;
}
