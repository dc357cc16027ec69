//! The ledger's store for long batch work: few connections, and patience.
//!
//! Thin on purpose: limits and names, no SQL and no rules. See `ledger-adapter-server`, its twin
//! for short requests.

use std::time::Duration;

use ledger_repository::{LedgerPool, Limits, PgJobQueue, PgLedgerRegistry, PgLedgerStore, Role};

pub use ledger_repository::{ConnectError, DatabaseUrl, InvalidDatabaseUrl, OpenPoolError};

/// Marks the worker's store.
#[derive(Debug)]
pub enum Worker {}

impl Role for Worker {
    const LIMITS: Limits = Limits {
        application_name: "epoch-ledger-worker",
        statement_timeout: Duration::from_secs(600),
        lock_timeout: Duration::from_secs(60),
        idle_in_transaction_timeout: Duration::from_secs(60),
        connect_timeout: Duration::from_secs(10),
        pool_size: 4,
        pool_wait: Duration::from_secs(60),
    };
}

/// One ledger's store.
pub type WorkerLedgerStore = PgLedgerStore<Worker>;

/// The list of ledgers.
pub type WorkerLedgerRegistry = PgLedgerRegistry<Worker>;

/// The list of jobs.
pub type WorkerJobQueue = PgJobQueue<Worker>;

/// The worker's connections.
pub type WorkerPool = LedgerPool<Worker>;
