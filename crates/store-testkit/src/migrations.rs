//! The migrations as they lie in the repository, and what the catalogs hold of a schema.

use std::fs;

use crate::server::workspace;

/// How Diesel keeps count, to the letter.
pub const BOOKKEEPING: &str = "
    CREATE TABLE IF NOT EXISTS __diesel_schema_migrations (
        version VARCHAR(50) PRIMARY KEY NOT NULL,
        run_on TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
    )";

/// One migration as it lies in the repository.
#[derive(Debug)]
pub struct MigrationFolder {
    /// Its folder's name.
    pub name: String,
    /// Its way up.
    pub up: String,
}

impl MigrationFolder {
    /// Every migration, in order.
    ///
    /// # Panics
    /// When they cannot be read.
    pub fn all() -> Vec<Self> {
        let mut all: Vec<Self> = fs::read_dir(workspace().join("migrations"))
            .expect("the migrations lie in the workspace")
            .map(|entry| {
                let path = entry.expect("a readable entry").path();
                let up = fs::read_to_string(path.join("up.sql")).expect("a migration has a way up");
                let name = path.file_name().expect("a folder has a name");
                Self { name: name.to_string_lossy().into_owned(), up }
            })
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    }

    /// As Diesel counts it.
    pub fn version(&self) -> &str {
        self.parts().0
    }

    /// What it does, without the time at which it was written.
    pub fn short_name(&self) -> &str {
        self.parts().1
    }

    fn parts(&self) -> (&str, &str) {
        self.name.split_once('_').expect("a timestamp and a name")
    }

    /// Applies it as Diesel does: the way up and its entry, in one transaction. [`BOOKKEEPING`] comes first.
    pub fn script(&self) -> String {
        format!(
            "BEGIN;\n{}\n; INSERT INTO __diesel_schema_migrations (version) VALUES ('{}'); COMMIT",
            self.up,
            self.version()
        )
    }
}

/// Everything the catalogs know of the schema, in words that do not depend on history. Of the
/// grants only those to others: one that was given and taken back leaves the owner's own spelled
/// out. Not in it is what a way down leaves on purpose: btree_gist and the stricter schema public.
pub const CATALOGS: &str = "
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
    UNION ALL SELECT 'index ' || pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid || ' ' ||
        i.indisready || coalesce(obj_description(i.indexrelid, 'pg_class'), '')
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

/// The grants to anybody but the owner: what [`CATALOGS`] asks for, once a session.
pub const OTHERS: &str = "
    CREATE OR REPLACE FUNCTION pg_temp.others(acl aclitem[]) RETURNS text LANGUAGE sql AS $$
        SELECT coalesce(string_agg(g::text, ' ' ORDER BY g::text), '') FROM unnest(acl) AS g
        WHERE g::text NOT LIKE current_user || '=%'
    $$";
