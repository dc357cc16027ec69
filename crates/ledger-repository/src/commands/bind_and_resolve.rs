use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, QueryDsl};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{EpochId, EpochStatus, LedgerId, Timestamp};
use ledger_port::{IdentityBinding, Written};
use ledger_schema::schema::epochs;

use super::bind_identities::{Bindings, let_bindings};
use super::{BindIdentities, EpochLock, ResolveByBindings, lock_epoch};
use crate::transaction::{Command, TxError};

/// Binds platform users, and gives them what waits for them in every epoch that is not closed.
pub(crate) struct BindAndResolve<'a> {
    pub(crate) ledger_id: LedgerId,
    pub(crate) bindings: &'a [IdentityBinding],
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Command for BindAndResolve<'_> {
    type Output = Written;
    const NAME: &'static str = "bind_and_resolve";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Written, TxError> {
        let ledger_id = self.ledger_id;
        // An epoch that is opened after the next look gets no event of these people without their bindings.
        let_bindings(Bindings::Change, tx, ledger_id).await?;
        // The epochs before the bindings, and they by id: the order in which everybody locks.
        let found: Vec<i64> = epochs::table
            .filter(epochs::ledger_id.eq(ledger_id.0))
            .filter(epochs::status.ne(EpochStatus::Closed.as_str()))
            .order(epochs::id)
            .select(epochs::id)
            .load(tx)
            .await?;
        let mut unclosed = Vec::new();
        for epoch_id in found.into_iter().map(EpochId) {
            let epoch = lock_epoch(tx, ledger_id, epoch_id, EpochLock::Shared).await?;
            if epoch.status != EpochStatus::Closed {
                unclosed.push(epoch_id);
            }
        }
        let bound = BindIdentities::new(ledger_id, self.bindings, self.now).run(tx).await?;
        let mut resolved = 0;
        for epoch_id in unclosed {
            resolved += ResolveByBindings { ledger_id, epoch_id }.run(tx).await?;
        }
        Ok(Written::Bound { bound, resolved })
    }
}
