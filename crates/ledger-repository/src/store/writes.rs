use async_trait::async_trait;
use ledger_port::{Answer, Once, PortResult, Render, Write, WriteStore};

use super::PgLedgerStore;
use crate::Role;
use crate::commands::{WriteOnce, find_answer};

#[async_trait]
impl<R: Role> WriteStore for PgLedgerStore<R> {
    async fn write(
        &self,
        write: &Write,
        once: Option<&Once>,
        render: Render<'_>,
    ) -> PortResult<Answer> {
        let command = WriteOnce::new(self.ledger_id, write, once, render, self.now());
        self.pool.run(&command).await
    }

    async fn find_answer(&self, once: &Once) -> PortResult<Option<Answer>> {
        let mut loan = self.pool.lend().await?;
        let found = find_answer(loan.connection(), self.ledger_id, once).await;
        loan.end("find_answer", found)
    }
}
