//! Each migration by itself: what the catalogs hold after its way up, and again after its way down.

use ledger_repository::administration::{migrate, migration_status, revert_last_migration};
use store_testkit::{BOOKKEEPING, CATALOGS, MigrationFolder, OTHERS, TestDatabase};

use crate::sql::Sql;

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
    let migrations = MigrationFolder::all();
    // What is there after so many of them.
    let mut after = vec![sql.column(CATALOGS).await];
    for one in &migrations {
        sql.run(&one.script()).await;
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
