//! What lies in a database before it is upgraded, and whether it is there afterwards.

use tokio_postgres::Client;

use super::schemas::{FIRST_WITH_ACCESS, FIRST_WITH_JOBS};
use crate::{Outcome, ensure};

/// The ledger that the migration makes of a baseline.
pub(crate) const LEDGER: &str = "716ad4e3-1d15-5a45-96b2-7b848addbd4a";
/// Epochs 1 to 7 are closed, 8 is in review, and this one is open.
pub(crate) const OPEN_EPOCH: i64 = 9;
/// How many people there are beside the writer's.
pub(crate) const PEOPLE: i64 = 1_000;

/// Fills a database at the baseline: so many users, and what a community has beside them.
pub(crate) async fn fill_baseline(owner: &Client, users: u64) -> Outcome<()> {
    let fill = format!(
        r#"
        INSERT INTO users (user_id, display_name, created_at)
        SELECT 'user-' || n, 'User ' || n, timestamptz '2025-01-01' + n * interval '1 second'
        FROM generate_series(1, {users}) n;
        INSERT INTO epochs (status, policy_repo, policy_commit_sha, policy_path, policy_content_hash,
            pool_total_credits, opened_at, closed_at, created_at)
        SELECT CASE WHEN n < 200 THEN 'closed' ELSE 'open' END, 'r', 'c', 'p', 'h',
            CASE WHEN n < 200 THEN 100 END, t, CASE WHEN n < 200 THEN t + interval '7 days' END, t
        FROM generate_series(1, 200) n, LATERAL (SELECT timestamptz '2021-01-04' + n * interval '7 days')
            AS opened (t) ORDER BY n;
        INSERT INTO epoch_pool_components (epoch_id, component_id, algorithm_version, inputs_json,
            amount_credits, evidence_ref, computed_at)
        SELECT id, 'base_issuance', '1', '{{"n": 1}}', 100, 'vote', opened_at FROM epochs;
        INSERT INTO payout_statements (id, epoch_id, allocation_set_hash, pool_total_credits,
            payouts_json, created_at)
        SELECT gen_random_uuid(), id, repeat('a', 64), 100, '[]', closed_at FROM epochs
        WHERE status = 'closed';
        ANALYZE"#
    );
    Ok(owner.batch_execute(&fill).await?)
}

/// Fills a database at the first schema with activity: so many events in nine epochs, and the rest.
pub(crate) async fn fill_activity(owner: &Client, events: u64) -> Outcome<()> {
    fill_epochs(owner).await?;
    fill_events(owner, events).await
}

async fn fill_epochs(owner: &Client) -> Outcome<()> {
    let people = format!(
        r#"
        INSERT INTO epochs (ledger_id, status, period_start, period_end, weight_config,
            pool_total_credits, opened_at, closed_at, created_at)
        SELECT '{LEDGER}', CASE WHEN n < 8 THEN 'closed' WHEN n = 8 THEN 'review' ELSE 'open' END,
            t, t + interval '7 days', '{{"github:pr_merged": 8000}}', CASE WHEN n < 8 THEN 100 END, t,
            CASE WHEN n < 8 THEN t + interval '8 days' END, t
        FROM generate_series(1, {OPEN_EPOCH}) n,
            LATERAL (SELECT timestamptz '2026-01-05' + n * interval '7 days') AS opened (t) ORDER BY n;
        INSERT INTO users (ledger_id, user_id, display_name, created_at)
        SELECT '{LEDGER}', 'user-' || n, 'User ' || n, '2026-01-01' FROM generate_series(1, {PEOPLE}) n;
        INSERT INTO identity_bindings (ledger_id, source, platform_user_id, user_id, created_at)
        SELECT '{LEDGER}', 'github', n::text, 'user-' || n, '2026-01-01'
        FROM generate_series(1, {PEOPLE}) n;
        INSERT INTO epoch_pool_components (ledger_id, epoch_id, component_id, algorithm_version,
            inputs_json, amount_credits, evidence_ref, computed_at)
        SELECT '{LEDGER}', id, 'base_issuance', '1', '{{"n": 1}}', 100, 'vote', opened_at FROM epochs;
        INSERT INTO payout_statements (ledger_id, id, epoch_id, allocation_set_hash,
            pool_total_credits, payouts_json, created_at)
        SELECT '{LEDGER}', gen_random_uuid(), id, repeat('a', 64), 100, '[]', closed_at
        FROM epochs WHERE status = 'closed';
        INSERT INTO epoch_allocations (ledger_id, epoch_id, user_id, proposed_units, final_units,
            override_reason, activity_count, created_at, updated_at)
        SELECT '{LEDGER}', id, 'user-' || n, 8000 * n, CASE WHEN n % 10 = 0 THEN n END,
            CASE WHEN n % 10 = 0 THEN 'seen at the meeting' END, n, opened_at, opened_at
        FROM epochs, generate_series(1, {PEOPLE}) n;
        INSERT INTO source_cursors (ledger_id, source, stream, scope, cursor_value, retrieved_at)
        SELECT '{LEDGER}', 'github', 'pulls', 'owner/repo-' || n, n::text, '2026-03-01'
        FROM generate_series(1, 200) n"#
    );
    Ok(owner.batch_execute(&people).await?)
}

async fn fill_events(owner: &Client, events: u64) -> Outcome<()> {
    let events = format!(
        r#"
        INSERT INTO activity_events (ledger_id, id, epoch_id, source, event_type, platform_user_id,
            platform_login, user_id, artifact_url, metadata, payload_hash, producer, producer_version,
            event_time, retrieved_at, ingested_at)
        SELECT '{LEDGER}', 'github:pr:' || n % 50 || ':' || n, e.id, 'github', 'pr_merged',
            (1 + n % ({PEOPLE} * 2))::text, 'login-' || n % {PEOPLE},
            CASE WHEN n % 5 > 0 THEN 'user-' || (1 + n % {PEOPLE}) END,
            'https://github.com/owner/repo/pull/' || n, jsonb_build_object('number', n),
            encode(sha256(n::text::bytea), 'hex'), 'epoch-ledger', '1.0.0',
            e.period_start + n % 600000 * interval '1 second', e.period_end, e.period_end
        FROM generate_series(1, {events}) n JOIN epochs e ON e.id = 1 + n % {OPEN_EPOCH};
        ANALYZE"#
    );
    Ok(owner.batch_execute(&events).await?)
}

/// Adds rows to the tables that a schema is the first to have.
pub(crate) async fn fill_new_tables(owner: &Client, schema: usize) -> Outcome<()> {
    let jobs = format!(
        "INSERT INTO jobs (ledger_id, kind, subject, state, run_at, attempts, updated_at)
        SELECT '{LEDGER}', 'collect-source', 'source-' || n, 'queued', '2026-03-09', 0, '2026-03-09'
        FROM generate_series(1, 100) n;
        INSERT INTO epoch_collections (ledger_id, epoch_id, source_id, collected_through)
        SELECT '{LEDGER}', {OPEN_EPOCH}, 'source-' || n, '2026-03-09' FROM generate_series(1, 100) n"
    );
    let access = format!(
        "INSERT INTO access_tokens (ledger_id, id, name, scope, secret_hash, created_at)
        SELECT '{LEDGER}', gen_random_uuid(), 'token ' || n, 'read', repeat('a', 64), '2026-03-09'
        FROM generate_series(1, 100) n;
        INSERT INTO idempotency_keys (ledger_id, key, request_hash, answer, created_at)
        SELECT '{LEDGER}', 'key-' || n, repeat('a', 64), '{{}}', '2026-03-09'
        FROM generate_series(1, 100) n"
    );
    match schema {
        FIRST_WITH_JOBS => Ok(owner.batch_execute(&jobs).await?),
        FIRST_WITH_ACCESS => Ok(owner.batch_execute(&access).await?),
        _ => Ok(()),
    }
}

/// Which rows of a table are the writer's.
fn is_written(table: &str) -> &'static str {
    match table {
        "activity_events" => "id LIKE 'written:%'",
        "users" | "epoch_allocations" => "user_id LIKE 'written-%'",
        "identity_bindings" | "source_cursors" => "source = 'written'",
        _ => "false",
    }
}

/// The rows of one table that were there before the writer.
#[derive(Debug)]
struct Rows {
    table: String,
    query: String,
    found: String,
}

/// What a database holds, as a count and a checksum over each table's columns.
#[derive(Debug)]
pub(crate) struct Contents {
    tables: Vec<Rows>,
}

const COLUMNS: &str = "
    SELECT table_name::text, string_agg(quote_ident(column_name), ', ' ORDER BY ordinal_position)
    FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_diesel%' GROUP BY 1 ORDER BY 1";

impl Contents {
    /// Of a database.
    pub(crate) async fn of(owner: &Client) -> Outcome<Self> {
        let mut tables = Vec::new();
        for row in owner.query(COLUMNS, &[]).await? {
            let (table, columns): (String, String) = (row.get(0), row.get(1));
            let written = is_written(&table);
            let query = format!(
                "SELECT count(*) || ' rows, ' ||
                    coalesce(sum(hashtextextended(ROW({columns})::text, 0)), 0)
                FROM {table} WHERE NOT coalesce({written}, false)"
            );
            let found = owner.query_one(&query, &[]).await?.get(0);
            tables.push(Rows { table, query, found });
        }
        Ok(Self { tables })
    }

    /// Looks again: every row is there, and its columns of then are as they were.
    pub(crate) async fn ensure_kept(&self, owner: &Client) -> Outcome<()> {
        for Rows { table, query, found } in &self.tables {
            let now: String = owner.query_one(query, &[]).await?.get(0);
            ensure!(now == *found, "{table} held {found} before the upgrade, and {now} after it");
        }
        Ok(())
    }
}
