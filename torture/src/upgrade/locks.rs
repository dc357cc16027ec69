//! Who holds what over others while a schema is upgraded, as the server shows it every few milliseconds.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use crate::Outcome;

/// How often one looks.
const EVERY: Duration = Duration::from_millis(5);

/// The tables that were there before the upgrade. What it makes anew, nobody waits for.
const TABLES: &str = "
    SELECT oid, relname::text FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname NOT LIKE '\\_\\_diesel%'";

/// The locks that keep writers or readers out, and who holds them.
const HELD: &str = "
    SELECT l.relation, l.mode, a.query FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.granted AND l.relation = ANY($1) AND a.application_name = 'epoch-ledger-admin'
        AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')";

/// One lock, held from a look to another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Lock {
    /// On which table.
    pub(crate) table: String,
    /// PostgreSQL's name of it.
    pub(crate) mode: String,
    /// The statement of whoever holds it.
    pub(crate) statement: String,
}

/// How long each lock was held at the longest.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    held: BTreeMap<Lock, Duration>,
}

impl Locks {
    /// The lock that was held longest.
    pub(crate) fn longest(&self) -> Option<(&Lock, Duration)> {
        self.held.iter().map(|(lock, held)| (lock, *held)).max_by_key(|(_, held)| *held)
    }
}

/// Looks until it is told to stop.
pub(crate) async fn watch(session: Client, stop: CancellationToken) -> Outcome<Locks> {
    let mut tables: BTreeMap<u32, String> = BTreeMap::new();
    for row in session.query(TABLES, &[]).await? {
        tables.insert(row.get(0), row.get(1));
    }
    let oids: Vec<u32> = tables.keys().copied().collect();
    let held = session.prepare(HELD).await?;
    let mut locks = Locks::default();
    let mut since: BTreeMap<Lock, Instant> = BTreeMap::new();
    while !stop.is_cancelled() {
        // From before one look to after another: what lies between is no shorter than it was.
        let before = Instant::now();
        let rows = session.query(&held, &[&oids]).await?;
        let after = Instant::now();
        let mut now: BTreeMap<Lock, Instant> = BTreeMap::new();
        for row in rows {
            let table = tables.get(&row.get::<_, u32>(0)).cloned().unwrap_or_default();
            let statement: String = row.get::<_, Option<String>>(2).unwrap_or_default();
            let lock = Lock { table, mode: row.get(1), statement };
            let first = *since.get(&lock).unwrap_or(&before);
            let longest = locks.held.entry(lock.clone()).or_default();
            *longest = (*longest).max(after.duration_since(first));
            now.insert(lock, first);
        }
        since = now;
        tokio::time::sleep(EVERY).await;
    }
    Ok(locks)
}
