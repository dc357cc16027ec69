//! Every index pays for itself: a query needs it, and PostgreSQL uses it for that query, over tables
//! of a size at which it has a choice. That the store still asks such queries is seen by the counts
//! that PostgreSQL keeps while the port's calls are made (`calls`).

mod calls;

use std::collections::BTreeSet;
use std::sync::Arc;

use ledger_adapter_server::ServerPool;
use ledger_core::EpochId;
use ledger_port::{EpochStore as _, SystemClock};
use ledger_testkit::{new_epoch, week, weights};
use store_testkit::TestDatabase;

use crate::sql::{SESSIONS, Sql, wait_until};

/// Each index, and what needs it.
const NEEDED: &[(&str, &str)] = &[
    ("ledgers_pkey", "SELECT name FROM ledgers WHERE ledger_id = $LEDGER"),
    ("epochs_pkey", "SELECT status FROM epochs WHERE ledger_id = $LEDGER AND id = $EPOCH"),
    ("one_open_epoch", "SELECT id FROM epochs WHERE ledger_id = $LEDGER AND status = 'open'"),
    (
        "users_pkey",
        "SELECT display_name FROM users WHERE ledger_id = $LEDGER AND user_id = 'user-7'",
    ),
    (
        "pool_unique_per_type",
        "SELECT * FROM epoch_pool_components
         WHERE ledger_id = $LEDGER AND epoch_id = $EPOCH AND component_id > 'a'
         ORDER BY component_id LIMIT 101",
    ),
    (
        "payout_statements_pkey",
        "SELECT * FROM payout_statements
         WHERE ledger_id = $LEDGER AND id = '00000000-0000-4000-8000-000000000007'",
    ),
    (
        "payout_statements_by_epoch",
        "SELECT * FROM payout_statements WHERE ledger_id = $LEDGER AND epoch_id = $EPOCH",
    ),
    (
        "payout_statements_superseded_once",
        "SELECT FROM payout_statements WHERE ledger_id = $LEDGER
            AND supersedes_statement_id = '00000000-0000-4000-8000-000000000007'",
    ),
    (
        "activity_events_pkey",
        "SELECT * FROM activity_events WHERE ledger_id = $LEDGER AND id = 'git:77'",
    ),
    (
        "activity_events_by_epoch",
        "SELECT * FROM activity_events WHERE ledger_id = $LEDGER AND epoch_id = $EPOCH
            AND (event_time, id) > (TIMESTAMPTZ '2026-11-11 00:00:00+00', '')
         ORDER BY event_time, id LIMIT 1001",
    ),
    (
        "activity_events_by_user",
        "SELECT * FROM activity_events
         WHERE ledger_id = $LEDGER AND epoch_id = $EPOCH AND user_id = 'user-7'
         ORDER BY event_time, id LIMIT 101",
    ),
    (
        "activity_events_waiting",
        "SELECT source, platform_user_id FROM activity_events
         WHERE ledger_id = $LEDGER AND epoch_id = $EPOCH AND user_id IS NULL
            AND (source, platform_user_id) > ('git', 'p-7')
         ORDER BY source, platform_user_id LIMIT 1",
    ),
    (
        "epoch_allocations_pkey",
        "SELECT * FROM epoch_allocations
         WHERE ledger_id = $LEDGER AND epoch_id = $EPOCH AND user_id > 'user-7'
         ORDER BY user_id LIMIT 101",
    ),
    (
        "source_cursors_pkey",
        "SELECT cursor_value FROM source_cursors WHERE ledger_id = $LEDGER
            AND source = 'git' AND stream = 'commits' AND scope = 'example/orchard'",
    ),
    (
        "identity_bindings_pkey",
        "SELECT user_id FROM identity_bindings
         WHERE ledger_id = $LEDGER AND source = 'git' AND platform_user_id = 'p-7'",
    ),
    (
        "jobs_pkey",
        "SELECT state FROM jobs
         WHERE ledger_id = $LEDGER AND kind = 'collect' AND subject = 'orchard'",
    ),
    (
        "epoch_collections_pkey",
        "SELECT * FROM epoch_collections
         WHERE ledger_id = $LEDGER AND epoch_id = $EPOCH AND source_id > 'a'
         ORDER BY source_id LIMIT 101",
    ),
    (
        "access_tokens_pkey",
        "SELECT * FROM access_tokens
         WHERE ledger_id = $LEDGER AND id = '00000000-0000-4000-8000-000000000007'",
    ),
    (
        "idempotency_keys_pkey",
        "SELECT answer FROM idempotency_keys WHERE ledger_id = $LEDGER AND key = 'key-7'",
    ),
    (
        "idempotency_keys_by_age",
        "SELECT key FROM idempotency_keys WHERE ledger_id = $LEDGER
            AND created_at < TIMESTAMPTZ '2026-11-01 00:00:00+00'
         ORDER BY created_at LIMIT 10",
    ),
];

/// The tables that hold enough here for PostgreSQL to have a choice. Any other is read whole, rightly, unless it may
/// not be.
const FILLED: &[&str] =
    &["activity_events", "identity_bindings", "idempotency_keys", "payout_statements", "users"];

/// What only a rule needs.
const FOR_A_RULE: &[&str] = &["epoch_window_unique", "one_statement_per_epoch"];

/// Thirty thousand events in three epochs, a fifth of them waiting. Of the statements nothing counts but their keys, so
/// they are written past the guards.
const FILL: &str = "
    INSERT INTO users (ledger_id, user_id)
    SELECT ledger_id, 'user-' || n FROM ledgers CROSS JOIN generate_series(0, 999) n;
    INSERT INTO identity_bindings (ledger_id, source, platform_user_id, user_id, created_at)
    SELECT ledger_id, 'git', 'p-' || n, 'user-' || n, now()
    FROM ledgers CROSS JOIN generate_series(0, 999) n;
    INSERT INTO activity_events (ledger_id, epoch_id, id, source, event_type, platform_user_id,
        user_id, payload_hash, producer, producer_version, event_time, retrieved_at, ingested_at)
    SELECT e.ledger_id, e.id, 'git:' || n, 'git', 'commit_authored', 'p-' || n % 1000,
        CASE WHEN n % 5 > 0 THEN 'user-' || n % 1000 END, repeat('0', 64), 'a-test', '1',
        e.period_start + n * interval '10 seconds', e.period_start, e.period_start
    FROM (SELECT *, row_number() OVER (ORDER BY id) - 1 AS place FROM epochs) e
    JOIN generate_series(0, 29999) n ON n % 3 = e.place;
    INSERT INTO idempotency_keys (ledger_id, key, request_hash, answer, created_at)
    SELECT ledger_id, 'key-' || n, repeat('0', 64), '{}', TIMESTAMPTZ '2026-11-16 00:00:00+00'
        + n * interval '1 second'
    FROM ledgers CROSS JOIN generate_series(0, 9999) n;
    SET session_replication_role = replica;
    INSERT INTO payout_statements (ledger_id, epoch_id, id, allocation_set_hash,
        pool_total_credits, payouts_json, supersedes_statement_id, created_at)
    SELECT ledger_id, n / 2, md5(n::text)::uuid, repeat('0', 64), 0, '[]',
        CASE WHEN n % 2 = 1 THEN md5((n - 1)::text)::uuid END, now()
    FROM ledgers CROSS JOIN generate_series(0, 9999) n;
    RESET session_replication_role;
    ANALYZE";

async fn filled() -> (Sql, TestDatabase) {
    let database = TestDatabase::new().await;
    let pool: ServerPool = database.pool().await;
    let store = database.store(&pool, "default", Arc::new(SystemClock)).await;
    for name in ["2026-W45", "2026-W46", "2026-W47"] {
        let new = new_epoch(week(name), weights(&[("git:commit_authored", 1_000)]));
        let epoch = store.create_epoch(&new).await.unwrap();
        if name != "2026-W47" {
            store.begin_review(epoch.id).await.unwrap();
        }
    }
    let sql = Sql::owner(&database).await;
    sql.run(FILL).await;
    (sql, database)
}

/// The second of the three.
const AN_EPOCH: &str = "SELECT id FROM epochs ORDER BY id LIMIT 1 OFFSET 1";

/// Whether PostgreSQL may read the query's table whole: where it has a choice.
fn may_scan(query: &str) -> &'static str {
    let has_choice = FILLED.iter().any(|table| query.contains(&format!("FROM {table}")));
    if has_choice { "on" } else { "off" }
}

async fn plan(sql: &Sql, query: &str) -> String {
    let ledger = sql.value("SELECT quote_literal(ledger_id) FROM ledgers").await;
    let epoch = sql.value(AN_EPOCH).await;
    let query = query.replace("$LEDGER", &ledger).replace("$EPOCH", &epoch);
    sql.column(&format!("EXPLAIN {query}")).await.join("\n")
}

#[tokio::test]
async fn every_index_is_used_by_the_query_that_needs_it() {
    let (sql, _database) = filled().await;
    for (index, query) in NEEDED {
        let scan = may_scan(query);
        sql.run(&format!("SET enable_seqscan = {scan}; SET enable_bitmapscan = {scan}")).await;
        let plan = plan(&sql, query).await;
        assert!(plan.contains(&format!(" {index} ")), "{index} is not used:\n{plan}");
    }
}

/// A session hands its counts over when it ends, so the one that filled the tables ends before, and each call's pool
/// after it.
#[tokio::test]
async fn every_index_is_read_by_a_call_that_its_comment_names() {
    let (sql, database) = filled().await;
    let epoch = EpochId(sql.value(AN_EPOCH).await.parse().unwrap());
    let name = sql.value("SELECT current_database()").await;
    drop(sql);
    let watcher = Sql::owner(&database).await;
    let others = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()";
    for (index, query) in NEEDED {
        wait_until(&watcher, others, "0").await;
        for kind in ["seqscan", "bitmapscan"] {
            let scan = may_scan(query);
            watcher.run(&format!("ALTER DATABASE {name} SET enable_{kind} = {scan}")).await;
        }
        let scans =
            format!("SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = '{index}'");
        let before = watcher.value(&scans).await;
        let call = calls::make(index, &database, epoch).await;
        wait_until(&watcher, SESSIONS, "0").await;
        let has_read = format!("SELECT ({scans}) > {before}");
        wait_until(&watcher, &has_read, "t").await;
        let comment = format!("SELECT obj_description('public.{index}'::regclass)");
        let comment = watcher.value(&comment).await;
        assert!(comment.contains(call), "{call} reads by {index}, whose comment is: {comment}");
    }
}

#[tokio::test]
async fn an_index_without_a_query_is_seen() {
    let (sql, _database) = filled().await;
    let all = "SELECT i.indexrelid::regclass::text FROM pg_index i
        JOIN pg_class c ON c.oid = i.indrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relname NOT LIKE '\\_\\_diesel%'";
    let found: BTreeSet<String> = sql.column(all).await.into_iter().collect();
    let named = NEEDED.iter().map(|(index, _)| *index).chain(FOR_A_RULE.iter().copied());
    assert_eq!(found, named.map(str::to_owned).collect::<BTreeSet<_>>());
}
