//! What a command works with: the database, the container, the ledger's store.

use std::sync::Arc;

use app_container::{Container, Database, DatabaseConfig};
use ledger_core::LedgerName;
use ledger_port::{ActivityLedgerStore, Page, PageRequest, PortResult};

use crate::cli::Global;
use crate::failure::Failure;
use crate::output::Output;

/// Everything a command needs that it was not told itself.
pub(crate) struct Session {
    pub(crate) ledger: LedgerName,
    pub(crate) output: Output,
    database: DatabaseConfig,
}

impl Session {
    pub(crate) fn new(global: &Global) -> Self {
        let named = global.database_url.clone().filter(|url| !url.is_empty());
        Self {
            ledger: global.ledger.clone(),
            output: Output { is_json: global.json },
            database: named.map_or(DatabaseConfig::Private, DatabaseConfig::Named),
        }
    }

    /// The database, for its owner's commands.
    pub(crate) async fn database(&self) -> Result<Database, Failure> {
        Ok(Database::open(&self.database).await?)
    }

    /// A working ledger service.
    pub(crate) async fn container(&self) -> Result<Container, Failure> {
        Ok(Container::open(self.database().await?).await?)
    }

    /// The container, and the store of the ledger that was named.
    pub(crate) async fn books(&self) -> Result<(Container, Arc<dyn ActivityLedgerStore>), Failure> {
        let container = self.container().await?;
        let store = container.activity_ledger_store(&self.ledger).await?;
        Ok((container, store))
    }
}

/// Reads every page of a list whose length people can look at.
pub(crate) async fn all<T, K, F>(fetch: impl Fn(PageRequest<K>) -> F) -> PortResult<Vec<T>>
where
    F: Future<Output = PortResult<Page<T, K>>>,
{
    let mut items = Vec::new();
    let mut request = PageRequest::first();
    loop {
        let page = fetch(request).await?;
        items.extend(page.items);
        let Some(key) = page.next else { return Ok(items) };
        request = PageRequest::after(key);
    }
}
