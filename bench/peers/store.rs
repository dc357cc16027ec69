//! The store, as whoever embeds it calls it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use app_container::{Container, Database, DatabaseConfig};
use clap::Parser as _;
use futures_util::future::{Either, select};
use futures_util::{StreamExt as _, pin_mut};
use ledger_bench::data::{CALLERS, PEOPLE, events, events_of_callers, parts, units, week};
use ledger_bench::stage::{Measure, Order, Work, act, grow, tell};
use ledger_core::{
    Credits, CursorKey, EpochId, NewActivityEvent, NewEpoch, StatementId, WeightTable,
    allocation_set_hash, payouts,
};
use ledger_port::{ActivityLedgerStore, FinalizeEpoch, PageRequest};
use uuid::Uuid;

type Store = Arc<dyn ActivityLedgerStore>;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let order = Order::parse();
    if order.work == Work::Payouts {
        return pay(order.count).await;
    }
    let database = Database::open(&DatabaseConfig::Named(order.url.clone())).await.unwrap();
    let container = Container::open(database).await.unwrap();
    let store = container.activity_ledger_store(&"default".parse().unwrap()).await.unwrap();
    let newest = store.list_epochs(PageRequest::first().of_at_most(1)).await.unwrap();
    let epoch = newest.items[0].id;
    match order.work {
        Work::Ingest => ingest(&store, epoch, &waiting(order.count)).await,
        Work::Pages => pages(&store, epoch, waiting(order.count)).await,
        Work::Single => single(&store, epoch, order.count).await,
        Work::Walk => walk(&store, epoch).await,
        Work::Resolve => {
            let resolve = async { store.resolve_activity_by_bindings(epoch).await.unwrap() };
            act("resolve", resolve).await;
        }
        Work::Finalize => act("finalize", finalize(&store, epoch)).await,
        Work::FinalizeBeside => {
            let name = "other".parse().unwrap();
            let other = container.ledger_registry().create_ledger(&name).await.unwrap();
            finalize_beside(&store, epoch, &container.store_of(&other)).await;
        }
        Work::Grow | Work::GrowByHashes => {
            let insert = async |events: Vec<NewActivityEvent>| {
                store.insert_activity_events(epoch, &events).await.unwrap().inserted
            };
            grow(&order, insert).await;
        }
        Work::Payouts => unreachable!("asked for before there is a database"),
        Work::ResolveOneByOne => unreachable!("the store resolves many at a time"),
        Work::Read => act("read", read(&store, epoch)).await,
        Work::Propose => {
            act("propose", async { store.propose_allocations(epoch).await.unwrap().users }).await;
        }
        Work::Small => small(&store, epoch, order.count).await,
    }
}

fn waiting(count: u64) -> Vec<NewActivityEvent> {
    events(count, PEOPLE, false)
}

/// Page by page to the end. The first tenth of the pages and the last are told apart.
async fn walk(store: &Store, epoch: EpochId) {
    let mut pages = Vec::new();
    act("walk", async {
        let mut request = PageRequest::first().of_at_most(1_000);
        let mut read = 0;
        loop {
            let began = Instant::now();
            let page = store.get_activity_for_epoch(epoch, request).await.unwrap();
            pages.push(began.elapsed().as_secs_f64());
            read += page.items.len() as u64;
            match page.next {
                Some(next) => request = PageRequest::after(next).of_at_most(1_000),
                None => break read,
            }
        }
    })
    .await;
    let tenth = pages.len().div_ceil(10);
    for (name, of) in [("first", &pages[..tenth]), ("last", &pages[pages.len() - tenth..])] {
        let seconds = of.iter().sum();
        tell(&Measure { act: name.to_owned(), seconds, memory_bytes: None, done: tenth as u64 });
    }
}

async fn finalize(store: &Store, epoch: EpochId) -> u64 {
    let asked = FinalizeEpoch {
        epoch_id: epoch,
        statement_id: StatementId(Uuid::new_v4()),
        expected_pool_total: None,
        expected_allocation_set_hash: None,
    };
    let closed = store.finalize_epoch(&asked).await.unwrap();
    closed.statement.statement.payouts.len() as u64
}

/// Closes, while another ledger's events come one by one. Tells the close, and the longest of those calls.
async fn finalize_beside(store: &Store, epoch: EpochId, other: &Store) {
    let weights = WeightTable::new(BTreeMap::new()).unwrap();
    let theirs = other.create_epoch(&NewEpoch { period: week(), weights }).await.unwrap().id;
    let waiting = events(100_000, PEOPLE, true);
    let mut longest = 0.0_f64;
    act("finalize", async {
        let close = finalize(store, epoch);
        pin_mut!(close);
        for event in waiting.chunks(1) {
            let began = Instant::now();
            let write = other.insert_activity_events(theirs, event);
            let paid = match select(write, close.as_mut()).await {
                Either::Left((outcome, _)) => outcome.map(|_| None).unwrap(),
                Either::Right((paid, write)) => write.await.map(|_| Some(paid)).unwrap(),
            };
            longest = longest.max(began.elapsed().as_secs_f64());
            if let Some(paid) = paid {
                return paid;
            }
        }
        panic!("the close takes longer than all the writes beside it");
    })
    .await;
    tell(&Measure { act: "write".to_owned(), seconds: longest, memory_bytes: None, done: 1 });
}

/// As the close computes them.
async fn pay(people: u64) {
    let units = units(people);
    let pool = Credits::new(1_000_000_000).unwrap();
    // What it comes to is put away afterwards, as the reference's is.
    let mut paid = Vec::new();
    act("payouts", async {
        let lines = units.iter().map(|(user_id, units)| (user_id, *units));
        std::hint::black_box(allocation_set_hash(lines));
        paid = payouts(units, pool).unwrap();
        paid.len() as u64
    })
    .await;
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

async fn pages(store: &Store, epoch: EpochId, events: Vec<NewActivityEvent>) {
    let parts = parts(&events, 2);
    act("fresh", in_tasks(store, epoch, parts, 5_000)).await;
}

async fn single(store: &Store, epoch: EpochId, count: u64) {
    let (first, rest) = events_of_callers(count);
    in_tasks(store, epoch, parts(&first, CALLERS), 1).await;
    act("single", in_tasks(store, epoch, parts(&rest, CALLERS), 1)).await;
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
    // The first calls prepare, as the floor does beforehand.
    store.get_open_epoch().await.unwrap();
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
