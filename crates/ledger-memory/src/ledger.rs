//! The "database": every ledger's books behind one lock.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use ledger_core::{EpochId, LedgerId, LedgerName, Timestamp, Visibility};
use ledger_port::{Clock, Ledger, LedgerPortError, LedgerRegistry, Page, PageRequest, PortResult};

use crate::MemoryStore;
use crate::books::{Books, page};

/// A database of ledgers in memory. Clones share it, as connections share a server.
#[derive(Debug, Clone)]
pub struct MemoryLedger {
    database: Arc<Database>,
    clock: Arc<dyn Clock>,
}

#[derive(Debug, Default)]
pub(crate) struct Database {
    tables: Mutex<Tables>,
    last_epoch_id: AtomicI64,
}

#[derive(Debug, Default)]
pub(crate) struct Tables {
    ledgers: BTreeMap<LedgerName, Ledger>,
    pub(crate) books: BTreeMap<LedgerId, Books>,
}

impl MemoryLedger {
    /// A database as the migrations leave it: with the ledger `default`, and nothing in it.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        let database = Arc::new(Database::default());
        let default = LedgerName::new("default").expect("it is a slug");
        database.tables().create_ledger(&default, clock.now());
        Self { database, clock }
    }

    /// The store of one ledger.
    ///
    /// # Errors
    /// When there is no ledger of that name (`LedgerNotFound`).
    pub fn store(&self, name: &LedgerName, clock: Arc<dyn Clock>) -> PortResult<MemoryStore> {
        let ledger = self.database.tables().ledgers.get(name).cloned();
        let ledger =
            ledger.ok_or_else(|| LedgerPortError::LedgerNotFound { name: name.clone() })?;
        Ok(MemoryStore::new(Arc::clone(&self.database), ledger.id, clock))
    }
}

impl Database {
    /// Poison is no concern: a call changes the tables in one assignment, after all that can panic.
    pub(crate) fn tables(&self) -> MutexGuard<'_, Tables> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One sequence over all ledgers, as a bigserial. It is asked last, so that a refused call uses no
    /// number up.
    pub(crate) fn next_epoch_id(&self) -> EpochId {
        EpochId(self.last_epoch_id.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl Tables {
    fn create_ledger(&mut self, name: &LedgerName, now: Timestamp) -> Ledger {
        let new = || Ledger {
            id: LedgerId::of(name),
            name: name.clone(),
            visibility: Visibility::Private,
            created_at: now,
        };
        let ledger = self.ledgers.entry(name.clone()).or_insert_with(new).clone();
        self.books.entry(ledger.id).or_default();
        ledger
    }
}

#[async_trait]
impl LedgerRegistry for MemoryLedger {
    async fn create_ledger(&self, name: &LedgerName) -> PortResult<Ledger> {
        let now = self.clock.now();
        Ok(self.database.tables().create_ledger(name, now))
    }

    async fn set_ledger_visibility(
        &self,
        name: &LedgerName,
        visibility: Visibility,
    ) -> PortResult<Ledger> {
        let mut tables = self.database.tables();
        let ledger = tables
            .ledgers
            .get_mut(name)
            .ok_or_else(|| LedgerPortError::LedgerNotFound { name: name.clone() })?;
        ledger.visibility = visibility;
        Ok(ledger.clone())
    }

    async fn get_ledger(&self, name: &LedgerName) -> PortResult<Option<Ledger>> {
        Ok(self.database.tables().ledgers.get(name).cloned())
    }

    async fn list_ledgers(
        &self,
        request: PageRequest<LedgerName>,
    ) -> PortResult<Page<Ledger, LedgerName>> {
        let tables = self.database.tables();
        Ok(page(tables.ledgers.values(), &request, |ledger| ledger.name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ledger_core::LedgerName;
    use ledger_port::{LedgerPortError, SystemClock};

    use super::MemoryLedger;

    #[test]
    fn a_store_is_only_made_of_a_ledger_that_exists() {
        let database = MemoryLedger::new(Arc::new(SystemClock));
        let asked = LedgerName::new("nowhere").expect("a slug");
        let refusal = database.store(&asked, Arc::new(SystemClock)).expect_err("refused");
        assert!(matches!(refusal, LedgerPortError::LedgerNotFound { name } if name == asked));
        let default = LedgerName::new("default").expect("a slug");
        assert!(database.store(&default, Arc::new(SystemClock)).is_ok());
    }
}
