use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, Insertable};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{CursorKey, LedgerId, SourceCursor, Timestamp};
use ledger_port::PortResult;
use ledger_schema::schema::source_cursors;
use uuid::Uuid;

use crate::transaction::{Command, TxResult};

/// Sets a cursor.
pub(crate) struct UpsertCursor<'a> {
    ledger_id: LedgerId,
    key: &'a CursorKey,
    value: &'a str,
    now: Timestamp,
}

impl<'a> UpsertCursor<'a> {
    pub(crate) fn new(
        ledger_id: LedgerId,
        key: &'a CursorKey,
        value: &'a str,
        now: Timestamp,
    ) -> PortResult<Self> {
        SourceCursor::check_value(value)?;
        Ok(Self { ledger_id, key, value, now })
    }
}

#[derive(Insertable)]
#[diesel(table_name = source_cursors)]
struct CursorRow<'a> {
    ledger_id: Uuid,
    source: &'a str,
    stream: &'a str,
    scope: &'a str,
    cursor_value: &'a str,
    retrieved_at: chrono::DateTime<chrono::Utc>,
}

#[async_trait]
impl Command for UpsertCursor<'_> {
    type Output = SourceCursor;
    const NAME: &'static str = "upsert_cursor";

    async fn run(&self, tx: &mut AsyncPgConnection) -> TxResult<SourceCursor> {
        let row = CursorRow {
            ledger_id: self.ledger_id.0,
            source: self.key.source().as_str(),
            stream: self.key.stream(),
            scope: self.key.scope(),
            cursor_value: self.value,
            retrieved_at: self.now.as_datetime(),
        };
        let key = (
            source_cursors::ledger_id,
            source_cursors::source,
            source_cursors::stream,
            source_cursors::scope,
        );
        let value = source_cursors::cursor_value.eq(self.value);
        let time = source_cursors::retrieved_at.eq(self.now.as_datetime());
        diesel::insert_into(source_cursors::table)
            .values(row)
            .on_conflict(key)
            .do_update()
            .set((value, time))
            .execute(tx)
            .await?;
        let (key, value) = (self.key.clone(), self.value.to_owned());
        Ok(SourceCursor { key, value, retrieved_at: self.now })
    }
}
