//! Times and lengths of time, in whole seconds: schedules need no more.

use std::time::Duration;

use ledger_core::Timestamp;

/// A moment later; the last moment there is where that is out of range.
pub(crate) fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let later = moment.unix_seconds().saturating_add(seconds);
    let last = || Timestamp::from_unix_seconds(253_402_300_799).expect("the year 9999");
    Timestamp::from_unix_seconds(later).unwrap_or_else(|_| last())
}

/// How long ago the moment was; nothing where it is still to come.
pub(crate) fn since(moment: Timestamp, now: Timestamp) -> Duration {
    let seconds = now.unix_seconds().saturating_sub(moment.unix_seconds());
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
