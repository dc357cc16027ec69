//! A PostgreSQL of the torture's own, and migrated databases on it.

use std::sync::Arc;
use std::time::Duration;

use ledger_port::{ActivityLedgerStore, Clock, LedgerRegistry as _};
use ledger_repository::administration::{SERVICE_ROLE, migrate, provision};
use ledger_repository::{DatabaseUrl, LedgerPool, PgLedgerRegistry, PgLedgerStore, Role};
use private_postgres::{Durability, Lifetime, PrivatePostgres, Settings};
use tempfile::TempDir;
use tokio_postgres::{Client, NoTls};

use crate::{Failure, Outcome};

/// A store, whichever it is.
pub(crate) type Store = Arc<dyn ActivityLedgerStore>;

/// The database that the others are copied from.
const TEMPLATE: &str = "migrated";

/// A server. It stops and its data goes when this is dropped.
#[derive(Debug)]
pub(crate) struct Ground {
    // There until this is dropped.
    server: Option<PrivatePostgres>,
    settings: Settings,
    admin: Client,
    // Dropped last: the server lies in it.
    _directory: TempDir,
}

impl Ground {
    /// A server, with the roles and a migrated template. Where a crash is to be survived, it must be
    /// [`Durability::Durable`]; everywhere else [`Durability::Fast`] asks the same of the store.
    pub(crate) async fn start(durability: Durability) -> Outcome<Self> {
        Self::start_with(durability, Settings::throwaway("").max_connections).await
    }

    /// The same, with so many connections.
    pub(crate) async fn start_with(durability: Durability, max_connections: u32) -> Outcome<Self> {
        let directory = tempfile::Builder::new().prefix("ledger-torture-").tempdir()?;
        let settings = Settings {
            durability,
            // The watchdog of a throwaway empties it where it finds that the server was killed.
            lifetime: match durability {
                Durability::Durable => Lifetime::Kept,
                Durability::Fast => Lifetime::Throwaway,
            },
            linger: Duration::ZERO,
            max_connections,
            ..Settings::throwaway(directory.path().join("postgresql"))
        };
        let (server, admin) = serve(&settings).await?;
        let ground = Self { server: Some(server), settings, admin, _directory: directory };
        ground.create(TEMPLATE, "template0").await?;
        let owner = ground.owner_url(TEMPLATE).parse()?;
        provision(&owner).await?;
        migrate(&owner).await?;
        Ok(ground)
    }

    /// Starts the server again after it was killed, on the data that it left. Whoever was connected to it
    /// connects anew, at the same address.
    pub(crate) async fn restart(&mut self) -> Outcome<()> {
        let (server, admin) = serve(&self.settings).await?;
        // The old use goes after the new one is there, so that nobody takes the server for unused.
        self.server = Some(server);
        self.admin = admin;
        Ok(())
    }

    /// A migrated database of that name, with the ledger `default` and nothing else.
    pub(crate) async fn database(&self, name: &str) -> Outcome<()> {
        self.create(name, TEMPLATE).await
    }

    /// A database of that name, as another one is. Nobody may be connected to that one.
    pub(crate) async fn create(&self, name: &str, template: &str) -> Outcome<()> {
        let create = format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY");
        Ok(self.admin.batch_execute(&create).await?)
    }

    /// The server itself.
    pub(crate) const fn server(&self) -> &PrivatePostgres {
        self.server.as_ref().expect("it goes when the ground does")
    }

    /// A session of the superuser, in the database `postgres`.
    pub(crate) const fn admin(&self) -> &Client {
        &self.admin
    }

    /// The address of a database, as the superuser who owns it.
    pub(crate) fn owner_url(&self, database: &str) -> String {
        self.server().connection_url(self.server().superuser(), database)
    }

    /// The address of a database, as the service role.
    pub(crate) fn service_url(&self, database: &str) -> String {
        self.server().connection_url(SERVICE_ROLE, database)
    }

    /// A bare session of the superuser in a database.
    pub(crate) async fn session(&self, database: &str) -> Outcome<Client> {
        connect(&self.owner_url(database)).await
    }

    /// How often PostgreSQL had to break a circle of locks in a database.
    pub(crate) async fn deadlocks(&self, database: &str) -> Outcome<i64> {
        let query = "SELECT deadlocks FROM pg_stat_database WHERE datname = $1";
        Ok(self.admin.query_one(query, &[&database]).await?.get(0))
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        // Stopped before its directory goes, and not by the watchdog some time later. Where that fails, the
        // watchdog does it.
        let _ = self.server.take().map(PrivatePostgres::stop);
    }
}

/// The server of these settings, which may have to recover first, and a session of its superuser.
async fn serve(settings: &Settings) -> Outcome<(PrivatePostgres, Client)> {
    let settings = settings.clone();
    let server = tokio::task::spawn_blocking(move || PrivatePostgres::start(&settings)).await??;
    let admin = connect(&server.connection_url(server.superuser(), "postgres")).await?;
    Ok((server, admin))
}

/// A pool with one adapter's limits at that address.
pub(crate) async fn pool<R: Role>(url: &str) -> Outcome<LedgerPool<R>> {
    Ok(LedgerPool::open(&url.parse::<DatabaseUrl>()?).await?)
}

/// A store over that pool, of the ledger of that name, which is made where it is missing.
pub(crate) async fn store<R: Role>(
    pool: &LedgerPool<R>,
    ledger: &str,
    clock: Arc<dyn Clock>,
) -> Outcome<Store> {
    let registry = PgLedgerRegistry::new(pool.clone(), Arc::clone(&clock));
    let ledger = registry.create_ledger(&ledger.parse()?).await?;
    Ok(Arc::new(PgLedgerStore::new(ledger.id, pool.clone(), clock)))
}

/// A bare connection, which a task of its own drives.
pub(crate) async fn connect(url: &str) -> Outcome<Client> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(async move {
        // A connection that breaks fails the statement that waits for it.
        let _ = connection.await;
    });
    Ok(client)
}

/// Waits for what must come soon, and gives up after ten seconds.
pub(crate) async fn wait_until<F>(what: &str, mut holds: impl FnMut() -> F) -> Outcome<()>
where
    F: Future<Output = Outcome<bool>>,
{
    for _ in 0..1_000 {
        if holds().await? {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Err(Failure::Unable(format!("waited ten seconds for this: {what}")))
}
