//! From configuration to a working ledger: a database (named, or the program's own), a pool that
//! runs as the service role, and the [`Container`] that hands out stores.
//!
//! No rules of the ledger are here, and no SQL. To hand out something new, add it to [`Container`]
//! as a trait object of the port.

mod container;
mod database;
mod error;

pub use container::Container;
pub use database::{Database, DatabaseConfig, MigrationStatus, Provisioned, SchemaState};
pub use error::ContainerError;
