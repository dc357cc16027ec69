use async_trait::async_trait;
use diesel_async::AsyncPgConnection;
use ledger_core::{LedgerId, Timestamp};
use ledger_port::{IngestPage, InsertOutcome, PortResult};

use super::{InsertEvents, UpsertCursor};
use crate::transaction::{Command, TxError};

/// Appends a page's events and moves its cursor: the two other commands, in one transaction.
pub(crate) struct Ingest<'a> {
    events: InsertEvents<'a>,
    cursor: UpsertCursor<'a>,
}

impl<'a> Ingest<'a> {
    pub(crate) fn new(
        ledger_id: LedgerId,
        page: &'a IngestPage,
        now: Timestamp,
    ) -> PortResult<Self> {
        let events = InsertEvents::new(ledger_id, page.epoch_id, &page.events, now)?;
        let cursor = UpsertCursor::new(ledger_id, &page.cursor_key, &page.cursor_value, now)?;
        Ok(Self { events, cursor })
    }
}

#[async_trait]
impl Command for Ingest<'_> {
    type Output = InsertOutcome;
    const NAME: &'static str = "ingest_page";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<InsertOutcome, TxError> {
        let outcome = self.events.run(tx).await?;
        self.cursor.run(tx).await?;
        Ok(outcome)
    }
}
