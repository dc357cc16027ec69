use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{CollectionOutcome, EpochId, LedgerId, SourceCollection, SourceId, Timestamp};
use ledger_schema::schema::epoch_collections as collections;

use super::{EpochLock, lock_writable_epoch};
use crate::rows::CollectionRow;
use crate::transaction::{Command, TxError};

/// Records how a run of a source into an epoch ended.
pub(crate) struct RecordCollection<'a> {
    pub(crate) ledger_id: LedgerId,
    pub(crate) epoch_id: EpochId,
    pub(crate) source_id: &'a SourceId,
    pub(crate) outcome: &'a CollectionOutcome,
    pub(crate) now: Timestamp,
}

impl RecordCollection<'_> {
    async fn stored(
        &self,
        tx: &mut AsyncPgConnection,
    ) -> Result<Option<SourceCollection>, TxError> {
        let row: Option<CollectionRow> = collections::table
            .filter(collections::ledger_id.eq(self.ledger_id.0))
            .filter(collections::epoch_id.eq(self.epoch_id.0))
            .filter(collections::source_id.eq(self.source_id.as_str()))
            .select(CollectionRow::as_select())
            .for_no_key_update()
            .first(tx)
            .await
            .optional()?;
        Ok(row.map(SourceCollection::try_from).transpose()?)
    }
}

#[async_trait]
impl Command for RecordCollection<'_> {
    type Output = SourceCollection;
    const NAME: &'static str = "record_collection";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<SourceCollection, TxError> {
        lock_writable_epoch(tx, self.ledger_id, self.epoch_id, EpochLock::Shared).await?;
        let stored = self.stored(tx).await?;
        let none_yet = || SourceCollection::none_yet(self.epoch_id, self.source_id.clone());
        let is_new = stored.is_none();
        let recorded = stored.unwrap_or_else(none_yet).after(self.outcome, self.now);
        let failure = recorded.failure.as_ref();
        let values = (
            collections::collected_through
                .eq(recorded.collected_through.map(Timestamp::as_datetime)),
            collections::failed_at.eq(failure.map(|one| one.failed_at.as_datetime())),
            collections::last_error.eq(failure.map(|one| one.error.as_str())),
        );
        let key = (
            collections::ledger_id.eq(self.ledger_id.0),
            collections::epoch_id.eq(self.epoch_id.0),
            collections::source_id.eq(self.source_id.as_str()),
        );
        if is_new {
            // Of two first runs at once, the second is refused by the key, runs again, and updates.
            diesel::insert_into(collections::table).values((key, values)).execute(tx).await?;
        } else {
            let (ledger, epoch, source) = key;
            diesel::update(collections::table)
                .filter(ledger)
                .filter(epoch)
                .filter(source)
                .set(values)
                .execute(tx)
                .await?;
        }
        Ok(recorded)
    }
}
