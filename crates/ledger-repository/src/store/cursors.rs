use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use ledger_core::{CursorKey, SourceCursor};
use ledger_port::{CursorStore, PortResult};
use ledger_schema::schema::source_cursors as cursors;

use super::PgLedgerStore;
use crate::Role;
use crate::commands::UpsertCursor;
use crate::rows::Place;

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
            .select((cursors::cursor_value, cursors::retrieved_at))
            .first(loan.connection())
            .await
            .optional();
        let row: Option<(String, DateTime<Utc>)> = loan.end("get_cursor", found)?;
        let Some((value, retrieved_at)) = row else { return Ok(None) };
        let place = Place { table: "source_cursors", row: &key.scope() };
        let retrieved_at = place.time("retrieved_at", retrieved_at)?;
        Ok(Some(SourceCursor { key: key.clone(), value, retrieved_at }))
    }
}
