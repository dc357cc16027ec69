//! What one adapter allows itself. The core is written once; an adapter is a marker type with limits.

use std::fmt::Debug;
use std::time::Duration;

/// The limits of one adapter's connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How the connections call themselves in `pg_stat_activity`.
    pub application_name: &'static str,
    /// The longest one statement may run.
    pub statement_timeout: Duration,
    /// The longest one statement may wait for a lock.
    pub lock_timeout: Duration,
    /// The longest a transaction may wait for its next statement.
    pub idle_in_transaction_timeout: Duration,
    /// The longest a connection may take to open, at each address of the database's hosts.
    pub connect_timeout: Duration,
    /// The most connections.
    pub pool_size: usize,
    /// The longest to wait for a free connection.
    pub pool_wait: Duration,
}

impl Limits {
    /// The longest that the server may be silent while it owes an answer. PostgreSQL ends a statement
    /// by itself before that, and says so; whoever then still hears nothing has lost the server, and
    /// the connection is given up. What is added is what the network may take, as for a new connection.
    pub const fn answer_timeout(&self) -> Duration {
        self.statement_timeout.saturating_add(self.connect_timeout)
    }
}

/// Marks a store as one adapter's.
pub trait Role: Debug + Send + Sync + 'static {
    /// What this adapter allows itself.
    const LIMITS: Limits;
}
