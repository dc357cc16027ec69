use async_trait::async_trait;
use diesel::sql_types::{BigInt, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{EpochId, LedgerId};

use super::{EpochLock, count, lock_writable_epoch};
use crate::transaction::{Command, TxResult};

/// Gives an epoch's unresolved events to the people their platform users are bound to.
pub(crate) struct ResolveByBindings {
    pub(crate) ledger_id: LedgerId,
    pub(crate) epoch_id: EpochId,
}

// The rows are locked in the order of their ids, as everybody who resolves does.
const RESOLVE: &str = "
    WITH waiting AS MATERIALIZED (
        SELECT e.id, b.user_id
        FROM activity_events e
        JOIN identity_bindings b ON b.ledger_id = e.ledger_id AND b.source = e.source
            AND b.platform_user_id = e.platform_user_id
        WHERE e.ledger_id = $1 AND e.epoch_id = $2 AND e.user_id IS NULL
        ORDER BY e.id
        FOR NO KEY UPDATE OF e
    )
    UPDATE activity_events e SET user_id = w.user_id
    FROM waiting w
    WHERE e.ledger_id = $1 AND e.id = w.id AND e.user_id IS NULL";

#[async_trait]
impl Command for ResolveByBindings {
    type Output = u64;
    const NAME: &'static str = "resolve_activity_by_bindings";

    async fn run(&self, tx: &mut AsyncPgConnection) -> TxResult<u64> {
        lock_writable_epoch(tx, self.ledger_id, self.epoch_id, EpochLock::Shared).await?;
        let resolved = diesel::sql_query(RESOLVE)
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<BigInt, _>(self.epoch_id.0)
            .execute(tx)
            .await?;
        Ok(count(resolved))
    }
}
