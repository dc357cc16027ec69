use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Text, Timestamptz, Untyped, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{CursorKey, LedgerId, SourceCursor, Timestamp};
use ledger_port::PortResult;
use uuid::Uuid;

use crate::transaction::{Command, TxError};

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

/// The upsert as a query of its own: its text never changes, so the connection keeps it prepared, which
/// diesel does not do with an `ON CONFLICT` that it builds.
struct UpsertRow<'a> {
    ledger_id: Uuid,
    source: &'a str,
    stream: &'a str,
    scope: &'a str,
    cursor_value: &'a str,
    retrieved_at: DateTime<Utc>,
}

impl QueryId for UpsertRow<'_> {
    type QueryId = UpsertRow<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for UpsertRow<'_> {
    type SqlType = Untyped;
}

impl QueryFragment<Pg> for UpsertRow<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO source_cursors \
             (ledger_id, source, stream, scope, cursor_value, retrieved_at) VALUES (",
        );
        out.push_bind_param::<SqlUuid, _>(&self.ledger_id)?;
        for text in [&self.source, &self.stream, &self.scope, &self.cursor_value] {
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(text)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Timestamptz, _>(&self.retrieved_at)?;
        out.push_sql(
            ") ON CONFLICT (ledger_id, source, stream, scope) DO UPDATE SET \
             cursor_value = excluded.cursor_value, retrieved_at = excluded.retrieved_at",
        );
        Ok(())
    }
}

#[async_trait]
impl Command for UpsertCursor<'_> {
    type Output = SourceCursor;
    const NAME: &'static str = "upsert_cursor";
    const IS_ONE_STATEMENT: bool = true;

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<SourceCursor, TxError> {
        let row = UpsertRow {
            ledger_id: self.ledger_id.0,
            source: self.key.source().as_str(),
            stream: self.key.stream(),
            scope: self.key.scope(),
            cursor_value: self.value,
            retrieved_at: self.now.as_datetime(),
        };
        RunQueryDsl::execute(row, tx).await?;
        let (key, value) = (self.key.clone(), self.value.to_owned());
        Ok(SourceCursor { key, value, retrieved_at: self.now })
    }
}
