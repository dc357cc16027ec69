//! How far each stream has been read.

use async_trait::async_trait;
use ledger_core::{CursorKey, SourceCursor};

use crate::{Page, PageRequest, PortResult};

/// Keeps cursors.
#[async_trait]
pub trait CursorStore: Send + Sync {
    /// Sets a cursor. Use [`crate::IntentionStore::ingest_page`] where events come with it, so that
    /// a cursor is never ahead of its events (CURSOR_STATE_PERSISTED).
    ///
    /// Refuses a value that the ledger cannot keep (`InvalidValue`). Idempotent; the last call wins.
    async fn upsert_cursor(&self, key: &CursorKey, value: &str) -> PortResult<SourceCursor>;

    /// A stream's cursor, or `None` where it was never read.
    async fn get_cursor(&self, key: &CursorKey) -> PortResult<Option<SourceCursor>>;

    /// Every cursor of the ledger, by source, stream and scope.
    async fn list_cursors(
        &self,
        page: PageRequest<CursorKey>,
    ) -> PortResult<Page<SourceCursor, CursorKey>>;
}
