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
    SELECT l.relation, l.mode, a.query, l.pid FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.granted AND l.relation = ANY($1) AND a.application_name = 'epoch-ledger-admin'
        AND l.mode IN ('ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')";

/// One lock that was held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lock {
    /// On which table.
    pub(crate) table: String,
    /// PostgreSQL's name of it.
    pub(crate) mode: String,
    /// The statement in which it was first seen.
    pub(crate) statement: String,
}

/// The lock that was held longest.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    longest: Option<(Lock, Duration)>,
}

impl Locks {
    /// Which it was, and for how long.
    pub(crate) fn longest(&self) -> Option<(&Lock, Duration)> {
        self.longest.as_ref().map(|(lock, held)| (lock, *held))
    }

    fn add(&mut self, lock: &Lock, held: Duration) {
        if self.longest.as_ref().is_none_or(|(_, longest)| *longest < held) {
            self.longest = Some((lock.clone(), held));
        }
    }
}

/// Which table, in which mode, by which session. A transaction keeps a lock through all its statements.
type Key = (u32, String, i32);

/// Looks until it is told to stop.
pub(crate) async fn watch(session: Client, stop: CancellationToken) -> Outcome<Locks> {
    let mut tables: BTreeMap<u32, String> = BTreeMap::new();
    for row in session.query(TABLES, &[]).await? {
        tables.insert(row.get(0), row.get(1));
    }
    let oids: Vec<u32> = tables.keys().copied().collect();
    let held = session.prepare(HELD).await?;
    let mut locks = Locks::default();
    let mut since: BTreeMap<Key, (Lock, Instant)> = BTreeMap::new();
    let mut last_look = Instant::now();
    while !stop.is_cancelled() {
        let before = Instant::now();
        let rows = session.query(&held, &[&oids]).await?;
        let after = Instant::now();
        // From the last look at which it was not held to the first at which it is not any more: no lock was
        // held for longer.
        let mut before_that = std::mem::take(&mut since);
        for row in rows {
            let key = (row.get(0), row.get(1), row.get(3));
            let entry = before_that.remove(&key).unwrap_or_else(|| {
                let table = tables.get(&key.0).cloned().unwrap_or_default();
                let statement: String = row.get::<_, Option<String>>(2).unwrap_or_default();
                (Lock { table, mode: key.1.clone(), statement }, last_look)
            });
            locks.add(&entry.0, after.duration_since(entry.1));
            since.insert(key, entry);
        }
        for (lock, first) in before_that.values() {
            locks.add(lock, after.duration_since(*first));
        }
        last_look = before;
        tokio::time::sleep(EVERY).await;
    }
    Ok(locks)
}
