//! Which database: one that is named, or the program's own.

use std::path::PathBuf;

use ledger_adapter_server::DatabaseUrl;
use ledger_adapter_server::administration::{self, SERVICE_ROLE, create_database_if_missing};
use private_postgres::{PrivatePostgres, Settings, default_state_dir};

pub use ledger_adapter_server::administration::{MigrationStatus, Provisioned, SchemaState};

use crate::ContainerError;

/// The database of the program's own server.
const PRIVATE_DATABASE: &str = "epoch_ledger";

/// Where the books are to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DatabaseConfig {
    /// On a server that somebody runs; its address.
    Named(String),
    /// On the program's own server, in its usual state directory.
    Private,
    /// On a server of its own that is gone afterwards; its directory.
    Throwaway(PathBuf),
}

/// A database that can be reached. The program's own server runs for as long as this lives.
#[derive(Debug)]
pub struct Database {
    owner: DatabaseUrl,
    service: DatabaseUrl,
    postgres: Option<PrivatePostgres>,
}

impl Database {
    /// Finds the database; starts and prepares the program's own server where none is named.
    ///
    /// # Errors
    /// When the address is not valid, or the program's own server cannot be started or prepared.
    /// A named database is not tried yet.
    pub async fn open(config: &DatabaseConfig) -> Result<Self, ContainerError> {
        let settings = match config {
            DatabaseConfig::Named(url) => {
                let owner: DatabaseUrl = url.parse()?;
                return Ok(Self { service: owner.clone(), owner, postgres: None });
            }
            DatabaseConfig::Private => Settings::durable(default_state_dir()?),
            DatabaseConfig::Throwaway(directory) => Settings {
                linger: std::time::Duration::ZERO,
                ..Settings::throwaway(directory.clone())
            },
        };
        let postgres =
            tokio::task::spawn_blocking(move || PrivatePostgres::start(&settings)).await??;
        let address = |user| postgres.connection_url(user, PRIVATE_DATABASE).parse();
        let (owner, service) = (address(postgres.superuser())?, address(SERVICE_ROLE)?);
        let database = Self { owner, service, postgres: Some(postgres) };
        database.prepare().await?;
        Ok(database)
    }

    /// The program's own database is made and migrated without asking.
    async fn prepare(&self) -> Result<(), ContainerError> {
        create_database_if_missing(&self.owner, "postgres").await?;
        self.provision().await?;
        self.migrate().await?;
        Ok(())
    }

    /// Whether the server is the program's own.
    pub const fn is_private(&self) -> bool {
        self.postgres.is_some()
    }

    /// Makes the service role.
    ///
    /// # Errors
    /// When the login may not.
    pub async fn provision(&self) -> Result<Provisioned, ContainerError> {
        Ok(administration::provision(&self.owner).await?)
    }

    /// Applies what is pending; answers the versions that were.
    ///
    /// # Errors
    /// When a migration fails, or the schema is newer than this program.
    pub async fn migrate(&self) -> Result<Vec<String>, ContainerError> {
        Ok(administration::migrate(&self.owner).await?)
    }

    /// What the schema is.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn schema_state(&self) -> Result<SchemaState, ContainerError> {
        Ok(administration::migration_status(&self.service).await?)
    }

    /// The address for the service role: what an adapter's pool is opened with.
    pub const fn service_url(&self) -> &DatabaseUrl {
        &self.service
    }

    /// Gives the database up. The program's own server stops when nobody else uses it.
    ///
    /// # Errors
    /// When that server does not stop.
    pub async fn close(self) -> Result<(), ContainerError> {
        if let Some(postgres) = self.postgres {
            let stopped = tokio::task::spawn_blocking(move || postgres.stop()).await??;
            tracing::debug!(?stopped, "gave up the program's own PostgreSQL");
        }
        Ok(())
    }
}

impl std::fmt::Display for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.owner.fmt(f)
    }
}
