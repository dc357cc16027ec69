use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::prelude::{Queryable, Selectable};
use ledger_core::{CursorKey, SourceCursor};
use ledger_port::StoreFault;
use ledger_schema::schema::source_cursors;

use super::Place;

#[derive(Queryable, Selectable, QueryableByName)]
#[diesel(table_name = source_cursors, check_for_backend(diesel::pg::Pg))]
pub(crate) struct CursorRow {
    source: String,
    stream: String,
    scope: String,
    cursor_value: String,
    retrieved_at: DateTime<Utc>,
}

impl TryFrom<CursorRow> for SourceCursor {
    type Error = StoreFault;
    fn try_from(row: CursorRow) -> Result<Self, StoreFault> {
        let place = Place { table: "source_cursors", row: &row.scope };
        let source = place.read("source", row.source)?;
        let retrieved_at = place.time("retrieved_at", row.retrieved_at)?;
        let key = CursorKey::new(source, row.stream, row.scope.clone())
            .map_err(|problem| place.corrupt("scope", problem))?;
        Ok(Self { key, value: row.cursor_value, retrieved_at })
    }
}
