//! An adapter over sqlx: a column is one array (`unnest`), five thousand rows a statement.

use chrono::{DateTime, Utc};
use clap::Parser as _;
use ledger_bench::data::{PEOPLE, events};
use ledger_bench::stage::{Order, Work, act};
use ledger_core::NewActivityEvent;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use uuid::Uuid;

const ROWS: usize = 5_000;

const INSERT: &str = "
    INSERT INTO activity_events (ledger_id, epoch_id, ingested_at, id, source, event_type,
        platform_user_id, platform_login, user_id, artifact_url, metadata, payload_hash, producer,
        producer_version, event_time, retrieved_at)
    SELECT $1, $2, $3, * FROM unnest($4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
        $9::text[], $10::text[], $11::jsonb[], $12::text[], $13::text[], $14::text[],
        $15::timestamptz[], $16::timestamptz[])
    ON CONFLICT DO NOTHING";

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let order = Order::parse();
    assert_eq!(order.work, Work::Ingest, "this peer takes part in nothing else");
    let mut connection = PgConnection::connect(&order.url).await.unwrap();
    let place: (Uuid, i64) = sqlx::query_as("SELECT ledger_id, id FROM epochs")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let events = events(order.count, PEOPLE, false);
    act("fresh", insert(&mut connection, place, &events)).await;
    act("again", insert(&mut connection, place, &events)).await;
}

async fn insert(
    connection: &mut PgConnection,
    (ledger_id, epoch_id): (Uuid, i64),
    events: &[NewActivityEvent],
) -> u64 {
    let now = Utc::now();
    let mut transaction = connection.begin().await.unwrap();
    let mut inserted = 0;
    for part in events.chunks(ROWS) {
        let texts = |of: fn(&NewActivityEvent) -> &str| part.iter().map(of).collect::<Vec<_>>();
        let options = |of: fn(&NewActivityEvent) -> Option<&str>| -> Vec<Option<&str>> {
            part.iter().map(of).collect()
        };
        let times =
            |of: fn(&NewActivityEvent) -> DateTime<Utc>| part.iter().map(of).collect::<Vec<_>>();
        let metadata: Vec<Option<&Value>> = part.iter().map(|e| e.metadata.as_ref()).collect();
        let done = sqlx::query(INSERT)
            .bind(ledger_id)
            .bind(epoch_id)
            .bind(now)
            .bind(texts(|e| e.id.as_str()))
            .bind(texts(|e| e.source.as_str()))
            .bind(texts(|e| e.event_type.as_str()))
            .bind(texts(|e| e.platform_user_id.as_str()))
            .bind(options(|e| e.platform_login.as_deref()))
            .bind(options(|e| e.user_id.as_ref().map(AsRef::as_ref)))
            .bind(options(|e| e.artifact_url.as_deref()))
            .bind(metadata)
            .bind(texts(|e| e.payload_hash.as_str()))
            .bind(texts(|e| &e.producer))
            .bind(texts(|e| &e.producer_version))
            .bind(times(|e| e.event_time.as_datetime()))
            .bind(times(|e| e.retrieved_at.as_datetime()))
            .execute(&mut *transaction)
            .await
            .unwrap();
        inserted += done.rows_affected();
    }
    transaction.commit().await.unwrap();
    inserted
}
