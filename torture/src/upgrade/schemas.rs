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

/// What a schema is: every column, index, constraint and trigger, with what is said of it.
const CATALOGS: &str = "
    SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' ||
        format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull ||
        coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '')
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' ||
        pg_get_constraintdef(oid) || coalesce(obj_description(oid, 'pg_constraint'), '')
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
    UNION ALL SELECT 'index ' || pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid || ' ' ||
        i.indisready || coalesce(obj_description(i.indexrelid, 'pg_class'), '')
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger ' || tgenabled::text || ' ' || pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'grant ' || c.relname || ' ' || g.held::text
    FROM pg_class c, unnest(c.relacl) AS g (held)
    WHERE c.relnamespace = 'public'::regnamespace AND g.held::text LIKE 'ledger_service=%'
    ORDER BY 1";

/// The schema of a database, line by line.
pub(crate) async fn catalogs(owner: &Client) -> Outcome<Vec<String>> {
    Ok(owner.query(CATALOGS, &[]).await?.iter().map(|row| row.get(0)).collect())
}
