//! An epoch moves forward: into review, and closed.

use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{
    Credits, Epoch, EpochId, EpochStatus, LedgerId, PoolComponent, Timestamp, pool_total,
};
use ledger_port::LedgerPortError;
use ledger_schema::schema::{epoch_pool_components, epochs};

use super::propose_allocations::refuse_stale_proposals;
use super::{EpochLock, lock_epoch, lock_writable_epoch};
use crate::rows::{EpochRow, PoolComponentRow};
use crate::transaction::{Command, TxError};

/// Moves an open epoch into review.
pub(crate) struct BeginReview {
    pub(crate) ledger_id: LedgerId,
    pub(crate) epoch_id: EpochId,
}

#[async_trait]
impl Command for BeginReview {
    type Output = Epoch;
    const NAME: &'static str = "begin_review";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Epoch, TxError> {
        let epoch =
            lock_writable_epoch(tx, self.ledger_id, self.epoch_id, EpochLock::Alone).await?;
        if epoch.status == EpochStatus::Review {
            return Ok(epoch);
        }
        let row: EpochRow = diesel::update(epochs::table)
            .filter(epochs::ledger_id.eq(self.ledger_id.0))
            .filter(epochs::id.eq(self.epoch_id.0))
            .set(epochs::status.eq(EpochStatus::Review.as_str()))
            .returning(EpochRow::as_returning())
            .get_result(tx)
            .await?;
        Ok(row.try_into()?)
    }
}

/// Closes an epoch with the total that the caller names.
pub(crate) struct CloseEpoch {
    pub(crate) ledger_id: LedgerId,
    pub(crate) epoch_id: EpochId,
    pub(crate) pool_total: Credits,
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Command for CloseEpoch {
    type Output = Epoch;
    const NAME: &'static str = "close_epoch";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Epoch, TxError> {
        let epoch = lock_epoch(tx, self.ledger_id, self.epoch_id, EpochLock::Alone).await?;
        let found = match epoch.pool_total {
            Some(total) => total,
            None => budget(tx, self.ledger_id, self.epoch_id).await?,
        };
        refuse_another_total(self.epoch_id, Some(self.pool_total), found)?;
        if epoch.status == EpochStatus::Closed {
            return Ok(epoch);
        }
        refuse_stale_proposals(tx, self.ledger_id, &epoch).await?;
        close(tx, self.ledger_id, self.epoch_id, found, self.now).await
    }
}

/// The parts of an epoch's budget. They are few: each has a type of its own.
pub(super) async fn pool_components(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    epoch_id: EpochId,
) -> Result<Vec<PoolComponent>, TxError> {
    let rows: Vec<PoolComponentRow> = epoch_pool_components::table
        .filter(epoch_pool_components::ledger_id.eq(ledger_id.0))
        .filter(epoch_pool_components::epoch_id.eq(epoch_id.0))
        .select(PoolComponentRow::as_select())
        .load(tx)
        .await?;
    Ok(rows.into_iter().map(PoolComponent::try_from).collect::<Result<_, _>>()?)
}

/// The sum of the epoch's pool components, of which one must be the base issuance.
pub(super) async fn budget(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    epoch_id: EpochId,
) -> Result<Credits, TxError> {
    let components = pool_components(tx, ledger_id, epoch_id).await?;
    if !components.iter().any(|part| part.component.component_id.is_base_issuance()) {
        return Err(LedgerPortError::PoolRequiresBase { epoch_id }.into());
    }
    Ok(pool_total(&components)?)
}

pub(super) fn refuse_another_total(
    epoch_id: EpochId,
    asked: Option<Credits>,
    found: Credits,
) -> Result<(), TxError> {
    match asked {
        Some(asked) if asked != found => {
            Err(LedgerPortError::PoolTotalMismatch { epoch_id, asked, found }.into())
        }
        _ => Ok(()),
    }
}

/// Closes an epoch whose row is locked and whose total is checked.
pub(super) async fn close(
    tx: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    epoch_id: EpochId,
    pool_total: Credits,
    now: Timestamp,
) -> Result<Epoch, TxError> {
    let row: EpochRow = diesel::update(epochs::table)
        .filter(epochs::ledger_id.eq(ledger_id.0))
        .filter(epochs::id.eq(epoch_id.0))
        .set((
            epochs::status.eq(EpochStatus::Closed.as_str()),
            epochs::pool_total_credits.eq(pool_total.get()),
            epochs::closed_at.eq(now.as_datetime()),
        ))
        .returning(EpochRow::as_returning())
        .get_result(tx)
        .await?;
    Ok(row.try_into()?)
}
