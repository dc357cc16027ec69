//! The released schemas: what a database is after each migration.

use std::path::Path;

use tokio_postgres::Client;

use crate::Outcome;

/// The migrations as they lie in the repository.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations");

/// How Diesel keeps count, to the letter.
const BOOKKEEPING: &str = "
    CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
        version VARCHAR(50) PRIMARY KEY NOT NULL,
        run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
    )";

/// The first schema with activity in it.
pub(crate) const FIRST_WITH_ACTIVITY: usize = 1;
/// The first schema in which the service role may do anything.
pub(crate) const FIRST_WITH_GRANTS: usize = 3;
/// The first schema with jobs.
pub(crate) const FIRST_WITH_JOBS: usize = 4;
/// The first schema with tokens and idempotency keys.
pub(crate) const FIRST_WITH_ACCESS: usize = 5;

/// One migration.
#[derive(Debug)]
pub(crate) struct Migration {
    /// Its folder's name.
    pub(crate) name: String,
    up: String,
}

impl Migration {
    /// Every migration, in order.
    pub(crate) fn all() -> Outcome<Vec<Self>> {
        let mut all = Vec::new();
        for entry in std::fs::read_dir(FOLDER)? {
            let path = entry?.path();
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            all.push(Self { name, up: std::fs::read_to_string(Path::new(&path).join("up.sql"))? });
        }
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    /// As Diesel does: the way up and its entry, in one transaction.
    pub(crate) async fn apply(&self, owner: &Client) -> Outcome<()> {
        let (up, version) = (&self.up, self.version());
        let both = format!(
            "{BOOKKEEPING}; BEGIN;\n{up}\n;
            INSERT INTO __diesel_schema_migrations (version) VALUES ('{version}'); COMMIT"
        );
        Ok(owner.batch_execute(&both).await?)
    }

    fn version(&self) -> &str {
        self.name.split('_').next().unwrap_or_default()
    }

    /// What it does, without the time at which it was written.
    pub(crate) fn short_name(&self) -> &str {
        self.name.split_once('_').map_or(self.name.as_str(), |(_, name)| name)
    }

    /// Whether a statement that the server is at is this migration. The server shows its beginning.
    pub(crate) fn is_begun_by(&self, statement: &str) -> bool {
        let beginning: String = self.up.chars().take(60).collect();
        statement.starts_with(&beginning)
    }
}
