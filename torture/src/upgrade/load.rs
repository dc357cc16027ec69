//! The writer and the readers who go on while the schema changes under them: statements of the program
//! that knows the old schema.

use std::time::Duration;

use fastrand::Rng;
use tokio_postgres::{Client, Row, Statement};
use tokio_util::sync::CancellationToken;

use super::meter::{Answered, Meter};
use super::rows::{LEDGER, OPEN_EPOCH};
use crate::{Outcome, broken, ensure};

/// How many events the writer hands in at once.
const EVENTS: i64 = 10;
/// As the server's adapter sets it.
const TIMEOUTS: &str = "SET lock_timeout = '5s'; SET statement_timeout = '30s'";
/// How often somebody asks again who waited as long as they may.
const TRIES: u32 = 20;

/// What the writer did.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Its statements.
    pub(crate) meter: Meter,
    /// How many pages of events, from the first, were acknowledged.
    pub(crate) pages: i64,
    /// How many users of its own were acknowledged.
    pub(crate) users: i64,
    /// Whether the schema outgrew it, so that it had to end.
    pub(crate) is_outgrown: bool,
}

/// Asks, and gives the transaction up where the answer came too late.
macro_rules! ask {
    ($meter:expr, $what:literal, $statement:expr) => {
        match $meter.time($what, $statement).await? {
            Answered::With(answer) => answer,
            other => return Ok(other.without_answer()),
        }
    };
}

impl<T> Answered<T> {
    fn without_answer<U>(self) -> Answered<U> {
        match self {
            Self::Outgrown => Answered::Outgrown,
            Self::With(_) | Self::TooLate => Answered::TooLate,
        }
    }
}

/// Writes pages of events, users, decisions and resolutions, until it is told to stop.
pub(crate) async fn write(
    session: Client,
    mut dice: Rng,
    stop: CancellationToken,
) -> Outcome<Written> {
    session.batch_execute(TIMEOUTS).await?;
    let mut written = Written::default();
    while !stop.is_cancelled() {
        let Written { meter, pages, users, .. } = &mut written;
        let work = dice.u8(..10);
        let mut tries = 0;
        loop {
            let answer = match work {
                0 => person(&session, meter, *users + 1).await?,
                1 => decision(&session, meter, *users).await?,
                2 => resolution(&session, meter, *pages).await?,
                _ => page(&session, meter, *pages + 1).await?,
            };
            match answer {
                Answered::With(()) => break,
                Answered::Outgrown => broken!("a writer of events was outgrown by the new schema"),
                Answered::TooLate => session.batch_execute("ROLLBACK").await?,
            }
            tries += 1;
            ensure!(tries < TRIES, "a writer waited {tries} times as long as it may");
        }
        match work {
            0 => *users += 1,
            1 | 2 => {}
            _ => *pages += 1,
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(written)
}

/// A page of events and its cursor, as `ingest_page` writes it.
async fn page(session: &Client, meter: &mut Meter, number: i64) -> Outcome<Answered<()>> {
    let lock =
        format!("SELECT status FROM epochs WHERE ledger_id = '{LEDGER}' AND id = $1 FOR SHARE");
    let events = format!(
        "INSERT INTO activity_events (ledger_id, id, epoch_id, source, event_type, platform_user_id,
            platform_login, user_id, artifact_url, metadata, payload_hash, producer, producer_version,
            event_time, retrieved_at, ingested_at)
        SELECT '{LEDGER}', 'written:' || n, $1, 'github', 'pr_merged', 'nobody', NULL, NULL, NULL,
            '{{}}', repeat('b', 64), 'torture', '1', '2026-03-09', '2026-03-10', '2026-03-10'
        FROM generate_series(($2::bigint - 1) * {EVENTS} + 1, $2 * {EVENTS}) n
        ON CONFLICT (ledger_id, id) DO NOTHING"
    );
    let cursor = format!(
        "INSERT INTO source_cursors (ledger_id, source, stream, scope, cursor_value, retrieved_at)
        VALUES ('{LEDGER}', 'written', 'events', 'all', $1::bigint::text, '2026-03-10')
        ON CONFLICT (ledger_id, source, stream, scope) DO UPDATE SET cursor_value = EXCLUDED.cursor_value"
    );
    ask!(meter, "BEGIN", session.batch_execute("BEGIN"));
    ask!(meter, "lock the epoch", session.query(&lock, &[&OPEN_EPOCH]));
    ask!(meter, "insert events", session.execute(&events, &[&OPEN_EPOCH, &number]));
    ask!(meter, "upsert a cursor", session.execute(&cursor, &[&number]));
    ask!(meter, "COMMIT", session.batch_execute("COMMIT"));
    Ok(Answered::With(()))
}

/// A person and what they are called on the platform.
async fn person(session: &Client, meter: &mut Meter, number: i64) -> Outcome<Answered<()>> {
    let user = format!(
        "INSERT INTO users (ledger_id, user_id, created_at)
        VALUES ('{LEDGER}', 'written-' || $1::bigint, '2026-03-10') ON CONFLICT DO NOTHING"
    );
    let binding = format!(
        "INSERT INTO identity_bindings (ledger_id, source, platform_user_id, user_id, created_at)
        VALUES ('{LEDGER}', 'written', $1::bigint::text, 'written-' || $1, '2026-03-10')
        ON CONFLICT DO NOTHING"
    );
    ask!(meter, "BEGIN", session.batch_execute("BEGIN"));
    ask!(meter, "insert a user", session.execute(&user, &[&number]));
    ask!(meter, "bind an identity", session.execute(&binding, &[&number]));
    ask!(meter, "COMMIT", session.batch_execute("COMMIT"));
    Ok(Answered::With(()))
}

/// A proposal for one of the writer's people.
async fn decision(session: &Client, meter: &mut Meter, users: i64) -> Outcome<Answered<()>> {
    let upsert = format!(
        "INSERT INTO epoch_allocations (ledger_id, epoch_id, user_id, proposed_units, activity_count,
            created_at, updated_at)
        VALUES ('{LEDGER}', $1, 'written-' || $2::bigint, 8000, 1, '2026-03-10', '2026-03-10')
        ON CONFLICT (ledger_id, epoch_id, user_id) DO UPDATE SET proposed_units = 8000 + $2"
    );
    ask!(meter, "propose an allocation", session.execute(&upsert, &[&OPEN_EPOCH, &users]));
    Ok(Answered::With(()))
}

/// One of the writer's events goes to somebody.
async fn resolution(session: &Client, meter: &mut Meter, pages: i64) -> Outcome<Answered<()>> {
    let resolve = format!(
        "UPDATE activity_events SET user_id = 'written-1'
        WHERE ledger_id = '{LEDGER}' AND id = 'written:' || $1::bigint AND user_id IS NULL"
    );
    ask!(meter, "resolve an identity", session.execute(&resolve, &[&(pages * EVENTS)]));
    Ok(Answered::With(()))
}

/// Writes users into a baseline, until it is told to stop or the schema outgrows it.
pub(crate) async fn write_baseline(session: Client, stop: CancellationToken) -> Outcome<Written> {
    let user = "INSERT INTO users (user_id, display_name) VALUES ('written-' || $1::bigint, 'Name')
        ON CONFLICT DO NOTHING";
    session.batch_execute(TIMEOUTS).await?;
    let mut written = Written::default();
    while !stop.is_cancelled() && !written.is_outgrown {
        let number = written.users + 1;
        match written.meter.time("insert a user", session.execute(user, &[&number])).await? {
            Answered::With(_) => written.users = number,
            Answered::TooLate => {}
            Answered::Outgrown => written.is_outgrown = true,
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(written)
}

/// What the readers of a schema ask.
pub(crate) fn questions(has_activity: bool) -> Vec<(&'static str, String)> {
    if !has_activity {
        return vec![
            ("find a user", "SELECT display_name FROM users WHERE user_id = 'user-7'".to_owned()),
            ("list epochs", "SELECT id, status, opened_at FROM epochs ORDER BY id".to_owned()),
            (
                "read a pool",
                "SELECT component_id, amount_credits FROM epoch_pool_components".to_owned(),
            ),
            (
                "list statements",
                "SELECT id, payouts_json FROM payout_statements LIMIT 50".to_owned(),
            ),
        ];
    }
    let events = "SELECT id, epoch_id, source, event_type, platform_user_id, user_id, metadata,
        payload_hash, event_time FROM activity_events";
    vec![
        (
            "read a page of events",
            format!(
                "{events} WHERE ledger_id = '{LEDGER}' AND epoch_id = 8
                ORDER BY event_time, id LIMIT 100"
            ),
        ),
        (
            "find an event",
            format!("{events} WHERE ledger_id = '{LEDGER}' AND id = 'github:pr:7:7'"),
        ),
        ("list epochs", format!("SELECT id, status FROM epochs WHERE ledger_id = '{LEDGER}'")),
        (
            "list allocations",
            format!(
                "SELECT user_id, proposed_units, final_units FROM epoch_allocations
                WHERE ledger_id = '{LEDGER}' AND epoch_id = 8 ORDER BY user_id LIMIT 100"
            ),
        ),
        (
            "find a user",
            format!(
                "SELECT user_id, display_name FROM users
            WHERE ledger_id = '{LEDGER}' AND user_id = 'user-7'"
            ),
        ),
        ("find a ledger", format!("SELECT name FROM ledgers WHERE ledger_id = '{LEDGER}'")),
    ]
}

/// Reads with statements that were prepared under the old schema, until it is told to stop.
pub(crate) async fn read(
    session: Client,
    questions: Vec<(&'static str, String)>,
    stop: CancellationToken,
) -> Outcome<Meter> {
    session.batch_execute(TIMEOUTS).await?;
    let mut prepared: Vec<(&'static str, Statement)> = Vec::new();
    for (what, sql) in questions {
        prepared.push((what, session.prepare(&sql).await?));
    }
    let mut meter = Meter::default();
    while !stop.is_cancelled() {
        for (what, statement) in &prepared {
            let rows: Answered<Vec<Row>> = meter.time(what, session.query(statement, &[])).await?;
            if let Answered::With(rows) = rows {
                ensure!(!rows.is_empty(), "\"{what}\" found nothing during the upgrade");
            }
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    Ok(meter)
}

/// Streams events slowly, as somebody does who looks at a long list: a transaction that stays open, and
/// behind which whoever wants the table for themselves has to wait.
pub(crate) async fn stream_slowly(session: Client, stop: CancellationToken) -> Outcome<Meter> {
    const OPEN: Duration = Duration::from_millis(1_500);
    const SHUT: Duration = Duration::from_millis(700);
    const BEGIN: &str =
        "BEGIN; DECLARE slow CURSOR FOR SELECT id FROM activity_events; FETCH 100 FROM slow";
    session.batch_execute(TIMEOUTS).await?;
    let mut meter = Meter::default();
    while !stop.is_cancelled() {
        let begin = meter.time("begin a stream", session.batch_execute(BEGIN)).await?;
        if matches!(begin, Answered::With(())) {
            tokio::time::sleep(OPEN).await;
            let go_on = session.batch_execute("FETCH 100 FROM slow; COMMIT");
            meter.time("go on with a stream", go_on).await?;
        } else {
            session.batch_execute("ROLLBACK").await?;
        }
        tokio::time::sleep(SHUT).await;
    }
    Ok(meter)
}

/// Every page and every person that the writer was told of is there, and the cursor is where it ended.
pub(crate) async fn ensure_written(
    owner: &Client,
    written: &Written,
    has_activity: bool,
) -> Outcome<()> {
    let users = "SELECT count(*) FROM users WHERE user_id LIKE 'written-%'
        AND substr(user_id, 9)::bigint <= $1";
    let found: i64 = owner.query_one(users, &[&written.users]).await?.get(0);
    ensure!(found == written.users, "{} users were acknowledged, {found} are there", written.users);
    if !has_activity {
        return Ok(());
    }
    let events = "SELECT count(*) FROM activity_events WHERE id LIKE 'written:%'
        AND substr(id, 9)::bigint <= $1 AND payload_hash = repeat('b', 64)";
    let acknowledged = written.pages * EVENTS;
    let found: i64 = owner.query_one(events, &[&acknowledged]).await?.get(0);
    ensure!(found == acknowledged, "{acknowledged} events were acknowledged, {found} are there");
    let cursor = "SELECT coalesce(max(cursor_value::bigint), 0) FROM source_cursors
        WHERE source = 'written'";
    let found: i64 = owner.query_one(cursor, &[]).await?.get(0);
    ensure!(found == written.pages, "the cursor is at page {found}, not at {}", written.pages);
    Ok(())
}
