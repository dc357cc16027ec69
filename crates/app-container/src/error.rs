use ledger_adapter_server::administration::{MigrateError, ProvisionError};
use ledger_adapter_server::{InvalidDatabaseUrl, OpenPoolError};
use ledger_port::LedgerPortError;
use private_postgres::PrivatePostgresError;

/// Why there is no working ledger.
#[derive(Debug, thiserror::Error)]
pub enum ContainerError {
    /// The address of the database cannot be read.
    #[error(transparent)]
    InvalidDatabaseUrl(#[from] InvalidDatabaseUrl),
    /// The program's own PostgreSQL does not run.
    #[error(transparent)]
    PrivatePostgres(#[from] PrivatePostgresError),
    /// The roles cannot be made.
    #[error(transparent)]
    Provision(#[from] ProvisionError),
    /// The schema cannot be migrated, or is newer than this program.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The pool does not open, its role is not safe to run as, or the schema is not this program's.
    #[error(transparent)]
    OpenPool(#[from] OpenPoolError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] LedgerPortError),
    /// A helper thread died.
    #[error("a background task of the program failed")]
    Task(#[from] tokio::task::JoinError),
}
