use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use ledger_core::{CollectionOutcome, EpochId, SourceCollection, SourceId};
use ledger_port::{CollectionStore, Page, PageRequest, PortResult};
use ledger_schema::schema::epoch_collections as collections;

use super::{PgLedgerStore, fetch, page};
use crate::Role;
use crate::commands::RecordCollection;
use crate::rows::CollectionRow;

#[async_trait]
impl<R: Role> CollectionStore for PgLedgerStore<R> {
    async fn record_collection(
        &self,
        epoch_id: EpochId,
        source_id: &SourceId,
        outcome: &CollectionOutcome,
    ) -> PortResult<SourceCollection> {
        let (ledger_id, now) = (self.ledger_id, self.now());
        let command = RecordCollection { ledger_id, epoch_id, source_id, outcome, now };
        self.pool.run(&command).await
    }

    async fn list_collections_for_epoch(
        &self,
        epoch_id: EpochId,
        request: PageRequest<SourceId>,
    ) -> PortResult<Page<SourceCollection, SourceId>> {
        // No id is smaller than the empty text.
        let after = request.after.as_ref().map_or("", SourceId::as_str);
        let mut loan = self.pool.lend().await?;
        let found = collections::table
            .filter(collections::ledger_id.eq(self.ledger_id.0))
            .filter(collections::epoch_id.eq(epoch_id.0))
            .filter(collections::source_id.gt(after))
            .order(collections::source_id)
            .limit(fetch(request.limit))
            .select(CollectionRow::as_select())
            .load(loan.connection())
            .await;
        let rows: Vec<CollectionRow> = loan.end("list_collections_for_epoch", found)?;
        if rows.is_empty() {
            self.require_epoch("list_collections_for_epoch", epoch_id).await?;
        }
        page(rows, request.limit, |one: &SourceCollection| one.source_id.clone())
    }
}
