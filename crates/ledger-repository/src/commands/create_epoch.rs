use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel::sql_types::Uuid as SqlUuid;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{Epoch, EpochStatus, LedgerId, NewEpoch, Timestamp};
use ledger_port::LedgerPortError;
use ledger_schema::schema::epochs;
use uuid::Uuid;

use super::find_open_epoch;
use crate::rows::EpochRow;
use crate::transaction::{Command, TxError};

/// Opens an epoch.
pub(crate) struct CreateEpoch<'a> {
    pub(crate) ledger_id: LedgerId,
    pub(crate) epoch: &'a NewEpoch,
    pub(crate) now: Timestamp,
}

/// There is no epoch's row to lock yet. Without this, two who insert at once each wait for the other
/// in the exclusion constraint's index, and PostgreSQL has to break the circle.
const TAKE_TURNS: &str = "
    SELECT pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended($1::text, 5001178293450024))";

/// Waits for whoever else opens an epoch of this ledger. Again in the same transaction is nothing.
pub(super) async fn take_turns(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
) -> Result<(), TxError> {
    diesel::sql_query(TAKE_TURNS).bind::<SqlUuid, _>(ledger_id.0).execute(tx).await?;
    Ok(())
}

#[derive(Insertable)]
#[diesel(table_name = epochs)]
struct NewEpochRow {
    ledger_id: Uuid,
    status: &'static str,
    period_start: DateTime<Utc>,
    period_end: DateTime<Utc>,
    weight_config: serde_json::Value,
    opened_at: DateTime<Utc>,
    created_at: DateTime<Utc>,
}

#[async_trait]
impl Command for CreateEpoch<'_> {
    type Output = Epoch;
    const NAME: &'static str = "create_epoch";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Epoch, TxError> {
        take_turns(tx, self.ledger_id).await?;
        self.refuse_a_second_open_epoch(tx).await?;
        self.refuse_a_taken_window(tx).await?;
        let row = NewEpochRow {
            ledger_id: self.ledger_id.0,
            status: "open",
            period_start: self.epoch.period.start().as_datetime(),
            period_end: self.epoch.period.end().as_datetime(),
            weight_config: self.epoch.weights.to_json(),
            opened_at: self.now.as_datetime(),
            created_at: self.now.as_datetime(),
        };
        let row: EpochRow = diesel::insert_into(epochs::table)
            .values(row)
            .returning(EpochRow::as_returning())
            .get_result(tx)
            .await?;
        Ok(row.try_into()?)
    }
}

impl CreateEpoch<'_> {
    async fn refuse_a_second_open_epoch(&self, tx: &mut AsyncPgConnection) -> Result<(), TxError> {
        match find_open_epoch(tx, self.ledger_id).await? {
            Some(open) => Err(LedgerPortError::EpochAlreadyOpen { open_epoch: open.id }.into()),
            None => Ok(()),
        }
    }

    async fn refuse_a_taken_window(&self, tx: &mut AsyncPgConnection) -> Result<(), TxError> {
        let asked = self.epoch.period;
        let overlapping: Option<EpochRow> = epochs::table
            .filter(epochs::ledger_id.eq(self.ledger_id.0))
            .filter(epochs::period_start.lt(asked.end().as_datetime()))
            .filter(epochs::period_end.gt(asked.start().as_datetime()))
            .order(epochs::id)
            .select(EpochRow::as_select())
            .first(tx)
            .await
            .optional()?;
        let Some(row) = overlapping else { return Ok(()) };
        let taken = Epoch::try_from(row)?;
        if taken.status == EpochStatus::Open {
            // It was opened since we looked for one.
            return Err(LedgerPortError::EpochAlreadyOpen { open_epoch: taken.id }.into());
        }
        let refusal =
            LedgerPortError::EpochWindowTaken { asked, epoch_id: taken.id, found: taken.period };
        Err(refusal.into())
    }
}
