//! What the catalogs must say: named rules, keys that begin with the ledger, no loose types.

use std::collections::BTreeSet;

use ledger_repository::RULES;
use store_testkit::TestDatabase;

use crate::sql::Sql;

async fn sql() -> (Sql, TestDatabase) {
    let database = TestDatabase::new().await;
    (Sql::owner(&database).await, database)
}

/// Every row of the query is a fault.
async fn assert_none(sql: &Sql, query: &str) {
    let faults = sql.rows(query).await;
    assert!(faults.is_empty(), "{faults:#?}");
}

const OURS: &str = "c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
    AND c.relname NOT LIKE '\\_\\_diesel%'";

#[tokio::test]
async fn the_table_of_rules_is_what_the_database_has() {
    let (sql, _database) = sql().await;
    let constraints = format!(
        "SELECT n.conname FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid
         WHERE {OURS} AND n.contype IN ('p', 'u', 'f', 'c', 'x')
         UNION SELECT i.indexrelid::regclass::text FROM pg_index i
         JOIN pg_class c ON c.oid = i.indrelid WHERE {OURS} AND i.indisunique"
    );
    let mut found: BTreeSet<String> = sql.column(&constraints).await.into_iter().collect();
    let raised = "SELECT m[1] FROM pg_proc p,
            regexp_matches(p.prosrc, 'CONSTRAINT = ''([a-z_]+)''', 'g') m
        WHERE p.proname LIKE 'ledger\\_%'
        UNION SELECT convert_from(trim(trailing '\\x00' FROM tgargs), 'UTF8') FROM pg_trigger
        WHERE NOT tgisinternal AND tgnargs = 1";
    found.extend(sql.column(raised).await);
    let listed: BTreeSet<String> = RULES.iter().map(|(rule, _)| (*rule).to_owned()).collect();
    let unlisted: Vec<_> = found.difference(&listed).collect();
    let unknown: Vec<_> = listed.difference(&found).collect();
    assert!(unlisted.is_empty(), "not in the table: {unlisted:?}");
    assert!(unknown.is_empty(), "not in the database: {unknown:?}");
}

#[tokio::test]
async fn every_key_begins_with_the_ledger() {
    let (sql, _database) = sql().await;
    let keys = format!(
        "SELECT n.conname FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid
         JOIN pg_attribute a ON a.attrelid = n.conrelid AND a.attnum = n.conkey[1]
         WHERE {OURS} AND n.contype IN ('p', 'u', 'f', 'x') AND a.attname <> 'ledger_id'"
    );
    assert_none(&sql, &keys).await;
    let indexes = format!(
        "SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
         WHERE {OURS} AND i.indisunique AND a.attname <> 'ledger_id'"
    );
    assert_none(&sql, &indexes).await;
    let without = format!(
        "SELECT c.relname FROM pg_class c WHERE {OURS} AND (
            NOT EXISTS (SELECT FROM pg_constraint n WHERE n.conrelid = c.oid AND n.contype = 'p')
            OR NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid
                AND a.attname = 'ledger_id' AND a.attnotnull AND a.atttypid = 'uuid'::regtype))"
    );
    assert_none(&sql, &without).await;
}

#[tokio::test]
async fn no_column_is_of_a_type_that_loses_something() {
    let (sql, _database) = sql().await;
    let loose = format!(
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod)
         FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
         WHERE {OURS} AND a.attnum > 0 AND NOT a.attisdropped
            AND (a.attidentity <> '' OR format_type(a.atttypid, a.atttypmod) NOT IN
                ('uuid', 'text', 'bigint', 'jsonb', 'timestamp with time zone'))"
    );
    assert_none(&sql, &loose).await;
    let small = "SELECT seqrelid::regclass FROM pg_sequence WHERE seqtypid <> 'bigint'::regtype";
    assert_none(&sql, small).await;
    let sequences = format!(
        "SELECT c.relname FROM pg_class c JOIN pg_attrdef d ON d.adrelid = c.oid
         WHERE {OURS} AND pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval%' AND c.relname <> 'epochs'"
    );
    assert_none(&sql, &sequences).await;
}

#[tokio::test]
async fn text_in_keys_is_ordered_bytewise() {
    let (sql, _database) = sql().await;
    let localized = format!(
        "SELECT i.indexrelid::regclass, a.attname FROM pg_index i
         JOIN pg_class c ON c.oid = i.indrelid
         JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
         WHERE {OURS} AND a.atttypid = 'text'::regtype AND a.attcollation <> '\"C\"'::regcollation"
    );
    assert_none(&sql, &localized).await;
}

#[tokio::test]
async fn every_table_is_fenced_and_every_table_and_index_says_what_it_is_for() {
    let (sql, _database) = sql().await;
    assert_none(
        &sql,
        &format!("SELECT c.relname FROM pg_class c WHERE {OURS} AND NOT c.relrowsecurity"),
    )
    .await;
    assert_none(
        &sql,
        &format!(
            "SELECT c.relname FROM pg_class c WHERE {OURS} AND obj_description(c.oid) IS NULL"
        ),
    )
    .await;
    let silent = format!(
        "SELECT i.indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
         WHERE {OURS} AND obj_description(i.indexrelid) IS NULL"
    );
    assert_none(&sql, &silent).await;
}

#[tokio::test]
async fn no_name_was_made_up_by_postgresql() {
    let (sql, _database) = sql().await;
    let automatic = format!(
        "SELECT n.conname FROM pg_constraint n JOIN pg_class c ON c.oid = n.conrelid
         WHERE {OURS} AND (n.conname ~ '_check[0-9]*$' OR n.conname ~ '_key[0-9]*$'
            OR n.conname ~ '_id_fkey[0-9]*$' OR n.conname ~ '_excl[0-9]*$')"
    );
    assert_none(&sql, &automatic).await;
}
