use ledger_adapter_worker::OpenPoolError;
use ledger_port::LedgerPortError;

/// Why a worker does not start.
#[derive(Debug, thiserror::Error)]
pub enum WorkerError {
    /// The pool does not open.
    #[error(transparent)]
    OpenPool(#[from] OpenPoolError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] LedgerPortError),
}
