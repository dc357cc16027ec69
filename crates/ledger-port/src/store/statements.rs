//! What was paid.

use async_trait::async_trait;
use ledger_core::{Credits, EpochId, NewPayoutStatement, PayoutStatement, UserId};

use crate::{Page, PageRequest, PortResult};

/// What one person was paid in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// Who.
    pub user_id: UserId,
    /// The sum over all statements in force.
    pub amount: Credits,
    /// In how many epochs they were in the payout table.
    pub epochs: u64,
    /// The newest of those epochs.
    pub last_epoch_id: EpochId,
}

/// Writes and reads payout statements.
#[async_trait]
pub trait StatementStore: Send + Sync {
    /// Writes a statement for a closed epoch, or a correction that supersedes the one in force.
    /// [`crate::IntentionStore::finalize_epoch`] computes and writes the first one.
    ///
    /// Refuses a missing epoch (`EpochNotFound`), one that is not closed (`EpochStatusMismatch`),
    /// rows that are not sorted or do not sum to the pool (`InvalidValue`), a pool other than the
    /// epoch's (`PoolTotalMismatch`), a second statement that supersedes nothing
    /// (`StatementExists`), and one that supersedes another than the one in force
    /// (`SupersededStatementNotCurrent`). Idempotent: the same statement, id included, again
    /// returns the stored one; another under the same id is refused (`StatementExists`).
    async fn insert_payout_statement(
        &self,
        statement: &NewPayoutStatement,
    ) -> PortResult<PayoutStatement>;

    /// The statement in force for an epoch: the one that no other supersedes; or `None`.
    async fn get_statement_for_epoch(
        &self,
        epoch_id: EpochId,
    ) -> PortResult<Option<PayoutStatement>>;

    /// What everybody was paid in all, over the statements in force, bytewise by user id.
    ///
    /// Refuses a sum that does not fit into 63 bits (`AmountOverflow`).
    async fn list_holdings(&self, page: PageRequest<UserId>) -> PortResult<Page<Holding, UserId>>;
}
