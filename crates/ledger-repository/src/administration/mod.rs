//! What the database's owner does: roles and migrations. The running program never does.

mod apply;
mod beside;
mod migrate;
mod provision;

pub(crate) use migrate::schema_state;
pub use migrate::{
    MigrateError, MigrationStatus, SchemaState, migrate, migration_status, revert_last_migration,
};
pub use provision::{ProvisionError, Provisioned, create_database_if_missing, provision};

/// The role that the running program acts as. It bypasses row-level security, owns nothing, and
/// holds only the grants that the migrations give it.
pub const SERVICE_ROLE: &str = "ledger_service";
