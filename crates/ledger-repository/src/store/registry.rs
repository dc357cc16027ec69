use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use ledger_core::{LedgerId, LedgerName, Visibility};
use ledger_port::{
    Clock, Ledger, LedgerPortError, LedgerRegistry, Page, PageRequest, PortResult, StoreFault,
};
use ledger_schema::schema::ledgers;
use uuid::Uuid;

use super::{PgLedgerStore, fetch, page};
use crate::rows::Place;
use crate::{LedgerPool, Role};

/// The list of ledgers of one database.
#[derive(Debug)]
pub struct PgLedgerRegistry<R: Role> {
    pool: LedgerPool<R>,
    clock: Arc<dyn Clock>,
}

// Not derived: that would ask the marker to be Clone.
impl<R: Role> Clone for PgLedgerRegistry<R> {
    fn clone(&self) -> Self {
        Self::new(self.pool.clone(), Arc::clone(&self.clock))
    }
}

impl<R: Role> PgLedgerRegistry<R> {
    /// Over a pool.
    pub fn new(pool: LedgerPool<R>, clock: Arc<dyn Clock>) -> Self {
        Self { pool, clock }
    }
}

impl<R: Role> PgLedgerRegistry<R> {
    /// The store of the ledger of that name.
    ///
    /// # Errors
    /// When there is no such ledger (`LedgerNotFound`), or the database cannot be read.
    pub async fn store(&self, name: &LedgerName) -> PortResult<PgLedgerStore<R>> {
        let found = self.get_ledger(name).await?;
        let ledger = found.ok_or_else(|| LedgerPortError::LedgerNotFound { name: name.clone() })?;
        Ok(PgLedgerStore::new(ledger.id, self.pool.clone(), Arc::clone(&self.clock)))
    }
}

type LedgerColumns = (Uuid, String, String, DateTime<Utc>);

const COLUMNS: (ledgers::ledger_id, ledgers::name, ledgers::visibility, ledgers::created_at) =
    (ledgers::ledger_id, ledgers::name, ledgers::visibility, ledgers::created_at);

struct LedgerRow(LedgerColumns);

impl TryFrom<LedgerRow> for Ledger {
    type Error = StoreFault;
    fn try_from(row: LedgerRow) -> Result<Self, StoreFault> {
        let LedgerRow((id, name, visibility, created_at)) = row;
        let place = Place { table: "ledgers", row: &id };
        let name: LedgerName = place.read("name", name)?;
        if LedgerId::of(&name) != LedgerId(id) {
            return Err(place.corrupt("ledger_id", format!("it is not the id of \"{name}\"")));
        }
        let visibility: Visibility =
            visibility.parse().map_err(|problem| place.corrupt("visibility", problem))?;
        let created_at = place.time("created_at", created_at)?;
        Ok(Self { id: LedgerId(id), name, visibility, created_at })
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
        let mut loan = self.pool.lend().await?;
        let written = diesel::insert_into(ledgers::table)
            .values(row)
            .on_conflict(ledgers::ledger_id)
            .do_nothing()
            .execute(loan.connection())
            .await;
        loan.end("create_ledger", written)?;
        let stored = self.get_ledger(name).await?;
        stored.ok_or_else(|| {
            let place = Place { table: "ledgers", row: name };
            place.corrupt("ledger_id", "it is gone right after it was written").into()
        })
    }

    async fn set_ledger_visibility(
        &self,
        name: &LedgerName,
        visibility: Visibility,
    ) -> PortResult<Ledger> {
        let mut loan = self.pool.lend().await?;
        let found = diesel::update(ledgers::table)
            .filter(ledgers::ledger_id.eq(LedgerId::of(name).0))
            .set(ledgers::visibility.eq(visibility.as_str()))
            .returning(COLUMNS)
            // Not its first row alone: the statement may still be refused after it, by its commit.
            .load(loan.connection())
            .await;
        let rows: Vec<LedgerColumns> = loan.end("set_ledger_visibility", found)?;
        let row = rows
            .into_iter()
            .next()
            .ok_or_else(|| LedgerPortError::LedgerNotFound { name: name.clone() })?;
        Ok(Ledger::try_from(LedgerRow(row))?)
    }

    async fn get_ledger(&self, name: &LedgerName) -> PortResult<Option<Ledger>> {
        let mut loan = self.pool.lend().await?;
        let found = ledgers::table
            .filter(ledgers::ledger_id.eq(LedgerId::of(name).0))
            .select(COLUMNS)
            .first(loan.connection())
            .await
            .optional();
        let row: Option<LedgerColumns> = loan.end("get_ledger", found)?;
        Ok(row.map(|row| Ledger::try_from(LedgerRow(row))).transpose()?)
    }

    async fn list_ledgers(
        &self,
        request: PageRequest<LedgerName>,
    ) -> PortResult<Page<Ledger, LedgerName>> {
        let after = request.after.as_ref().map_or("", LedgerName::as_str);
        let mut loan = self.pool.lend().await?;
        let found = ledgers::table
            .filter(ledgers::name.gt(after))
            .order(ledgers::name)
            .limit(fetch(request.limit))
            .select(COLUMNS)
            .load(loan.connection())
            .await;
        let rows: Vec<LedgerColumns> = loan.end("list_ledgers", found)?;
        let rows = rows.into_iter().map(LedgerRow).collect();
        page(rows, request.limit, |ledger: &Ledger| ledger.name.clone())
    }
}
