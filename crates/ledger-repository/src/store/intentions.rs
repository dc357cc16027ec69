use async_trait::async_trait;
use ledger_core::Epoch;
use ledger_port::{
    ActivityStore as _, CursorStore as _, FinalizeEpoch, FinalizedEpoch, IngestPage, InsertOutcome,
    IntentionStore, PortResult, RollOver,
};

use super::PgLedgerStore;
use crate::Role;
use crate::commands::{Finalize, GoOn, Ingest};

#[async_trait]
impl<R: Role> IntentionStore for PgLedgerStore<R> {
    async fn ingest_page(&self, page: &IngestPage) -> PortResult<InsertOutcome> {
        if ledger_core::has_fault!("fault-lost-cursor") {
            // For the torture `crashes`: the cursor is stored before its events, and apart from them by long
            // enough that one of a short run's crashes comes between.
            self.upsert_cursor(&page.cursor_key, &page.cursor_value).await?;
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            return self.insert_activity_events(page.epoch_id, &page.events).await;
        }
        self.pool.run(&Ingest::new(self.ledger_id, page, self.now())?).await
    }

    async fn roll_over(&self, command: &RollOver) -> PortResult<Epoch> {
        let (ledger_id, now) = (self.ledger_id, self.now());
        self.pool.run(&GoOn { ledger_id, asked: command, now }).await
    }

    async fn finalize_epoch(&self, command: &FinalizeEpoch) -> PortResult<FinalizedEpoch> {
        let (ledger_id, now) = (self.ledger_id, self.now());
        self.pool.run(&Finalize { ledger_id, asked: command, now }).await
    }

    async fn preview_finalize_epoch(&self, command: &FinalizeEpoch) -> PortResult<FinalizedEpoch> {
        let (ledger_id, now) = (self.ledger_id, self.now());
        self.pool.rehearse(&Finalize { ledger_id, asked: command, now }).await
    }
}
