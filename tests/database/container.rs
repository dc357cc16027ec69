//! The container on a server that somebody runs: what it refuses to start on, and how it ends.

use app_container::{Container, ContainerError, Database, DatabaseConfig};
use ledger_adapter_server::OpenPoolError;
use ledger_port::LedgerPortError;
use ledger_repository::administration::revert_last_migration;
use ledger_testkit::parsed;
use store_testkit::{MigrationFolder, TestDatabase};

use crate::sql::{SESSIONS, Sql, wait_until};

async fn open(database: &TestDatabase) -> Result<Container, ContainerError> {
    let config = DatabaseConfig::Named(database.service_url_text());
    Container::open(Database::open(&config).await?).await
}

/// How many migrations it says that it lacks when it does not open.
async fn missing(database: &TestDatabase) -> usize {
    match open(database).await {
        Err(ContainerError::OpenPool(OpenPoolError::MigrationsPending { missing, .. })) => missing,
        other => panic!("{other:?}"),
    }
}

/// Takes back migrations until the one whose name ends so is gone.
async fn revert_through(database: &TestDatabase, ending: &str) {
    loop {
        let version = revert_last_migration(&database.owner_url()).await.unwrap();
        if MigrationFolder::all()
            .iter()
            .any(|one| one.name.starts_with(&version) && one.name.ends_with(ending))
        {
            return;
        }
    }
}

#[tokio::test]
async fn it_hands_out_a_ledgers_store_and_closes_every_connection() {
    let database = TestDatabase::new().await;
    let owner = Sql::owner(&database).await;
    let container = open(&database).await.unwrap();
    let store = container.activity_ledger_store(&parsed("default")).await.unwrap();
    // Four at once, so that the pool has several.
    let calls = || store.get_open_epoch();
    let answers = tokio::try_join!(calls(), calls(), calls(), calls()).unwrap();
    assert_eq!(answers, (None, None, None, None));
    assert_ne!(owner.value(SESSIONS).await, "0");
    container.close().await.unwrap();
    wait_until(&owner, SESSIONS, "0").await;
    assert!(store.get_open_epoch().await.is_err(), "a store does not outlive its container");
}

#[tokio::test]
async fn a_ledger_that_is_not_there_is_named() {
    let database = TestDatabase::new().await;
    let container = open(&database).await.unwrap();
    let refused = container.activity_ledger_store(&parsed("nobodys")).await.err().unwrap();
    assert!(
        matches!(&refused, LedgerPortError::LedgerNotFound { name } if name.as_str() == "nobodys")
    );
    assert_eq!(refused.to_string(), "there is no ledger \"nobodys\"");
    container.close().await.unwrap();
}

#[tokio::test]
async fn it_refuses_a_schema_that_is_older_or_newer_than_the_program() {
    let database = TestDatabase::new().await;
    let owner = Sql::owner(&database).await;
    owner.run("INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')").await;
    let newer = open(&database).await.unwrap_err().to_string();
    assert!(newer.ends_with("(20990101000000); use a newer epoch-ledger"), "{newer}");
    owner.run("DELETE FROM __diesel_schema_migrations WHERE version = '20990101000000'").await;
    revert_last_migration(&database.owner_url()).await.unwrap();
    assert_eq!(missing(&database).await, 1, "the service role sees which were applied");
    // That one grants; without it the service role does not even see which were applied.
    revert_through(&database, "_grant_service_role").await;
    assert_eq!(missing(&database).await, MigrationFolder::all().len());
    let empty = open(&TestDatabase::empty().await).await.unwrap_err().to_string();
    assert!(
        empty.ends_with("run `epoch-ledger db provision`, then `epoch-ledger db migrate`"),
        "{empty}"
    );
}
