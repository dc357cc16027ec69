use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use ledger_core::{LedgerId, LedgerName};
use ledger_port::{Clock, Ledger, LedgerRegistry, Page, PageRequest, PortResult, StoreFault};
use ledger_schema::schema::ledgers;
use uuid::Uuid;

use super::{fetch, page};
use crate::refusals::fault;
use crate::rows::Place;
use crate::{LedgerPool, Role};

/// The list of ledgers of one database.
#[derive(Debug, Clone)]
pub struct PgLedgerRegistry<R: Role> {
    pool: LedgerPool<R>,
    clock: Arc<dyn Clock>,
}

impl<R: Role> PgLedgerRegistry<R> {
    /// Over a pool.
    pub fn new(pool: LedgerPool<R>, clock: Arc<dyn Clock>) -> Self {
        Self { pool, clock }
    }
}

struct LedgerRow((Uuid, String, DateTime<Utc>));

impl TryFrom<LedgerRow> for Ledger {
    type Error = StoreFault;
    fn try_from(LedgerRow((id, name, created_at)): LedgerRow) -> Result<Self, StoreFault> {
        let place = Place { table: "ledgers", row: &id };
        let name: LedgerName = place.read("name", name)?;
        if LedgerId::of(&name) != LedgerId(id) {
            return Err(place.corrupt("ledger_id", format!("it is not the id of \"{name}\"")));
        }
        Ok(Self { id: LedgerId(id), name, created_at: place.time("created_at", created_at)? })
    }
}

#[async_trait]
impl<R: Role> LedgerRegistry for PgLedgerRegistry<R> {
    async fn create_ledger(&self, name: &LedgerName) -> PortResult<Ledger> {
        let row = (
            ledgers::ledger_id.eq(LedgerId::of(name).0),
            ledgers::name.eq(name.as_str()),
            ledgers::created_at.eq(self.clock.now().as_datetime()),
        );
        let mut connection = self.pool.checkout().await?;
        diesel::insert_into(ledgers::table)
            .values(row)
            .on_conflict(ledgers::ledger_id)
            .do_nothing()
            .execute(&mut connection.diesel)
            .await
            .map_err(|error| fault("create_ledger", error))?;
        drop(connection);
        let stored = self.get_ledger(name).await?;
        stored.ok_or_else(|| {
            let place = Place { table: "ledgers", row: name };
            place.corrupt("ledger_id", "it is gone right after it was written").into()
        })
    }

    async fn get_ledger(&self, name: &LedgerName) -> PortResult<Option<Ledger>> {
        let mut connection = self.pool.checkout().await?;
        let row: Option<(Uuid, String, DateTime<Utc>)> = ledgers::table
            .filter(ledgers::ledger_id.eq(LedgerId::of(name).0))
            .select((ledgers::ledger_id, ledgers::name, ledgers::created_at))
            .first(&mut connection.diesel)
            .await
            .optional()
            .map_err(|error| fault("get_ledger", error))?;
        Ok(row.map(|row| Ledger::try_from(LedgerRow(row))).transpose()?)
    }

    async fn list_ledgers(
        &self,
        request: PageRequest<LedgerName>,
    ) -> PortResult<Page<Ledger, LedgerName>> {
        let after = request.after.as_ref().map_or("", LedgerName::as_str);
        let mut connection = self.pool.checkout().await?;
        let rows: Vec<(Uuid, String, DateTime<Utc>)> = ledgers::table
            .filter(ledgers::name.gt(after))
            .order(ledgers::name)
            .limit(fetch(request.limit))
            .select((ledgers::ledger_id, ledgers::name, ledgers::created_at))
            .load(&mut connection.diesel)
            .await
            .map_err(|error| fault("list_ledgers", error))?;
        let rows = rows.into_iter().map(LedgerRow).collect();
        page(rows, request.limit, |ledger: &Ledger| ledger.name.clone())
    }
}
