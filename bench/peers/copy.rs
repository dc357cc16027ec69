//! The floor: what PostgreSQL does when it is asked for nothing but the work, through plain
//! `tokio-postgres`. `COPY` into the same table, with its indexes, constraints and triggers; bare
//! prepared statements; rows read into the same record.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use clap::Parser as _;
use futures_util::{SinkExt as _, StreamExt as _, pin_mut};
use ledger_bench::data::{CALLERS, PEOPLE, events, events_of_callers, parts, person};
use ledger_bench::stage::{Order, Work, act, grow};
use ledger_core::{NewActivityEvent, Sha256Hex, Timestamp};
use serde_json::Value;
use tokio_postgres::{Client, NoTls, Row, Statement};
use uuid::Uuid;

const COLUMNS: &str = "ledger_id, epoch_id, ingested_at, id, source, event_type, platform_user_id, \
                       platform_login, user_id, artifact_url, metadata, payload_hash, producer, \
                       producer_version, event_time, retrieved_at";

/// Where the events go.
#[derive(Clone, Copy)]
struct Place {
    ledger_id: Uuid,
    epoch_id: i64,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let order = Order::parse();
    let mut client = connect(&order.url).await;
    let row = client.query_one("SELECT ledger_id, id FROM epochs", &[]).await.unwrap();
    let place = Place { ledger_id: row.get(0), epoch_id: row.get(1) };
    match order.work {
        Work::Ingest | Work::Pages => {
            let events = events(order.count, PEOPLE, false);
            act("fresh", copy(&mut client, place, &events)).await;
        }
        Work::Single => single(&order, place).await,
        Work::Read => act("read", read(&client, place)).await,
        Work::Propose => {
            hash_weights(&client).await;
            act("propose", propose(&client, place)).await;
        }
        Work::Resolve => resolve(&client, place, Commits::AtTheEnd).await,
        Work::ResolveOneByOne => resolve(&client, place, Commits::Each).await,
        Work::Finalize => {
            hash_weights(&client).await;
            finalize(&mut client, place).await;
        }
        Work::Grow | Work::GrowByHashes => {
            grow(&order, async |events| copy(&mut client, place, &events).await).await;
        }
        Work::Walk | Work::Payouts | Work::FinalizeBeside => {
            unreachable!("nothing to be held against")
        }
        Work::Small => small(&client, place, order.count).await,
    }
}

async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// How many bytes go in one message.
const MESSAGE: usize = 64 * 1_024;

async fn copy(client: &mut Client, place: Place, events: &[NewActivityEvent]) -> u64 {
    let transaction = client.transaction().await.unwrap();
    let statement = format!("COPY activity_events ({COLUMNS}) FROM STDIN");
    let sink = transaction.copy_in(&statement).await.unwrap();
    pin_mut!(sink);
    let now = Utc::now();
    let mut text = String::with_capacity(2 * MESSAGE);
    for event in events {
        write_line(&mut text, place, now, event);
        if text.len() >= MESSAGE {
            let full = std::mem::replace(&mut text, String::with_capacity(2 * MESSAGE));
            sink.feed(std::io::Cursor::new(full.into_bytes())).await.unwrap();
        }
    }
    sink.feed(std::io::Cursor::new(text.into_bytes())).await.unwrap();
    let copied = sink.finish().await.unwrap();
    transaction.commit().await.unwrap();
    copied
}

fn write_line(text: &mut String, place: Place, now: DateTime<Utc>, event: &NewActivityEvent) {
    let Place { ledger_id, epoch_id } = place;
    let or_null = |value: Option<&str>| value.unwrap_or("\\N").to_owned();
    // Nothing in the data needs to be escaped but what JSON escapes itself.
    let metadata = event.metadata.as_ref().map(|value| value.to_string().replace('\\', "\\\\"));
    writeln!(
        text,
        "{ledger_id}\t{epoch_id}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}\t{}",
        now.to_rfc3339(),
        event.id,
        event.source,
        event.event_type,
        event.platform_user_id,
        or_null(event.platform_login.as_deref()),
        or_null(event.user_id.as_ref().map(AsRef::as_ref)),
        or_null(event.artifact_url.as_deref()),
        or_null(metadata.as_deref()),
        event.payload_hash,
        event.producer,
        event.producer_version,
        event.event_time,
        event.retrieved_at,
    )
    .expect("a text grows");
}

async fn single(order: &Order, place: Place) {
    let (first, rest) = events_of_callers(order.count);
    let statement = format!(
        "INSERT INTO activity_events ({COLUMNS}) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
         $11, $12, $13, $14, $15, $16)"
    );
    let mut callers = Vec::new();
    for _ in 0..CALLERS {
        let client = Arc::new(connect(&order.url).await);
        let prepared = client.prepare(&statement).await.unwrap();
        callers.push((client, prepared));
    }
    insert_each(&callers, place, parts(&first, CALLERS)).await;
    act("single", insert_each(&callers, place, parts(&rest, CALLERS))).await;
}

/// Each caller inserts its part, one by one.
async fn insert_each(
    callers: &[(Arc<Client>, Statement)],
    place: Place,
    parts: Vec<Vec<NewActivityEvent>>,
) -> u64 {
    let tasks: Vec<_> = std::iter::zip(callers.iter().cloned(), parts)
        .map(|((client, prepared), part)| {
            tokio::spawn(async move {
                for event in &part {
                    insert_one(&client, &prepared, place, event).await;
                }
                part.len() as u64
            })
        })
        .collect();
    let mut inserted = 0;
    for task in tasks {
        inserted += task.await.unwrap();
    }
    inserted
}

async fn insert_one(client: &Client, prepared: &Statement, place: Place, event: &NewActivityEvent) {
    let user_id = event.user_id.as_ref().map(ToString::to_string);
    client
        .execute(
            prepared,
            &[
                &place.ledger_id,
                &place.epoch_id,
                &Utc::now(),
                &event.id.as_str(),
                &event.source.as_str(),
                &event.event_type.as_str(),
                &event.platform_user_id.as_str(),
                &event.platform_login,
                &user_id,
                &event.artifact_url,
                &event.metadata,
                &event.payload_hash.as_str(),
                &event.producer,
                &event.producer_version,
                &event.event_time.as_datetime(),
                &event.retrieved_at.as_datetime(),
            ],
        )
        .await
        .unwrap();
}

async fn read(client: &Client, place: Place) -> u64 {
    let select = "SELECT epoch_id, ingested_at, id, source, event_type, platform_user_id, platform_login, \
                  user_id, artifact_url, metadata, payload_hash, producer, producer_version, \
                  event_time, retrieved_at \
                  FROM activity_events WHERE ledger_id = $1 AND epoch_id = $2 ORDER BY event_time, id";
    let prepared = client.prepare(select).await.unwrap();
    let place: [&(dyn tokio_postgres::types::ToSql + Sync); 2] =
        [&place.ledger_id, &place.epoch_id];
    let rows = client.query_raw(&prepared, place).await.unwrap();
    pin_mut!(rows);
    let mut read = 0;
    while let Some(row) = rows.next().await {
        std::hint::black_box(event_of(&row.unwrap()));
        read += 1;
    }
    read
}

/// The record that the store gives, its rules checked as the store checks them.
fn event_of(row: &Row) -> NewActivityEvent {
    let text = |at: usize| row.get::<_, &str>(at);
    let time = |at: usize| Timestamp::try_from(row.get::<_, DateTime<Utc>>(at)).unwrap();
    std::hint::black_box((row.get::<_, i64>(0), time(1)));
    NewActivityEvent {
        id: text(2).parse().unwrap(),
        source: text(3).parse().unwrap(),
        event_type: text(4).parse().unwrap(),
        platform_user_id: text(5).parse().unwrap(),
        platform_login: row.get(6),
        user_id: row.get::<_, Option<&str>>(7).map(|id| id.parse().unwrap()),
        artifact_url: row.get(8),
        metadata: row.get::<_, Option<Value>>(9),
        payload_hash: text(10).parse::<Sha256Hex>().unwrap(),
        producer: row.get(11),
        producer_version: row.get(12),
        event_time: time(13),
        retrieved_at: time(14),
    }
}

/// Has the few weights hashed, as the store does: PostgreSQL does not know how few they are, and may sort all events.
/// Nothing is compiled: what cannot but nest loops looks so dear then that reading four weights takes 0.13 s.
async fn hash_weights(client: &Client) {
    let hash = "SET enable_nestloop = off; SET enable_mergejoin = off; SET jit = off";
    client.batch_execute(hash).await.unwrap();
}

/// The best bare `GROUP BY`: the few weights of the epoch, and the events joined to them.
async fn propose(client: &Client, place: Place) -> u64 {
    units_of(client, place).await.len() as u64
}

async fn units_of(client: &Client, place: Place) -> Vec<Row> {
    let weights = "SELECT split_part(kind, ':', 1), split_part(kind, ':', 2), weight::bigint \
                   FROM epochs, jsonb_each_text(weight_config) AS w (kind, weight) \
                   WHERE ledger_id = $1 AND id = $2";
    let (mut sources, mut event_types, mut units) = (Vec::new(), Vec::new(), Vec::new());
    for row in client.query(weights, &[&place.ledger_id, &place.epoch_id]).await.unwrap() {
        sources.push(row.get::<_, String>(0));
        event_types.push(row.get::<_, String>(1));
        units.push(row.get::<_, i64>(2));
    }
    client
        .query(
            "SELECT a.user_id, sum(w.weight)::bigint AS units, count(*) AS events
             FROM activity_events a
             LEFT JOIN unnest($3::text[], $4::text[], $5::bigint[]) AS w (source, event_type, weight)
                ON w.source = a.source AND w.event_type = a.event_type
             WHERE a.ledger_id = $1 AND a.epoch_id = $2 AND a.user_id IS NOT NULL
             GROUP BY a.user_id",
            &[&place.ledger_id, &place.epoch_id, &sources, &event_types, &units],
        )
        .await
        .unwrap()
}

/// When a peer commits.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commits {
    /// Every statement by itself.
    Each,
    AtTheEnd,
}

/// One prepared statement an event.
async fn resolve(client: &Client, place: Place, commits: Commits) {
    let select =
        "SELECT id, platform_user_id FROM activity_events WHERE user_id IS NULL ORDER BY id";
    let rows = client.query(select, &[]).await.unwrap();
    let update = "UPDATE activity_events SET user_id = $3 WHERE ledger_id = $1 AND id = $2";
    let prepared = client.prepare(update).await.unwrap();
    let users: HashMap<String, String> = (0..PEOPLE).map(person).collect();
    act("resolve", async {
        if commits == Commits::AtTheEnd {
            client.batch_execute("BEGIN").await.unwrap();
        }
        let mut resolved = 0;
        for row in &rows {
            let (id, platform_user_id): (&str, &str) = (row.get(0), row.get(1));
            let user = &users[platform_user_id];
            resolved += client.execute(&prepared, &[&place.ledger_id, &id, user]).await.unwrap();
        }
        if commits == Commits::AtTheEnd {
            client.batch_execute("COMMIT").await.unwrap();
        }
        resolved
    })
    .await;
}

/// What a close cannot do without: everybody's units from the events, and a row written for each.
async fn finalize(client: &mut Client, place: Place) {
    act("finalize", async {
        let rows = units_of(client, place).await;
        let transaction = client.transaction().await.unwrap();
        let sink = transaction.copy_in("COPY paid FROM STDIN").await.unwrap();
        pin_mut!(sink);
        let mut text = String::new();
        for row in &rows {
            let (user, units): (&str, i64) = (row.get(0), row.get(1));
            writeln!(text, "{user}\t{units}").expect("a text grows");
        }
        sink.feed(std::io::Cursor::new(text.into_bytes())).await.unwrap();
        let copied = sink.finish().await.unwrap();
        transaction.commit().await.unwrap();
        copied
    })
    .await;
}

async fn small(client: &Client, place: Place, count: u64) {
    let columns = "id, status, period_start, period_end, weight_config, pool_total_credits, \
                   opened_at, closed_at";
    let open = format!("SELECT {columns} FROM epochs WHERE ledger_id = $1 AND status = 'open'");
    let one = format!("SELECT {columns} FROM epochs WHERE ledger_id = $1 AND id = $2");
    let (open, one) = (client.prepare(&open).await.unwrap(), client.prepare(&one).await.unwrap());
    let upsert = client
        .prepare(
            "INSERT INTO source_cursors (ledger_id, source, stream, scope, cursor_value, \
             retrieved_at) VALUES ($1, 'git', 'commits', 'example/orchard', $2, $3) \
             ON CONFLICT (ledger_id, source, stream, scope) DO UPDATE \
             SET cursor_value = excluded.cursor_value, retrieved_at = excluded.retrieved_at",
        )
        .await
        .unwrap();
    act("get-open-epoch", async {
        for _ in 0..count {
            epoch_of(&client.query_one(&open, &[&place.ledger_id]).await.unwrap());
        }
        count
    })
    .await;
    act("get-epoch", async {
        for _ in 0..count {
            epoch_of(&client.query_one(&one, &[&place.ledger_id, &place.epoch_id]).await.unwrap());
        }
        count
    })
    .await;
    act("upsert-cursor", async {
        for n in 0..count {
            let value = format!("page-{n}");
            client.execute(&upsert, &[&place.ledger_id, &value, &Utc::now()]).await.unwrap();
        }
        count
    })
    .await;
}

fn epoch_of(row: &Row) {
    std::hint::black_box((
        row.get::<_, i64>(0),
        row.get::<_, String>(1),
        row.get::<_, DateTime<Utc>>(2),
        row.get::<_, DateTime<Utc>>(3),
        row.get::<_, Value>(4),
        row.get::<_, Option<i64>>(5),
        row.get::<_, DateTime<Utc>>(6),
        row.get::<_, Option<DateTime<Utc>>>(7),
    ));
}
