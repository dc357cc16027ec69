//! Indexes that a migration builds while nobody may write, built beforehand beside everybody.
//!
//! A migration never changes once it is merged, and some were merged whose `CREATE INDEX` keeps every
//! writer out for as long as all events take to be sorted: seconds where there are a million. Where
//! there are events, such an index is built first, by `CREATE INDEX CONCURRENTLY` under a name of its
//! own, and the migration then only gives it its name. The schema that comes out is the same.
//!
//! A new migration needs no line here: it says `run_in_transaction = false` in its `metadata.toml` and
//! builds its index concurrently itself.

use std::time::Duration;

use diesel::QueryableByName;
use diesel::RunQueryDsl as _;
use diesel::connection::{BoxableConnection, SimpleConnection as _};
use diesel::migration::{Migration, MigrationMetadata, MigrationName};
use diesel::pg::Pg;
use diesel::sql_types::Bool;

use super::apply::patiently;
use super::migrate::{Cause, Harness};

/// The longest that building an index waits for transactions that were there before it. It keeps nobody
/// out meanwhile.
const BUILD_WAIT: Duration = Duration::from_secs(600);

/// An index of `activity_events` that a merged migration builds.
struct LateIndex {
    migration: &'static str,
    name: &'static str,
    up: &'static str,
}

const LATE_INDEXES: &[LateIndex] = &[
    LateIndex {
        migration: "20260330000000_add_access",
        name: "activity_events_by_user",
        up: include_str!("../../../../migrations/20260330000000_add_access/up.sql"),
    },
    LateIndex {
        migration: "20260406000000_index_waiting_identities",
        name: "activity_events_waiting",
        up: include_str!("../../../../migrations/20260406000000_index_waiting_identities/up.sql"),
    },
];

impl LateIndex {
    /// What it is called until the migration comes to it.
    fn early_name(&self) -> String {
        format!("{}_early", self.name)
    }

    /// How it is built beside everybody, and the migration that then only names it; `None` where the
    /// migration does not build it.
    fn split(&self) -> Option<(String, String)> {
        let begins = format!("CREATE INDEX {}\n", self.name);
        let from = self.up.find(&begins)?;
        let to = from + self.up[from..].find(';')?;
        let (statement, early) = (&self.up[from..to], self.early_name());
        let build = statement.replacen(&begins, &format!("CREATE INDEX CONCURRENTLY {early}\n"), 1);
        let naming = format!("ALTER INDEX {early} RENAME TO {}", self.name);
        Some((build, self.up.replacen(statement, &naming, 1)))
    }
}

/// Builds what a migration would build under a lock; answers the migration to apply.
pub(super) fn prepare(
    harness: &mut Harness,
    migration: Box<dyn Migration<Pg>>,
) -> Result<Box<dyn Migration<Pg>>, Cause> {
    let name = migration.name().to_string();
    let late = LATE_INDEXES.iter().find(|index| index.migration == name);
    let Some((index, (build, up))) = late.and_then(|index| Some((index, index.split()?))) else {
        return Ok(migration);
    };
    if !answers_yes(harness, "EXISTS (SELECT FROM public.activity_events)")? {
        return Ok(migration);
    }
    let early = index.early_name();
    let is_ready = format!(
        "EXISTS (SELECT FROM pg_catalog.pg_index
            WHERE indexrelid = pg_catalog.to_regclass('public.{early}') AND indisvalid)"
    );
    // One that was built for a migration that then could not be applied is as good as new.
    if !answers_yes(harness, &is_ready)? {
        patiently(harness, &name, |harness| {
            // What a build that broke off left is of no use.
            harness.batch_execute(&format!("DROP INDEX IF EXISTS {early}"))?;
            harness.batch_execute(&format!("SET lock_timeout = {}", BUILD_WAIT.as_millis()))?;
            Ok(harness.batch_execute(&build)?)
        })?;
    }
    Ok(Box::new(Prepared { migration, up }))
}

#[derive(QueryableByName)]
struct Answer {
    #[diesel(sql_type = Bool)]
    is_so: bool,
}

fn answers_yes(harness: &mut Harness, question: &str) -> Result<bool, Cause> {
    let answer: Answer =
        diesel::sql_query(format!("SELECT {question} AS is_so")).get_result(harness)?;
    Ok(answer.is_so)
}

/// A migration whose index is there already.
struct Prepared {
    migration: Box<dyn Migration<Pg>>,
    up: String,
}

impl Migration<Pg> for Prepared {
    fn run(&self, connection: &mut dyn BoxableConnection<Pg>) -> diesel::migration::Result<()> {
        Ok(connection.batch_execute(&self.up)?)
    }

    fn revert(&self, connection: &mut dyn BoxableConnection<Pg>) -> diesel::migration::Result<()> {
        self.migration.revert(connection)
    }

    fn metadata(&self) -> &dyn MigrationMetadata {
        self.migration.metadata()
    }

    fn name(&self) -> &dyn MigrationName {
        self.migration.name()
    }
}

#[cfg(test)]
mod tests {
    use super::LATE_INDEXES;

    #[test]
    fn each_is_built_once_and_nothing_else_of_its_migration_changes() {
        for index in LATE_INDEXES {
            let (build, up) = index.split().expect("its migration builds it");
            assert!(build.starts_with("CREATE INDEX CONCURRENTLY "), "{build}");
            assert!(!build.contains(';') && build.contains(" ON activity_events "), "{build}");
            let naming = format!("ALTER INDEX {0}_early RENAME TO {0}", index.name);
            let plain = build.replace(&format!("CONCURRENTLY {}_early", index.name), index.name);
            assert_eq!(up.replacen(&naming, &plain, 1), index.up);
        }
    }
}
