use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use ledger_core::{Credits, Epoch, EpochId, NewEpoch};
use ledger_port::{EpochStore, Page, PageRequest, PortResult};
use ledger_schema::schema::epochs;

use super::{PgLedgerStore, fetch, page};
use crate::Role;
use crate::commands::{BeginReview, CloseEpoch, CreateEpoch, find_epoch, find_open_epoch};
use crate::rows::EpochRow;

#[async_trait]
impl<R: Role> EpochStore for PgLedgerStore<R> {
    async fn create_epoch(&self, epoch: &NewEpoch) -> PortResult<Epoch> {
        let command = CreateEpoch { ledger_id: self.ledger_id, epoch, now: self.now() };
        self.pool.run(&command).await
    }

    async fn get_open_epoch(&self) -> PortResult<Option<Epoch>> {
        let mut loan = self.pool.lend().await?;
        let found = find_open_epoch(loan.connection(), self.ledger_id).await;
        loan.end("get_open_epoch", found)
    }

    async fn get_epoch(&self, epoch_id: EpochId) -> PortResult<Option<Epoch>> {
        let mut loan = self.pool.lend().await?;
        let found = find_epoch(loan.connection(), self.ledger_id, epoch_id).await;
        loan.end("get_epoch", found)
    }

    async fn list_epochs(&self, request: PageRequest<EpochId>) -> PortResult<Page<Epoch, EpochId>> {
        let mut loan = self.pool.lend().await?;
        let before = request.after.map_or(i64::MAX, |epoch_id| epoch_id.0);
        let found = epochs::table
            .filter(epochs::ledger_id.eq(self.ledger_id.0))
            .filter(epochs::id.lt(before))
            .order(epochs::id.desc())
            .limit(fetch(request.limit))
            .select(EpochRow::as_select())
            .load(loan.connection())
            .await;
        let rows: Vec<EpochRow> = loan.end("list_epochs", found)?;
        page(rows, request.limit, |epoch: &Epoch| epoch.id)
    }

    async fn begin_review(&self, epoch_id: EpochId) -> PortResult<Epoch> {
        self.pool.run(&BeginReview { ledger_id: self.ledger_id, epoch_id }).await
    }

    async fn close_epoch(&self, epoch_id: EpochId, pool_total: Credits) -> PortResult<Epoch> {
        let now = self.now();
        self.pool.run(&CloseEpoch { ledger_id: self.ledger_id, epoch_id, pool_total, now }).await
    }
}
