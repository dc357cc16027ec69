//! Closes an epoch and pays: lock, check, total, payouts, close, statement.

use std::panic::resume_unwind;

use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods as _, QueryDsl as _};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{
    Credits, Epoch, EpochStatus, LedgerId, NewPayoutStatement, Sha256Hex, Timestamp, Units, UserId,
    allocation_set_hash, payouts,
};
use ledger_port::{FinalizeEpoch, FinalizedEpoch, LedgerPortError};
use ledger_schema::schema::epoch_allocations as allocations;
use ledger_schema::schema::epochs;
use tokio::task::{JoinHandle, spawn_blocking};

use super::epoch_life::{budget, close, refuse_another_total};
use super::insert_statement::{refuse_taken_id, statement_in_force, write_statement};
use super::propose_allocations::refuse_stale_proposals;
use super::{EpochLock, lock_epoch};
use crate::rows::Place;
use crate::transaction::{Command, TxError};

/// Closes an epoch and writes its statement.
pub(crate) struct Finalize<'a> {
    pub(crate) ledger_id: LedgerId,
    pub(crate) asked: &'a FinalizeEpoch,
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Command for Finalize<'_> {
    type Output = FinalizedEpoch;
    const NAME: &'static str = "finalize_epoch";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<FinalizedEpoch, TxError> {
        let FinalizeEpoch { epoch_id, statement_id, expected_pool_total, .. } = *self.asked;
        let epoch = lock_epoch(tx, self.ledger_id, epoch_id, EpochLock::Alone).await?;
        if epoch.status == EpochStatus::Closed
            && let Some(statement) = statement_in_force(tx, self.ledger_id, epoch_id).await?
        {
            let paid = statement.statement.pool_total;
            refuse_another_total(epoch_id, expected_pool_total, paid)?;
            self.refuse_other_allocations(&statement.statement.allocation_set_hash)?;
            return Ok(FinalizedEpoch { epoch, statement });
        }
        let pool_total = match epoch.pool_total {
            Some(total) => total,
            None => budget(tx, self.ledger_id, epoch_id).await?,
        };
        refuse_another_total(epoch_id, expected_pool_total, pool_total)?;
        let units = self.payable_units(tx).await?;
        if epoch.status == EpochStatus::Closed && units.is_empty() {
            self.refuse_one_from_before(tx).await?;
        }
        // While PostgreSQL sums the events up again, which takes longer.
        let computing = spawn_blocking(move || {
            let hash = allocation_set_hash(units.iter().map(|(user_id, units)| (user_id, *units)));
            (hash, payouts(units, pool_total))
        });
        refuse_stale_proposals(tx, self.ledger_id, &epoch).await?;
        let (allocation_set_hash, payouts) = finished(computing).await;
        self.refuse_other_allocations(&allocation_set_hash)?;
        let statement = NewPayoutStatement {
            id: statement_id,
            epoch_id,
            allocation_set_hash,
            pool_total,
            payouts: payouts?,
            supersedes: None,
        };
        refuse_taken_id(tx, self.ledger_id, &statement).await?;
        let epoch = self.close_unless_closed(tx, epoch, pool_total).await?;
        let statement = write_statement(tx, self.ledger_id, statement, self.now).await?;
        Ok(FinalizedEpoch { epoch, statement })
    }
}

/// What a blocking task comes to; its panic is ours.
async fn finished<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(done) => done,
        // It is never aborted: what is left is a panic, or a runtime that ends, and we with it.
        Err(failed) => resume_unwind(failed.into_panic()),
    }
}

impl Finalize<'_> {
    /// A statement that pays nobody would say otherwise than what was paid, for ever.
    async fn refuse_one_from_before(&self, tx: &mut AsyncPgConnection) -> Result<(), TxError> {
        let epoch_id = self.asked.epoch_id;
        let had_a_policy: bool = epochs::table
            .filter(epochs::ledger_id.eq(self.ledger_id.0))
            .filter(epochs::id.eq(epoch_id.0))
            .select(epochs::policy_repo.is_not_null())
            .first(tx)
            .await?;
        if had_a_policy {
            return Err(LedgerPortError::EpochPredatesActivity { epoch_id }.into());
        }
        Ok(())
    }

    fn refuse_other_allocations(&self, found: &Sha256Hex) -> Result<(), TxError> {
        match &self.asked.expected_allocation_set_hash {
            Some(asked) if asked != found => {
                let refusal = LedgerPortError::AllocationSetChanged {
                    epoch_id: self.asked.epoch_id,
                    asked: asked.clone(),
                    found: found.clone(),
                };
                Err(refusal.into())
            }
            _ => Ok(()),
        }
    }

    async fn close_unless_closed(
        &self,
        tx: &mut AsyncPgConnection,
        epoch: Epoch,
        pool_total: Credits,
    ) -> Result<Epoch, TxError> {
        if epoch.status == EpochStatus::Closed {
            return Ok(epoch);
        }
        close(tx, self.ledger_id, epoch.id, pool_total, self.now).await
    }

    /// Every user's units: the admin's, or else the proposed ones.
    async fn payable_units(
        &self,
        tx: &mut AsyncPgConnection,
    ) -> Result<Vec<(UserId, Units)>, TxError> {
        let rows: Vec<(String, i64, Option<i64>)> = allocations::table
            .filter(allocations::ledger_id.eq(self.ledger_id.0))
            .filter(allocations::epoch_id.eq(self.asked.epoch_id.0))
            .order(allocations::user_id)
            .select((allocations::user_id, allocations::proposed_units, allocations::final_units))
            .load(tx)
            .await?;
        let mut units = Vec::with_capacity(rows.len());
        for (user_id, proposed, decided) in rows {
            let place = Place { table: "epoch_allocations", row: &user_id };
            let user = place.read("user_id", user_id.clone())?;
            let number = decided.unwrap_or(proposed);
            units.push((user, place.amount("final_units", number, Units::new)?));
        }
        Ok(units)
    }
}
