//! What was paid.

use async_trait::async_trait;
use ledger_core::{EpochId, NewPayoutStatement, PayoutStatement};

use crate::PortResult;

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
}
