//! Where tests of the store stand: a PostgreSQL that they start themselves, a database for each, and the
//! migrations as they lie in their folders.

mod database;
mod migrations;
mod server;

pub use database::TestDatabase;
pub use migrations::{BOOKKEEPING, CATALOGS, MigrationFolder, OTHERS};
pub use server::TestServer;
