//! A naive diesel adapter: rows by `VALUES`, a thousand at a time, and conflicts ignored.

use chrono::{DateTime, Utc};
use clap::Parser as _;
use diesel::prelude::{Insertable, QueryDsl};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, TransactionManager as _};
use ledger_bench::data::{PEOPLE, events};
use ledger_bench::stage::{Order, Work, act};
use ledger_core::NewActivityEvent;
use ledger_schema::schema::{activity_events, epochs};
use serde_json::Value;
use uuid::Uuid;

const ROWS: usize = 1_000;

#[derive(Insertable)]
#[diesel(table_name = activity_events)]
struct NewRow<'a> {
    ledger_id: Uuid,
    id: &'a str,
    epoch_id: i64,
    source: &'a str,
    event_type: &'a str,
    platform_user_id: &'a str,
    platform_login: Option<&'a str>,
    user_id: Option<&'a str>,
    artifact_url: Option<&'a str>,
    metadata: Option<&'a Value>,
    payload_hash: &'a str,
    producer: &'a str,
    producer_version: &'a str,
    event_time: DateTime<Utc>,
    retrieved_at: DateTime<Utc>,
    ingested_at: DateTime<Utc>,
}

impl<'a> NewRow<'a> {
    fn of(ledger_id: Uuid, epoch_id: i64, now: DateTime<Utc>, event: &'a NewActivityEvent) -> Self {
        Self {
            ledger_id,
            id: event.id.as_str(),
            epoch_id,
            source: event.source.as_str(),
            event_type: event.event_type.as_str(),
            platform_user_id: event.platform_user_id.as_str(),
            platform_login: event.platform_login.as_deref(),
            user_id: event.user_id.as_ref().map(AsRef::as_ref),
            artifact_url: event.artifact_url.as_deref(),
            metadata: event.metadata.as_ref(),
            payload_hash: event.payload_hash.as_str(),
            producer: &event.producer,
            producer_version: &event.producer_version,
            event_time: event.event_time.as_datetime(),
            retrieved_at: event.retrieved_at.as_datetime(),
            ingested_at: now,
        }
    }
}

type Manager = <AsyncPgConnection as AsyncConnection>::TransactionManager;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let order = Order::parse();
    assert_eq!(order.work, Work::Ingest, "this peer takes part in nothing else");
    let mut connection = AsyncPgConnection::establish(&order.url).await.unwrap();
    let place: (Uuid, i64) =
        epochs::table.select((epochs::ledger_id, epochs::id)).first(&mut connection).await.unwrap();
    let events = events(order.count, PEOPLE, false);
    act("fresh", insert(&mut connection, place, &events)).await;
    act("again", insert(&mut connection, place, &events)).await;
}

async fn insert(
    connection: &mut AsyncPgConnection,
    (ledger_id, epoch_id): (Uuid, i64),
    events: &[NewActivityEvent],
) -> u64 {
    let now = Utc::now();
    let mut inserted = 0;
    Manager::begin_transaction(connection).await.unwrap();
    for part in events.chunks(ROWS) {
        let rows: Vec<NewRow<'_>> =
            part.iter().map(|event| NewRow::of(ledger_id, epoch_id, now, event)).collect();
        inserted += diesel::insert_into(activity_events::table)
            .values(rows)
            .on_conflict_do_nothing()
            .execute(connection)
            .await
            .unwrap();
    }
    Manager::commit_transaction(connection).await.unwrap();
    inserted as u64
}
