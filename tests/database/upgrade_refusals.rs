//! What an upgrade cannot take: it says which rows, changes nothing, and goes on once they are right.

use ledger_repository::administration::{MigrateError, migrate};
use store_testkit::{MigrationFolder, TestDatabase};

use crate::sql::Sql;
use crate::upgrade::{at_the_baseline, since_the_baseline};

/// Migrating fails, and says that.
async fn assert_refused(database: &TestDatabase, says: &str) {
    match migrate(&database.owner_url()).await {
        Err(MigrateError::Failed { reason, .. }) => assert!(reason.contains(says), "{reason}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn old_epochs_with_times_that_nobody_can_write_are_named() {
    for time in ["opened_at = '-infinity'", "closed_at = 'infinity'", "opened_at = '0044-03-15 BC'"]
    {
        let (database, sql) = at_the_baseline().await;
        sql.run(&format!("UPDATE epochs SET {time} WHERE id IN (1, 3)")).await;
        let says = "epochs (1, 3) is outside the years 1 to 9999; correct these rows";
        assert_refused(&database, says).await;
        assert_eq!(sql.value("SELECT to_regclass('activity_events') IS NULL").await, "t");
        sql.run("UPDATE epochs SET opened_at = '2025-01-06', closed_at = '2025-01-13' WHERE id IN (1, 3)")
            .await;
        let applied = migrate(&database.owner_url()).await.unwrap();
        assert_eq!(applied.len(), since_the_baseline().len());
    }
}

#[tokio::test]
async fn old_statements_that_supersede_no_statement_of_their_epoch_are_named() {
    let (database, sql) = at_the_baseline().await;
    let id = "00000000-0000-0000-0000-000000000009";
    sql.run(&format!(
        "INSERT INTO payout_statements (id, epoch_id, allocation_set_hash, pool_total_credits,
            payouts_json, supersedes_statement_id)
         VALUES ('{id}', 2, repeat('c', 64), 100, '[]', '{id}')"
    ))
    .await;
    let says = format!("statements ({id}) supersede themselves or another epoch's; correct these");
    assert_refused(&database, &says).await;
}

#[tokio::test]
async fn old_statements_in_a_circle_or_with_what_nobody_can_read_are_named() {
    let statement = |id: &str, over: &str, hash: &str, time: &str| {
        format!(
            "('00000000-0000-0000-0000-0000000000{id}', 2, {hash}, 100, '[]', {over}, '{time}')"
        )
    };
    let insert = |rows: &[String]| {
        format!(
            "INSERT INTO payout_statements (id, epoch_id, allocation_set_hash, pool_total_credits,
                payouts_json, supersedes_statement_id, created_at) VALUES {}",
            rows.join(", ")
        )
    };
    let (one, other) =
        ("'00000000-0000-0000-0000-0000000000aa'", "'00000000-0000-0000-0000-0000000000bb'");
    let (hash, day) = ("repeat('c', 64)", "2025-01-20");
    for (rows, says) in [
        (
            vec![statement("aa", other, hash, day), statement("bb", one, hash, day)],
            "the statements of epochs (2) supersede each other in a circle",
        ),
        (
            vec![statement("aa", "NULL", "'abc'", day)],
            "statements (00000000-0000-0000-0000-0000000000aa) have a hash that is not 64",
        ),
        (vec![statement("aa", "NULL", hash, "infinity")], "a time outside the years 1 to 9999"),
    ] {
        let (database, sql) = at_the_baseline().await;
        sql.run("DELETE FROM payout_statements WHERE epoch_id = 2").await;
        sql.run(&insert(&rows)).await;
        assert_refused(&database, says).await;
    }
}

#[tokio::test]
async fn old_budgets_that_would_keep_their_epoch_from_being_closed_are_named() {
    for (change, says) in [
        (
            "SET component_id = 'Base Issuance' WHERE epoch_id = 2",
            "pool components (Base Issuance of epoch 2) have an id that is no slug",
        ),
        (
            "SET computed_at = 'infinity' WHERE epoch_id = 2",
            "or a time outside the years 1 to 9999",
        ),
        (
            "SET inputs_json = '1e400' WHERE epoch_id = 2",
            "pool components (base_issuance of epoch 2) have inputs that no reader takes",
        ),
    ] {
        let (database, sql) = at_the_baseline().await;
        sql.run(&format!("UPDATE epoch_pool_components {change}")).await;
        assert_refused(&database, says).await;
    }
    let (database, sql) = at_the_baseline().await;
    sql.run(
        "INSERT INTO epoch_pool_components
            (epoch_id, component_id, algorithm_version, inputs_json, amount_credits)
         VALUES (2, 'huge', '1', '{}', 9223372036854775807)",
    )
    .await;
    assert_refused(&database, "the pool components of epochs (2) sum to more than 2^63-1").await;
}

/// Old users may be called as the ledger would not call them today. They stay; new ones may not.
#[tokio::test]
async fn old_users_keep_their_names() {
    let (database, sql) = at_the_baseline().await;
    sql.run("INSERT INTO users (user_id) VALUES (E'a\\nb')").await;
    migrate(&database.owner_url()).await.unwrap();
    assert_eq!(sql.value("SELECT count(*) FROM users WHERE user_id = E'a\\nb'").await, "1");
}

/// Whoever may create an operator in the schema could talk a guard out of its refusal.
#[tokio::test]
async fn a_service_role_that_may_create_objects_is_refused() {
    let database = TestDatabase::empty().await;
    let sql = Sql::owner(&database).await;
    sql.run("GRANT CREATE ON SCHEMA public TO ledger_service").await;
    let says = "ledger_service may create objects in the schema public; as a superuser run REVOKE";
    assert_refused(&database, says).await;
    sql.run("REVOKE CREATE ON SCHEMA public FROM ledger_service").await;
    // The migrations before the one that refused were applied the first time.
    let is_before = |one: &MigrationFolder| !one.name.ends_with("_grant_service_role");
    let left = MigrationFolder::all().into_iter().skip_while(is_before).count();
    assert_eq!(migrate(&database.owner_url()).await.unwrap().len(), left);
    assert!(left < MigrationFolder::all().len());
}

#[tokio::test]
async fn a_database_that_cannot_hold_every_text_is_refused() {
    let database = TestDatabase::encoded("SQL_ASCII").await;
    let refused = migrate(&database.owner_url()).await.unwrap_err();
    assert!(matches!(&refused, MigrateError::NotUtf8 { encoding, .. } if encoding == "SQL_ASCII"));
    assert!(refused.to_string().contains("CREATE DATABASE … ENCODING 'UTF8'"), "{refused}");
}
