use async_trait::async_trait;
use diesel_async::AsyncPgConnection;
use ledger_core::{Epoch, EpochStatus, LedgerId, Timestamp};
use ledger_port::{LedgerPortError, RollOver};

use super::create_epoch::take_turns;
use super::{BeginReview, CreateEpoch, EpochLock, find_open_epoch, lock_epoch};
use crate::transaction::{Command, TxError};

/// Puts an epoch into review and opens the next one: the two other commands, in one transaction.
pub(crate) struct GoOn<'a> {
    pub(crate) ledger_id: LedgerId,
    pub(crate) asked: &'a RollOver,
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Command for GoOn<'_> {
    type Output = Epoch;
    const NAME: &'static str = "roll_over";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Epoch, TxError> {
        // Whoever opens epochs takes turns before any row is locked.
        take_turns(tx, self.ledger_id).await?;
        let status = match self.asked.over {
            Some(over) => {
                Some(lock_epoch(tx, self.ledger_id, over, EpochLock::Alone).await?.status)
            }
            None => None,
        };
        if let Some(next) = self.opened_before(tx).await? {
            return Ok(next);
        }
        if let Some(epoch_id) = self.asked.over {
            if status == Some(EpochStatus::Closed) {
                return Err(LedgerPortError::EpochClosed { epoch_id }.into());
            }
            BeginReview { ledger_id: self.ledger_id, epoch_id }.run(tx).await?;
        }
        let Self { ledger_id, now, .. } = *self;
        CreateEpoch { ledger_id, epoch: &self.asked.next, now }.run(tx).await
    }
}

impl GoOn<'_> {
    /// The epoch that the same call opened before.
    async fn opened_before(&self, tx: &mut AsyncPgConnection) -> Result<Option<Epoch>, TxError> {
        let open = find_open_epoch(tx, self.ledger_id).await?;
        Ok(open.filter(|open| {
            open.period == self.asked.next.period && self.asked.over != Some(open.id)
        }))
    }
}
