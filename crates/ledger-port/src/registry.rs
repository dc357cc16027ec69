//! Which ledgers there are. Not part of [`crate::ActivityLedgerStore`], which is bound to one.

use async_trait::async_trait;
use ledger_core::{LedgerId, LedgerName, Timestamp};

use crate::{Page, PageRequest, PortResult};

/// One community's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Its id, derived from its name.
    pub id: LedgerId,
    /// Its name.
    pub name: LedgerName,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The list of ledgers of one database.
#[async_trait]
pub trait LedgerRegistry: Send + Sync {
    /// Creates a ledger. Creating one that exists returns it unchanged.
    async fn create_ledger(&self, name: &LedgerName) -> PortResult<Ledger>;

    /// The ledger of that name, if there is one.
    async fn get_ledger(&self, name: &LedgerName) -> PortResult<Option<Ledger>>;

    /// Every ledger, by name.
    async fn list_ledgers(
        &self,
        page: PageRequest<LedgerName>,
    ) -> PortResult<Page<Ledger, LedgerName>>;
}
