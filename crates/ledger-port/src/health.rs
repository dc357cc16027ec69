//! How a store gets on, for whoever watches it.

/// Counts since the store was opened, and its connections now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct StoreHealth {
    /// The most connections there may be.
    pub max_connections: usize,
    /// Connections that are open.
    pub connections: usize,
    /// Of those, how many nobody uses.
    pub idle: usize,
    /// Callers that wait for one.
    pub waiting: usize,
    /// Transactions that succeeded.
    pub succeeded: u64,
    /// Transactions that the ledger's rules refused.
    pub refused: u64,
    /// Transactions that failed.
    pub failed: u64,
    /// How often one was run again, because it met another.
    pub retried: u64,
}
