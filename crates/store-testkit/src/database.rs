//! A database for one test, cloned from a migrated template and dropped at the end.

use std::sync::Arc;

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Integer, Text};
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use ledger_core::{LedgerId, LedgerName};
use ledger_port::{Clock, LedgerRegistry};
use ledger_repository::administration::{SERVICE_ROLE, migrate, provision};
use ledger_repository::{DatabaseUrl, LedgerPool, PgLedgerRegistry, PgLedgerStore, Role};
use uuid::Uuid;

use crate::server::{migrations_fingerprint, server};

/// One key for everything about templates, on the tests' own server.
const LOCK: &str = "SELECT pg_advisory_lock(1)";

/// A database of a test's own.
#[derive(Debug)]
pub struct TestDatabase {
    name: String,
}

impl TestDatabase {
    /// A migrated database with the ledger `default` and nothing else.
    pub async fn new() -> Self {
        let template = migrated_template().await;
        Self::create(&format!("TEMPLATE {template}")).await
    }

    /// An empty database, before any migration.
    pub async fn empty() -> Self {
        let mut admin = admin().await;
        admin.batch_execute(LOCK).await.expect("the lock is taken");
        provision(&superuser_url("postgres")).await.expect("the service role is made");
        Self::create("TEMPLATE template0").await
    }

    /// An empty database in another encoding than UTF-8.
    pub async fn encoded(encoding: &str) -> Self {
        Self::create(&format!(
            "TEMPLATE template0 ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'"
        ))
        .await
    }

    async fn create(template: &str) -> Self {
        let name = format!("test_{}", Uuid::new_v4().simple());
        let mut admin = admin().await;
        let strategy = if version(&mut admin).await >= 150_000 { "STRATEGY FILE_COPY" } else { "" };
        admin
            .batch_execute(&format!("CREATE DATABASE {name} {template} {strategy}"))
            .await
            .expect("the test's database is created");
        Self { name }
    }

    /// Its address, as the superuser who owns it.
    pub fn owner_url(&self) -> DatabaseUrl {
        superuser_url(&self.name)
    }

    /// Its address, as the service role.
    pub fn service_url(&self) -> DatabaseUrl {
        url(SERVICE_ROLE, &self.name)
    }

    /// Its address as text, for programs started by a test.
    pub fn owner_url_text(&self) -> String {
        server().connection_url(server().superuser(), &self.name)
    }

    /// Its address as text, as the service role.
    pub fn service_url_text(&self) -> String {
        server().connection_url(SERVICE_ROLE, &self.name)
    }

    /// A plain connection as the superuser who owns it.
    pub async fn owner(&self) -> AsyncPgConnection {
        establish(server().superuser(), &self.name).await
    }

    /// A plain connection as the service role.
    pub async fn service(&self) -> AsyncPgConnection {
        establish(SERVICE_ROLE, &self.name).await
    }

    /// A pool with one adapter's limits.
    pub async fn pool<R: Role>(&self) -> LedgerPool<R> {
        LedgerPool::open(&self.service_url())
            .await
            .unwrap_or_else(|error| panic!("the pool does not open: {error}"))
    }

    /// A store for the ledger of that name, which is created where it is missing.
    pub async fn store<R: Role>(
        &self,
        pool: &LedgerPool<R>,
        ledger: &str,
        clock: Arc<dyn Clock>,
    ) -> PgLedgerStore<R> {
        let name: LedgerName = ledger.parse().expect("a ledger name");
        let registry = PgLedgerRegistry::new(pool.clone(), Arc::clone(&clock));
        let ledger = registry.create_ledger(&name).await.expect("the ledger is created");
        PgLedgerStore::new(ledger.id, pool.clone(), clock)
    }

    /// The id of the ledger that every migrated database has.
    pub fn default_ledger() -> LedgerId {
        LedgerId::of(&"default".parse().expect("a ledger name"))
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let statement = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        // A thread of its own, because a test's runtime may be the one that is dropping us.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime for one statement");
            runtime.block_on(async { admin().await.batch_execute(&statement).await })
        })
        .join();
        match dropped {
            Ok(Ok(())) => {}
            // Not worth failing a test for: the server goes, and its databases with it.
            other => eprintln!("{} was not dropped: {other:?}", self.name),
        }
    }
}

fn url(user: &str, database: &str) -> DatabaseUrl {
    server().connection_url(user, database).parse().expect("the server's own address")
}

fn superuser_url(database: &str) -> DatabaseUrl {
    url(server().superuser(), database)
}

async fn establish(user: &str, database: &str) -> AsyncPgConnection {
    // Starting a server takes most of a second; other tests of this process go on meanwhile.
    let server = tokio::task::spawn_blocking(server).await.expect("the server starts");
    AsyncPgConnection::establish(&server.connection_url(user, database))
        .await
        .unwrap_or_else(|error| panic!("cannot connect to {database} as {user}: {error}"))
}

async fn admin() -> AsyncPgConnection {
    let server = tokio::task::spawn_blocking(server).await.expect("the server starts");
    establish(server.superuser(), "postgres").await
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Integer)]
    version: i32,
}

async fn version(admin: &mut AsyncPgConnection) -> i32 {
    let query = "SELECT current_setting('server_version_num')::int AS version";
    let row: Version = diesel::sql_query(query).get_result(admin).await.expect("a version");
    row.version
}

#[derive(QueryableByName)]
struct Finished {
    #[diesel(sql_type = Bool)]
    finished: bool,
}

/// The template for the present migrations, made by whoever needs it first.
async fn migrated_template() -> String {
    let name = format!("migrated_{}", migrations_fingerprint());
    let mut admin = admin().await;
    admin.batch_execute(LOCK).await.expect("the lock is taken");
    let lookup = "SELECT EXISTS (
        SELECT FROM pg_database WHERE datname = $1 AND datistemplate) AS finished";
    let row: Finished = diesel::sql_query(lookup)
        .bind::<Text, _>(&name)
        .get_result(&mut admin)
        .await
        .expect("the list of databases");
    if row.finished {
        return name;
    }
    // What a killed test run left half-made goes first.
    for statement in [
        format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"),
        format!("CREATE DATABASE {name} TEMPLATE template0"),
    ] {
        admin.batch_execute(&statement).await.expect("the template is created");
    }
    let database = superuser_url(&name);
    provision(&database).await.expect("the service role is made");
    migrate(&database).await.unwrap_or_else(|error| panic!("{error}"));
    let finish = format!("ALTER DATABASE {name} IS_TEMPLATE true ALLOW_CONNECTIONS false");
    admin.batch_execute(&finish).await.expect("the template is finished");
    name
}
