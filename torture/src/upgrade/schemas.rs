//! The released schemas: what a database is after each migration.

use store_testkit::{BOOKKEEPING, CATALOGS, MigrationFolder, OTHERS};
use tokio_postgres::Client;

use crate::Outcome;

/// The first schema with activity in it.
pub(crate) const FIRST_WITH_ACTIVITY: usize = 1;
/// The first schema in which the service role may do anything.
pub(crate) const FIRST_WITH_GRANTS: usize = 3;
/// The first schema with jobs.
pub(crate) const FIRST_WITH_JOBS: usize = 4;
/// The first schema with tokens and idempotency keys.
pub(crate) const FIRST_WITH_ACCESS: usize = 5;

/// Applies a migration as Diesel does.
pub(crate) async fn apply(migration: &MigrationFolder, owner: &Client) -> Outcome<()> {
    owner.batch_execute(BOOKKEEPING).await?;
    Ok(owner.batch_execute(&migration.script()).await?)
}

/// Whether a statement that the server is at is this migration. The server shows its beginning.
pub(crate) fn is_begun_by(migration: &MigrationFolder, statement: &str) -> bool {
    let beginning: String = migration.up.chars().take(60).collect();
    statement.starts_with(&beginning)
}

/// The schema of a database, line by line.
pub(crate) async fn catalogs(owner: &Client) -> Outcome<Vec<String>> {
    owner.batch_execute(OTHERS).await?;
    Ok(owner.query(CATALOGS, &[]).await?.iter().map(|row| row.get(0)).collect())
}
