use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use ledger_core::{CursorKey, SourceCursor};
use ledger_port::{CursorStore, Page, PageRequest, PortResult};
use ledger_schema::schema::source_cursors as cursors;

use super::{PgLedgerStore, fetch, page};
use crate::Role;
use crate::commands::UpsertCursor;
use crate::rows::CursorRow;

#[async_trait]
impl<R: Role> CursorStore for PgLedgerStore<R> {
    async fn upsert_cursor(&self, key: &CursorKey, value: &str) -> PortResult<SourceCursor> {
        self.pool.run(&UpsertCursor::new(self.ledger_id, key, value, self.now())?).await
    }

    async fn get_cursor(&self, key: &CursorKey) -> PortResult<Option<SourceCursor>> {
        let mut loan = self.pool.lend().await?;
        let found = cursors::table
            .filter(cursors::ledger_id.eq(self.ledger_id.0))
            .filter(cursors::source.eq(key.source().as_str()))
            .filter(cursors::stream.eq(key.stream()))
            .filter(cursors::scope.eq(key.scope()))
            .select(CursorRow::as_select())
            .first(loan.connection())
            .await
            .optional();
        let row: Option<CursorRow> = loan.end("get_cursor", found)?;
        Ok(row.map(SourceCursor::try_from).transpose()?)
    }

    async fn list_cursors(
        &self,
        request: PageRequest<CursorKey>,
    ) -> PortResult<Page<SourceCursor, CursorKey>> {
        // No key is smaller than three empty texts.
        let (source, stream, scope) = request
            .after
            .as_ref()
            .map_or(("", "", ""), |key| (key.source().as_str(), key.stream(), key.scope()));
        let mut loan = self.pool.lend().await?;
        let found = diesel::sql_query(LIST)
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<Text, _>(source)
            .bind::<Text, _>(stream)
            .bind::<Text, _>(scope)
            .bind::<BigInt, _>(fetch(request.limit))
            .load(loan.connection())
            .await;
        let rows: Vec<CursorRow> = loan.end("list_cursors", found)?;
        page(rows, request.limit, |cursor: &SourceCursor| cursor.key.clone())
    }
}

// A row comparison, which Diesel has no word for; the primary key answers it in order.
const LIST: &str = "
    SELECT source, stream, scope, cursor_value, retrieved_at FROM source_cursors
    WHERE ledger_id = $1 AND (source, stream, scope) > ($2, $3, $4)
    ORDER BY source, stream, scope
    LIMIT $5";
