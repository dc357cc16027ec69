//! Hands out stores over one service-role pool.

use std::sync::Arc;

use ledger_adapter_server::{ServerJobQueue, ServerLedgerRegistry, ServerLedgerStore, ServerPool};
use ledger_core::LedgerName;
use ledger_port::{
    ActivityLedgerStore, Clock, JobQueue, Ledger, LedgerRegistry, PortResult, StoreHealth,
    SystemClock,
};

use crate::{ContainerError, Database};

/// A working ledger service: a database, a pool that runs as the service role, a clock.
#[derive(Debug)]
pub struct Container {
    database: Database,
    pool: ServerPool,
    registry: Arc<ServerLedgerRegistry>,
    clock: Arc<dyn Clock>,
}

impl Container {
    /// Opens the pool, and refuses to go on with a schema or a role that is not the right one.
    ///
    /// # Errors
    /// When the database cannot be reached, its schema is older or newer than this program, or the
    /// role cannot bypass row-level security, is a superuser, or owns or may empty a ledger table.
    pub async fn open(database: Database) -> Result<Self, ContainerError> {
        Self::open_with_clock(database, Arc::new(SystemClock)).await
    }

    /// The same, by another clock than the machine's.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub async fn open_with_clock(
        database: Database,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, ContainerError> {
        let pool = ServerPool::open(database.service_url()).await?;
        let registry = Arc::new(ServerLedgerRegistry::new(pool.clone(), Arc::clone(&clock)));
        Ok(Self { database, pool, registry, clock })
    }

    /// The store of the ledger of that name.
    ///
    /// # Errors
    /// When there is no such ledger (`LedgerNotFound`), or the database cannot be read.
    pub async fn activity_ledger_store(
        &self,
        ledger: &LedgerName,
    ) -> PortResult<Arc<dyn ActivityLedgerStore>> {
        Ok(Arc::new(self.registry.store(ledger).await?))
    }

    /// The store of a ledger that was looked up already; it asks nothing.
    pub fn store_of(&self, ledger: &Ledger) -> Arc<dyn ActivityLedgerStore> {
        let (pool, clock) = (self.pool.clone(), Arc::clone(&self.clock));
        Arc::new(ServerLedgerStore::new(ledger.id, pool, clock))
    }

    /// The list of ledgers.
    pub fn ledger_registry(&self) -> Arc<dyn LedgerRegistry> {
        Arc::clone(&self.registry) as Arc<dyn LedgerRegistry>
    }

    /// The workers' list of jobs.
    pub fn job_queue(&self) -> Arc<dyn JobQueue> {
        Arc::new(ServerJobQueue::new(self.pool.clone()))
    }

    /// How connections and transactions get on.
    pub fn store_health(&self) -> StoreHealth {
        self.pool.health()
    }

    /// The clock that the stores go by.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Where the books are kept.
    pub const fn database(&self) -> &Database {
        &self.database
    }

    /// Closes the pool, then gives the database up.
    ///
    /// # Errors
    /// When the program's own server does not stop.
    pub async fn close(self) -> Result<(), ContainerError> {
        self.pool.close();
        self.database.close().await
    }
}
