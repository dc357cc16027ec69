//! Each migration by itself: what the catalogs hold after its way up, and again after its way down.

use std::path::PathBuf;

use ledger_repository::administration::{migrate, migration_status, revert_last_migration};
use ledger_testkit::TestDatabase;

use crate::sql::Sql;

/// How Diesel keeps count, to the letter.
pub(crate) const BOOKKEEPING: &str = "
    CREATE TABLE __diesel_schema_migrations (
        version VARCHAR(50) PRIMARY KEY NOT NULL,
        run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
    )";

/// One migration as it lies in the repository.
pub(crate) struct Folder {
    pub(crate) name: String,
    up: String,
}

impl Folder {
    /// Every migration, in order.
    pub(crate) fn all() -> Vec<Self> {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../migrations");
        let mut all: Vec<Self> = std::fs::read_dir(folder)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let up = std::fs::read_to_string(entry.path().join("up.sql")).unwrap();
                Self { name: entry.file_name().into_string().unwrap(), up }
            })
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    fn version(&self) -> &str {
        self.name.split_once('_').expect("a timestamp and a name").0
    }

    /// As Diesel does: the way up and its entry, in one transaction.
    pub(crate) async fn apply(&self, sql: &Sql) {
        sql.run(&format!(
            "BEGIN;\n{}\n; INSERT INTO __diesel_schema_migrations (version) VALUES ('{}'); COMMIT",
            self.up,
            self.version()
        ))
        .await;
    }
}

/// Everything the catalogs know of the schema, in words that do not depend on history. Of the
/// grants only those to others: one that was given and taken back leaves the owner's own spelled
/// out. Not in it is what a way down leaves on purpose: btree_gist and the stricter schema public.
const CATALOGS: &str = "
    SELECT 'column ' || a.attrelid::regclass || '.' || a.attname || ' ' ||
        format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull || ' ' ||
        coalesce(pg_get_expr(d.adbin, d.adrelid), '') || ' ' || a.attcollation ||
        coalesce(col_description(a.attrelid, a.attnum), '') || pg_temp.others(a.attacl)
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r'
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE c.relnamespace = 'public'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' ||
        pg_get_constraintdef(oid) || coalesce(obj_description(oid, 'pg_constraint'), '')
    FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
    UNION ALL SELECT 'index ' || pg_get_indexdef(i.indexrelid) ||
        coalesce(obj_description(i.indexrelid, 'pg_class'), '')
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE c.relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'trigger ' || tgenabled::text || ' ' || pg_get_triggerdef(oid)
    FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'function ' || pg_get_functiondef(p.oid) || pg_temp.others(p.proacl) ||
        coalesce(obj_description(p.oid, 'pg_proc'), '')
    FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS
        (SELECT FROM pg_depend WHERE objid = p.oid AND deptype = 'e')
    UNION ALL SELECT 'relation ' || relkind::text || ' ' || relname || ' ' || relrowsecurity ||
        relforcerowsecurity || pg_temp.others(relacl) || coalesce(obj_description(oid, 'pg_class'), '')
    FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'schema ' || nspname || g::text FROM pg_namespace, unnest(nspacl) AS g
    WHERE nspname = 'public' AND g::text LIKE 'ledger_service=%'
    ORDER BY 1";

/// The grants to anybody but the owner.
const OTHERS: &str = "
    CREATE FUNCTION pg_temp.others(acl aclitem[]) RETURNS text LANGUAGE sql AS $$
        SELECT coalesce(string_agg(g::text, ' ' ORDER BY g::text), '') FROM unnest(acl) AS g
        WHERE g::text NOT LIKE current_user || '=%'
    $$";

fn assert_same(found: &[String], expected: &[String], when: &str) {
    let lost: Vec<_> = expected.iter().filter(|row| !found.contains(row)).collect();
    let gained: Vec<_> = found.iter().filter(|row| !expected.contains(row)).collect();
    assert!(lost.is_empty() && gained.is_empty(), "{when}: lost {lost:#?}, gained {gained:#?}");
}

#[tokio::test]
async fn every_migration_goes_down_to_what_was_there_before_it_and_up_again() {
    let database = TestDatabase::empty().await;
    let (url, sql) = (database.owner_url(), Sql::owner(&database).await);
    sql.run(OTHERS).await;
    sql.run(BOOKKEEPING).await;
    let migrations = Folder::all();
    // What is there after so many of them.
    let mut after = vec![sql.column(CATALOGS).await];
    for one in &migrations {
        one.apply(&sql).await;
        after.push(sql.column(CATALOGS).await);
        let (before, now) = (&after[after.len() - 2], &after[after.len() - 1]);
        assert_ne!(before, now, "{} does nothing that this test sees", one.name);
    }
    assert!(migrate(&url).await.unwrap().is_empty(), "the program counts them as applied");
    let top = migrations.len();
    for steps in 1..=top {
        for left in (top - steps..top).rev() {
            assert_eq!(revert_last_migration(&url).await.unwrap(), migrations[left].version());
            let when = format!("{} down", migrations[left].name);
            assert_same(&sql.column(CATALOGS).await, &after[left], &when);
        }
        assert_eq!(migration_status(&url).await.unwrap().pending().count(), steps);
        assert_eq!(migrate(&url).await.unwrap().len(), steps);
        assert_same(&sql.column(CATALOGS).await, &after[top], &format!("{steps} up again"));
    }
}
