//! How far each stream has been read.

use async_trait::async_trait;
use ledger_core::{CursorKey, SourceCursor, Timestamp};
use ledger_port::{CursorStore, Page, PageRequest, PortResult};

use crate::MemoryStore;
use crate::books::{Books, page};

impl Books {
    pub(crate) fn upsert_cursor(
        &mut self,
        key: &CursorKey,
        value: &str,
        now: Timestamp,
    ) -> PortResult<SourceCursor> {
        SourceCursor::check_value(value)?;
        let cursor = SourceCursor { key: key.clone(), value: value.to_owned(), retrieved_at: now };
        self.cursors.insert(key.clone(), cursor.clone());
        Ok(cursor)
    }
}

#[async_trait]
impl CursorStore for MemoryStore {
    async fn upsert_cursor(&self, key: &CursorKey, value: &str) -> PortResult<SourceCursor> {
        self.write(|books, now| books.upsert_cursor(key, value, now))
    }

    async fn get_cursor(&self, key: &CursorKey) -> PortResult<Option<SourceCursor>> {
        Ok(self.read(|books| books.cursors.get(key).cloned()))
    }

    async fn list_cursors(
        &self,
        request: PageRequest<CursorKey>,
    ) -> PortResult<Page<SourceCursor, CursorKey>> {
        Ok(self.read(|books| page(books.cursors.values(), &request, |one| one.key.clone())))
    }
}
