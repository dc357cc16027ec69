//! The port over PostgreSQL: reads are one statement each, writes are [`crate::commands`].

mod access;
mod activity;
mod allocations;
mod collections;
mod cursors;
mod epochs;
mod identity;
mod intentions;
mod people;
mod pool;
mod registry;
mod statements;
mod writes;

pub use registry::PgLedgerRegistry;

use std::sync::Arc;

use diesel::dsl::{exists, select};
use diesel::prelude::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use ledger_core::{EpochId, LedgerId, Timestamp};
use ledger_port::{Clock, EpochNotFoundPortError, LedgerPortError, Page, PageLimit, PortResult};
use ledger_schema::schema::epochs as epochs_table;

use crate::{LedgerPool, Role};

/// One ledger's store, with the limits of one adapter.
#[derive(Debug)]
pub struct PgLedgerStore<R: Role> {
    ledger_id: LedgerId,
    pool: LedgerPool<R>,
    clock: Arc<dyn Clock>,
}

// Not derived: that would ask the marker to be Clone.
impl<R: Role> Clone for PgLedgerStore<R> {
    fn clone(&self) -> Self {
        Self::new(self.ledger_id, self.pool.clone(), Arc::clone(&self.clock))
    }
}

impl<R: Role> PgLedgerStore<R> {
    /// Binds a store to one ledger. The ledger must exist; see [`PgLedgerRegistry`].
    pub fn new(ledger_id: LedgerId, pool: LedgerPool<R>, clock: Arc<dyn Clock>) -> Self {
        Self { ledger_id, pool, clock }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Tells an empty list from a missing epoch.
    async fn require_epoch(&self, name: &'static str, epoch_id: EpochId) -> PortResult<()> {
        let mut loan = self.pool.lend().await?;
        let epoch = epochs_table::table
            .filter(epochs_table::ledger_id.eq(self.ledger_id.0))
            .filter(epochs_table::id.eq(epoch_id.0));
        let found = select(exists(epoch)).get_result(loan.connection()).await;
        let found: bool = loan.end(name, found)?;
        if found { Ok(()) } else { Err(EpochNotFoundPortError { epoch_id }.into()) }
    }
}

/// How many rows to fetch for a page: one more than it holds, to know whether there is another.
pub(crate) fn fetch(limit: PageLimit) -> i64 {
    i64::from(limit.get()) + 1
}

/// Turns fetched rows into a page of records.
pub(crate) fn page<Row, T, K>(
    rows: Vec<Row>,
    limit: PageLimit,
    key: impl FnOnce(&T) -> K,
) -> PortResult<Page<T, K>>
where
    T: TryFrom<Row>,
    LedgerPortError: From<T::Error>,
{
    let records = rows.into_iter().map(T::try_from).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_fetched(records, limit, key))
}
