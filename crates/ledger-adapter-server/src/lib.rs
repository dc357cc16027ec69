//! The ledger's store for short requests: what a person waits for is answered soon or refused.
//!
//! Thin on purpose: limits and names, no SQL and no rules. What the store does is in
//! `ledger-repository`; what a program needs besides (the registry, administration, errors) is
//! passed on from there, so that nobody above this crate knows PostgreSQL.

use std::time::Duration;

use ledger_repository::{LedgerPool, Limits, PgJobQueue, PgLedgerRegistry, PgLedgerStore, Role};

pub use ledger_repository::{
    ConnectError, DatabaseUrl, InvalidDatabaseUrl, OpenPoolError, administration,
};

/// Marks the server's store.
#[derive(Debug)]
pub enum Server {}

impl Role for Server {
    const LIMITS: Limits = Limits {
        application_name: "epoch-ledger-server",
        statement_timeout: Duration::from_secs(30),
        lock_timeout: Duration::from_secs(5),
        idle_in_transaction_timeout: Duration::from_secs(10),
        connect_timeout: Duration::from_secs(5),
        pool_size: 16,
        pool_wait: Duration::from_secs(5),
    };
}

/// One ledger's store.
pub type ServerLedgerStore = PgLedgerStore<Server>;

/// The list of ledgers.
pub type ServerLedgerRegistry = PgLedgerRegistry<Server>;

/// The list of jobs, to be looked at and put right.
pub type ServerJobQueue = PgJobQueue<Server>;

/// The server's connections.
pub type ServerPool = LedgerPool<Server>;
