//! Who the program is, and with which limits.

use app_container::{ContainerError, Database, DatabaseConfig, SchemaState};
use ledger_adapter_server::Server;
use ledger_adapter_worker::Worker;
use ledger_repository::administration::{
    MigrateError, Provisioned, SERVICE_ROLE, migrate, provision, revert_last_migration,
};
use ledger_repository::{DatabaseUrl, LedgerPool, Limits, OpenPoolError, Role};
use store_testkit::{MigrationFolder, TestDatabase, TestServer};

use crate::sql::{Sql, wait_until};

async fn refusal(database: &TestDatabase) -> OpenPoolError {
    LedgerPool::<Server>::open(&database.service_url()).await.expect_err("it opened")
}

#[tokio::test]
async fn a_role_that_owns_a_table_is_refused() {
    let database = TestDatabase::new().await;
    Sql::owner(&database).await.run("ALTER TABLE users OWNER TO ledger_service").await;
    let refused = refusal(&database).await;
    assert!(
        matches!(&refused, OpenPoolError::UnsafeRole { role, problem, .. }
            if role == "ledger_service" && problem.contains("owns the table users")),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_role_that_may_empty_a_table_is_refused() {
    for (right, table) in [
        ("TRUNCATE", "epochs"),
        ("DELETE", "epochs"),
        ("TRIGGER", "epochs"),
        ("DELETE", "access_tokens"),
        // Whose rows it forgets one by one, and not all at once.
        ("TRUNCATE", "idempotency_keys"),
        ("TRIGGER", "idempotency_keys"),
    ] {
        let database = TestDatabase::new().await;
        let grant = format!("GRANT {right} ON {table} TO ledger_service");
        Sql::owner(&database).await.run(&grant).await;
        let refused = refusal(&database).await;
        assert!(
            matches!(&refused, OpenPoolError::UnsafeRole { problem, .. } if problem.contains(table)),
            "{right} on {table}: {refused:?}"
        );
    }
}

/// A migrated database on a server where a test may change the role itself.
struct OwnRole {
    owner: Sql,
    as_owner: DatabaseUrl,
    as_service: DatabaseUrl,
    // Dropped last: the databases go with it.
    server: TestServer,
}

impl OwnRole {
    async fn new() -> Self {
        let server = TestServer::start().await;
        let as_owner: DatabaseUrl = server.owner_url_text().parse().unwrap();
        assert_eq!(provision(&as_owner).await.unwrap(), Provisioned::Created);
        migrate(&as_owner).await.unwrap();
        Self {
            owner: Sql::connect(&server.owner_url_text()).await,
            as_owner,
            as_service: server.url_text(SERVICE_ROLE).parse().unwrap(),
            server,
        }
    }

    /// Whoever logs in, the role that the session becomes is the one that counts.
    async fn assert_refused(&self, expected: &str) {
        for url in [&self.as_service, &self.as_owner] {
            let refused = LedgerPool::<Server>::open(url).await.expect_err(expected);
            assert!(
                matches!(&refused, OpenPoolError::UnsafeRole { role, problem, .. }
                    if role == SERVICE_ROLE && problem.starts_with(expected)),
                "not \"{expected}\": {refused:?}"
            );
        }
    }

    async fn assert_taken(&self) {
        for url in [&self.as_service, &self.as_owner] {
            LedgerPool::<Server>::open(url).await.unwrap_or_else(|error| panic!("{error}"));
        }
    }
}

#[tokio::test]
async fn a_role_that_cannot_bypass_row_level_security_or_may_do_everything_is_refused() {
    let role = OwnRole::new().await;
    role.assert_taken().await;
    role.owner.run("ALTER ROLE ledger_service NOBYPASSRLS").await;
    role.assert_refused("cannot bypass row-level security").await;
    // What the refusal tells one to run.
    assert_eq!(provision(&role.as_owner).await.unwrap(), Provisioned::Confirmed);
    role.assert_taken().await;
    for attributes in ["SUPERUSER", "SUPERUSER NOBYPASSRLS"] {
        role.owner.run(&format!("ALTER ROLE ledger_service {attributes}")).await;
        role.assert_refused("is a superuser").await;
    }
    role.owner.run("ALTER ROLE ledger_service NOSUPERUSER BYPASSRLS").await;
    role.assert_taken().await;
}

#[tokio::test]
async fn a_role_that_may_act_as_a_tables_owner_is_refused() {
    let role = OwnRole::new().await;
    role.owner.run("CREATE ROLE keeper; ALTER TABLE epochs OWNER TO keeper").await;
    role.assert_taken().await;
    role.owner.run("GRANT keeper TO ledger_service").await;
    role.assert_refused("owns the table epochs").await;
    role.owner.run("REVOKE keeper FROM ledger_service").await;
    role.assert_taken().await;
}

#[tokio::test]
async fn a_login_that_is_no_member_of_the_role_is_refused() {
    let database = TestDatabase::new().await;
    let owner = Sql::owner(&database).await;
    let login = format!("login_{}", owner.value("SELECT current_database()").await);
    owner.run(&format!("CREATE ROLE {login} LOGIN")).await;
    let url = database.owner_url_text().replacen("postgres@", &format!("{login}@"), 1);
    let refused = LedgerPool::<Server>::open(&url.parse().unwrap()).await;
    owner.run(&format!("GRANT ledger_service TO {login}")).await;
    let taken = LedgerPool::<Server>::open(&url.parse().unwrap()).await;
    let is_open = taken.is_ok();
    drop(taken);
    wait_until(
        &owner,
        &format!("SELECT count(*) FROM pg_stat_activity WHERE usename = '{login}'"),
        "0",
    )
    .await;
    owner.run(&format!("DROP ROLE {login}")).await;
    assert!(matches!(refused, Err(OpenPoolError::NotAMember { .. })), "{refused:?}");
    assert!(is_open, "a member of the role is taken");
}

/// What `db status` goes by.
async fn schema_state(url: &str) -> Result<SchemaState, ContainerError> {
    let database = Database::open(&DatabaseConfig::Named(url.to_owned())).await?;
    database.schema_state().await
}

async fn pending(url: &str) -> Vec<String> {
    schema_state(url).await.unwrap().pending().map(ToOwned::to_owned).collect()
}

fn names(folders: &[MigrationFolder]) -> Vec<&str> {
    folders.iter().map(|one| one.name.as_str()).collect()
}

#[tokio::test]
async fn whoever_may_be_the_service_role_sees_which_migrations_there_are() {
    let role = OwnRole::new().await;
    role.owner
        .run(
            "CREATE ROLE heir LOGIN INHERIT IN ROLE ledger_service;
             CREATE ROLE guest LOGIN NOINHERIT IN ROLE ledger_service",
        )
        .await;
    let all = MigrationFolder::all();
    let is_before = |one: &&MigrationFolder| !one.name.ends_with("_grant_service_role");
    let before_the_grant = all.iter().take_while(is_before).count();
    for left in (before_the_grant..=all.len()).rev() {
        // Without the grant the service role sees nothing, and the owner still does.
        let seen = if left == before_the_grant { 0 } else { left };
        for login in ["heir", "guest", SERVICE_ROLE] {
            let url = role.server.url_text(login);
            assert_eq!(pending(&url).await, names(&all[seen..]), "{login}, {left} applied");
        }
        assert_eq!(pending(&role.server.owner_url_text()).await, names(&all[left..]));
        revert_last_migration(&role.as_owner).await.unwrap();
    }
}

#[tokio::test]
async fn whoever_may_not_be_the_service_role_is_told_that_they_cannot_see() {
    let role = OwnRole::new().await;
    role.owner
        .run(
            "CREATE ROLE stranger LOGIN; CREATE ROLE reader LOGIN;
             GRANT SELECT ON __diesel_schema_migrations TO reader",
        )
        .await;
    let mut logins = vec!["stranger", "reader"];
    // Since then a membership may come without the right to become the role.
    if role.owner.value("SELECT current_setting('server_version_num')::int >= 160000").await == "t"
    {
        role.owner
            .run(
                "CREATE ROLE heir LOGIN; GRANT ledger_service TO heir WITH INHERIT TRUE, SET FALSE",
            )
            .await;
        logins.push("heir");
    }
    for login in logins {
        let error = schema_state(&role.server.url_text(login)).await.unwrap_err();
        assert!(
            matches!(&error, ContainerError::Migrate(MigrateError::HiddenSchema { login: told, .. })
                if told == login),
            "{login}: {error:?}"
        );
        let todo = format!("GRANT ledger_service TO {login}");
        assert!(error.to_string().ends_with(&todo), "{error}");
    }
    role.owner.run("ALTER ROLE ledger_service NOBYPASSRLS").await;
    let error = schema_state(&role.server.url_text(SERVICE_ROLE)).await.unwrap_err();
    assert!(error.to_string().contains("run `epoch-ledger db provision`"), "{error}");
}

#[tokio::test]
async fn everything_is_pending_where_there_is_no_service_role_yet() {
    let server = TestServer::start().await;
    let owner = Sql::connect(&server.owner_url_text()).await;
    owner.run("CREATE ROLE keeper LOGIN").await;
    for url in [server.owner_url_text(), server.url_text("keeper")] {
        assert_eq!(pending(&url).await, names(&MigrationFolder::all()));
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_named() {
    let database = TestDatabase::new().await;
    let url = database.service_url().with_database("nowhere");
    let error = LedgerPool::<Server>::open(&url).await.expect_err("it opened");
    assert!(error.to_string().contains("nowhere"), "{error}");
}

async fn limits_in_force<R: Role>(database: &TestDatabase, limits: Limits) {
    // As the superuser: the session becomes the service role all the same.
    let pool = LedgerPool::<R>::open(&database.owner_url()).await.unwrap();
    let sql = Sql::owner(database).await;
    let query = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
         AND application_name = '{}'",
        limits.application_name
    );
    assert_eq!(sql.value(&query).await, "1");
    let shown = pool
        .show(&["statement_timeout", "lock_timeout", "role", "idle_in_transaction_session_timeout"])
        .await
        .unwrap();
    let milliseconds = |text: &str| -> u128 {
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap());
        let factor = match unit {
            "ms" => 1,
            "s" => 1_000,
            "min" => 60_000,
            other => panic!("{other}"),
        };
        number.parse::<u128>().unwrap() * factor
    };
    assert_eq!(milliseconds(&shown[0]), limits.statement_timeout.as_millis());
    assert_eq!(milliseconds(&shown[1]), limits.lock_timeout.as_millis());
    assert_eq!(shown[2], "ledger_service");
    assert_eq!(milliseconds(&shown[3]), limits.idle_in_transaction_timeout.as_millis());
}

#[tokio::test]
async fn each_adapters_limits_are_in_force() {
    let database = TestDatabase::new().await;
    limits_in_force::<Server>(&database, Server::LIMITS).await;
    limits_in_force::<Worker>(&database, Worker::LIMITS).await;
    assert_ne!(Server::LIMITS, Worker::LIMITS);
}

#[tokio::test]
async fn provisioning_again_confirms() {
    let database = TestDatabase::new().await;
    assert_eq!(provision(&database.owner_url()).await.unwrap(), Provisioned::Confirmed);
}
