//! `[worker]`: how the worker works. Every key has a default.

use std::time::Duration;

use super::WorkerSettings;
use super::table::Table;
use super::value::{SHORTEST, duration, whole};

/// The most jobs that one worker runs at once.
const MAX_CONCURRENCY: i64 = 64;
/// The longest lease: a dead worker's job is taken over within a minute.
const LONGEST_LEASE: Duration = Duration::from_secs(60);
/// The most times a job is tried.
const MAX_ATTEMPTS: i64 = 1_000;

impl Default for WorkerSettings {
    fn default() -> Self {
        Self {
            concurrency: 4,
            poll_every: Duration::from_secs(5),
            lease: Duration::from_secs(30),
            max_attempts: 10,
            first_retry_after: Duration::from_secs(10),
            longest_retry_after: Duration::from_secs(30 * 60),
        }
    }
}

/// Reads the table `worker` of the file.
pub(super) fn read(root: &mut Table<'_, '_>) -> WorkerSettings {
    let default = WorkerSettings::default();
    let faults = root.faults();
    let Some(mut table) = root.entry("worker").and_then(|entry| Table::of(faults, entry)) else {
        return default;
    };
    let concurrency = table.read("concurrency", |value| whole(value, 1..=MAX_CONCURRENCY));
    let max_attempts = table.read("max_attempts", |value| whole(value, 1..=MAX_ATTEMPTS));
    let mut time =
        |key, default| table.read(key, |value| duration(value, SHORTEST)).unwrap_or(default);
    let settings = WorkerSettings {
        poll_every: time("poll_every", default.poll_every),
        lease: time("lease", default.lease),
        first_retry_after: time("first_retry_after", default.first_retry_after),
        longest_retry_after: time("longest_retry_after", default.longest_retry_after),
        concurrency: concurrency
            .and_then(|number| usize::try_from(number).ok())
            .unwrap_or(default.concurrency),
        max_attempts: max_attempts
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(default.max_attempts),
    };
    table.refuse_rest();
    check(&settings, &table);
    settings
}

/// What the keys are to each other.
fn check(settings: &WorkerSettings, table: &Table<'_, '_>) {
    let shown = humantime::format_duration;
    let WorkerSettings { poll_every, lease, first_retry_after, longest_retry_after, .. } =
        *settings;
    if lease < poll_every.saturating_mul(2) {
        let problem = format!(
            "{} is shorter than two polls, so that jobs of living workers would be taken over; \
             write {} at least, or poll more often",
            shown(lease),
            shown(poll_every.saturating_mul(2)),
        );
        table.tell("lease", problem);
    }
    if lease > LONGEST_LEASE {
        let problem = format!(
            "{} is longer than {}, so that the jobs of a dead worker would wait for too long; a living \
             one extends its lease by itself",
            shown(lease),
            shown(LONGEST_LEASE),
        );
        table.tell("lease", problem);
    }
    if longest_retry_after < first_retry_after {
        let problem = format!(
            "{} is shorter than first_retry_after, {}",
            shown(longest_retry_after),
            shown(first_retry_after)
        );
        table.tell("longest_retry_after", problem);
    }
}
