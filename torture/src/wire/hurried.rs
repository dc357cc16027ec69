//! An adapter with little patience, so that a short torture sees many timeouts.

use std::time::Duration;

use ledger_repository::{Limits, Role};

/// Marks it.
#[derive(Debug)]
pub(super) enum Hurried {}

/// Its most connections; fewer than there are callers.
pub(super) const POOL_SIZE: u64 = 4;

impl Role for Hurried {
    const LIMITS: Limits = Limits {
        application_name: "torture-wire",
        statement_timeout: Duration::from_secs(1),
        lock_timeout: Duration::from_millis(300),
        idle_in_transaction_timeout: Duration::from_secs(3),
        connect_timeout: Duration::from_millis(500),
        pool_size: 4,
        pool_wait: Duration::from_millis(500),
    };
}

/// What a busy machine may add to a wait.
const MARGIN: Duration = Duration::from_secs(2);

/// The longest that a call may take with these limits where one thing goes wrong: to wait for a
/// connection, to open one, and to wait for an answer.
pub(super) fn longest_wait(limits: &Limits) -> Duration {
    limits.pool_wait + limits.connect_timeout + limits.answer_timeout() + MARGIN
}
