//! Applies migrations while others read and write, and keeps none of them waiting for long.
//!
//! A statement that wants a table for itself waits for whoever reads it, and everybody who comes later
//! waits behind that statement. So no migration waits for a lock longer than [`LOCK_WAIT`]: it gives up
//! what it did, lets the others through, and begins anew, until [`PATIENCE`] is over.

use std::error::Error;
use std::fmt;
use std::thread::sleep;
use std::time::{Duration, Instant};

use diesel::connection::SimpleConnection as _;
use diesel_migrations::MigrationHarness as _;
use ledger_schema::MIGRATIONS;

use super::beside;
use super::migrate::{Cause, Harness};
use crate::refusals::says_to_wait;

/// The longest that a migration waits for one lock. Shorter than PostgreSQL's `deadlock_timeout`: where
/// a migration and a writer wait for each other, the migration gives way, and not the writer.
const LOCK_WAIT: Duration = Duration::from_millis(250);

/// How long the others have the tables to themselves after that.
const PAUSE: Duration = Duration::from_millis(500);

/// How long a migration is tried again.
const PATIENCE: Duration = Duration::from_secs(120);

/// Others kept what a migration needs.
#[derive(Debug)]
pub(super) struct StillInUse {
    /// Which migration.
    pub(super) migration: String,
    /// For how long.
    pub(super) waited: Duration,
}

impl fmt::Display for StillInUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "others used what {} needs for {} s", self.migration, self.waited.as_secs())
    }
}

impl Error for StillInUse {}

/// Applies every pending migration, in order; answers their versions.
pub(super) fn apply_pending(harness: &mut Harness) -> Result<Vec<String>, Cause> {
    let mut applied = Vec::new();
    for migration in harness.pending_migrations(MIGRATIONS)? {
        let migration = beside::prepare(harness, migration)?;
        applied.push(patiently(harness, &migration.name().to_string(), |harness| {
            hold_a_lock_for_long(harness)?;
            Ok(harness.run_migration(&*migration)?.to_string())
        })?);
    }
    Ok(applied)
}

/// Takes back the newest migration; answers its version.
pub(super) fn revert_last(harness: &mut Harness) -> Result<String, Cause> {
    patiently(harness, "the way back", |harness| {
        Ok(harness.revert_last_migration(MIGRATIONS)?.to_string())
    })
}

/// Tries again what gave up waiting for a lock.
pub(super) fn patiently<T>(
    harness: &mut Harness,
    migration: &str,
    attempt: impl Fn(&mut Harness) -> Result<T, Cause>,
) -> Result<T, Cause> {
    let began = Instant::now();
    loop {
        harness.batch_execute(&format!("SET lock_timeout = {}", LOCK_WAIT.as_millis()))?;
        let error = match attempt(harness) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        if !says_to_wait(&error.to_string()) {
            return Err(error);
        }
        let waited = began.elapsed();
        if waited >= PATIENCE {
            return Err(StillInUse { migration: migration.to_owned(), waited }.into());
        }
        tracing::info!(migration, ?waited, "others use what a migration needs; it tries again");
        sleep(PAUSE);
    }
}

/// A deliberate fault, for the tortures: keeps everybody from the events for longer than a second.
fn hold_a_lock_for_long(harness: &mut Harness) -> Result<(), Cause> {
    if ledger_core::has_fault!("fault-long-lock") {
        harness.batch_execute(
            "DO $$ BEGIN
                IF pg_catalog.to_regclass('public.activity_events') IS NOT NULL THEN
                    LOCK TABLE public.activity_events;
                    PERFORM pg_catalog.pg_sleep(1.5);
                END IF;
            END $$",
        )?;
    }
    Ok(())
}
