use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use ledger_core::{Allocation, AllocationOverride, EpochId, NewAllocation, UserId, WeightTable};
use ledger_port::{AllocationStore, Page, PageRequest, PortResult, ProposalSummary};
use ledger_schema::schema::epoch_allocations as allocations;

use super::{PgLedgerStore, fetch, page};
use crate::Role;
use crate::commands::{
    InsertAllocations, PreviewAllocations, ProposeAllocations, UpdateAllocation,
};
use crate::rows::AllocationRow;

#[async_trait]
impl<R: Role> AllocationStore for PgLedgerStore<R> {
    async fn insert_allocations(
        &self,
        epoch_id: EpochId,
        allocations: &[NewAllocation],
    ) -> PortResult<u64> {
        let command = InsertAllocations::new(self.ledger_id, epoch_id, allocations, self.now())?;
        self.pool.run(&command).await
    }

    async fn propose_allocations(&self, epoch_id: EpochId) -> PortResult<ProposalSummary> {
        let now = self.now();
        self.pool.run(&ProposeAllocations { ledger_id: self.ledger_id, epoch_id, now }).await
    }

    async fn preview_allocations(
        &self,
        epoch_id: EpochId,
        weights: &WeightTable,
    ) -> PortResult<Vec<NewAllocation>> {
        let preview = PreviewAllocations { ledger_id: self.ledger_id, epoch_id, weights };
        let proposals = self.pool.rehearse(&preview).await?;
        if proposals.is_empty() {
            self.require_epoch("preview_allocations", epoch_id).await?;
        }
        Ok(proposals)
    }

    async fn update_allocation(
        &self,
        epoch_id: EpochId,
        user_id: &UserId,
        decision: Option<&AllocationOverride>,
    ) -> PortResult<Allocation> {
        let (ledger_id, now) = (self.ledger_id, self.now());
        self.pool.run(&UpdateAllocation { ledger_id, epoch_id, user_id, decision, now }).await
    }

    async fn get_allocation(
        &self,
        epoch_id: EpochId,
        user_id: &UserId,
    ) -> PortResult<Option<Allocation>> {
        let mut loan = self.pool.lend().await?;
        let found = allocations::table
            .filter(allocations::ledger_id.eq(self.ledger_id.0))
            .filter(allocations::epoch_id.eq(epoch_id.0))
            .filter(allocations::user_id.eq(user_id.as_str()))
            .select(AllocationRow::as_select())
            .first(loan.connection())
            .await
            .optional();
        let row: Option<AllocationRow> = loan.end("get_allocation", found)?;
        Ok(row.map(Allocation::try_from).transpose()?)
    }

    async fn get_allocations_for_epoch(
        &self,
        epoch_id: EpochId,
        request: PageRequest<UserId>,
    ) -> PortResult<Page<Allocation, UserId>> {
        let name = "get_allocations_for_epoch";
        let after = request.after.as_ref().map_or("", UserId::as_str);
        let mut loan = self.pool.lend().await?;
        let found = allocations::table
            .filter(allocations::ledger_id.eq(self.ledger_id.0))
            .filter(allocations::epoch_id.eq(epoch_id.0))
            .filter(allocations::user_id.gt(after))
            .order(allocations::user_id)
            .limit(fetch(request.limit))
            .select(AllocationRow::as_select())
            .load(loan.connection())
            .await;
        let rows: Vec<AllocationRow> = loan.end(name, found)?;
        if rows.is_empty() {
            self.require_epoch(name, epoch_id).await?;
        }
        page(rows, request.limit, |allocation: &Allocation| allocation.user_id.clone())
    }
}
