//! A store bound to one ledger, and the three ways in which its methods touch the books.

use std::sync::Arc;

use ledger_core::{EpochId, LedgerId, Timestamp};
use ledger_port::{Clock, PortResult};

use crate::books::Books;
use crate::ledger::{Database, Tables};

/// One ledger of a [`crate::MemoryLedger`]. Made by [`crate::MemoryLedger::store`]; every role
/// trait of the port is implemented for it, each in a file of its own.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    database: Arc<Database>,
    ledger_id: LedgerId,
    clock: Arc<dyn Clock>,
}

impl MemoryStore {
    pub(crate) fn new(database: Arc<Database>, ledger_id: LedgerId, clock: Arc<dyn Clock>) -> Self {
        Self { database, ledger_id, clock }
    }

    /// Which ledger it is bound to.
    pub const fn ledger_id(&self) -> LedgerId {
        self.ledger_id
    }

    /// Looks at the books as they are at this moment.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&Books) -> T) -> T {
        look(self.books_in(&mut self.database.tables()))
    }

    /// Does the work on a copy of the books, and keeps the copy where the work succeeds.
    pub(crate) fn write<T>(
        &self,
        work: impl FnOnce(&mut Books, Timestamp) -> PortResult<T>,
    ) -> PortResult<T> {
        let now = self.clock.now();
        let mut tables = self.database.tables();
        let books = self.books_in(&mut tables);
        let mut copy = books.clone();
        let answer = work(&mut copy, now)?;
        *books = copy;
        Ok(answer)
    }

    /// Does the work on a copy of the books, and throws the copy away.
    pub(crate) fn rehearse<T>(
        &self,
        work: impl FnOnce(&mut Books, Timestamp) -> PortResult<T>,
    ) -> PortResult<T> {
        let now = self.clock.now();
        work(&mut self.read(Books::clone), now)
    }

    pub(crate) fn next_epoch_id(&self) -> EpochId {
        self.database.next_epoch_id()
    }

    fn books_in<'a>(&self, tables: &'a mut Tables) -> &'a mut Books {
        tables
            .books
            .get_mut(&self.ledger_id)
            .expect("a store is made of a ledger that exists, and ledgers are never removed")
    }
}
