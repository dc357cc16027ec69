use async_trait::async_trait;
use ledger_core::{EpochId, NewPayoutStatement, PayoutStatement};
use ledger_port::{PortResult, StatementStore};

use super::PgLedgerStore;
use crate::Role;
use crate::commands::{InsertStatement, statement_in_force};

#[async_trait]
impl<R: Role> StatementStore for PgLedgerStore<R> {
    async fn insert_payout_statement(
        &self,
        statement: &NewPayoutStatement,
    ) -> PortResult<PayoutStatement> {
        self.pool.run(&InsertStatement::new(self.ledger_id, statement, self.now())?).await
    }

    async fn get_statement_for_epoch(
        &self,
        epoch_id: EpochId,
    ) -> PortResult<Option<PayoutStatement>> {
        let mut loan = self.pool.lend().await?;
        let found = statement_in_force(loan.connection(), self.ledger_id, epoch_id).await;
        loan.end("get_statement_for_epoch", found)
    }
}
