//! Which ledgers there are. Not part of [`crate::ActivityLedgerStore`], which is bound to one.

use async_trait::async_trait;
use ledger_core::{LedgerId, LedgerName, Timestamp, Visibility};

use crate::{Page, PageRequest, PortResult};

/// One community's books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Its id, derived from its name.
    pub id: LedgerId,
    /// Its name.
    pub name: LedgerName,
    /// Who may read it.
    pub visibility: Visibility,
    /// When it was created.
    pub created_at: Timestamp,
}

/// The list of ledgers of one database.
#[async_trait]
pub trait LedgerRegistry: Send + Sync {
    /// Creates a ledger, private. Creating one that exists returns it unchanged.
    async fn create_ledger(&self, name: &LedgerName) -> PortResult<Ledger>;

    /// Says who may read a ledger.
    ///
    /// Refuses a missing ledger (`LedgerNotFound`). Idempotent.
    async fn set_ledger_visibility(
        &self,
        name: &LedgerName,
        visibility: Visibility,
    ) -> PortResult<Ledger>;

    /// The ledger of that name, if there is one.
    async fn get_ledger(&self, name: &LedgerName) -> PortResult<Option<Ledger>>;

    /// Every ledger, by name.
    async fn list_ledgers(
        &self,
        page: PageRequest<LedgerName>,
    ) -> PortResult<Page<Ledger, LedgerName>>;
}
