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

// Both statements look the person up row by row, in the bindings' primary key. As a join, PostgreSQL
// plans it by statistics: after a first large collection there are none, it believes that one event
// waits, and compares every event with every binding.
macro_rules! person {
    () => {
        "(SELECT b.user_id FROM identity_bindings b
          WHERE b.ledger_id = $1 AND b.source = e.source
            AND b.platform_user_id = e.platform_user_id)"
    };
}

macro_rules! waiting_and_bound {
    () => {
        concat!(
            "e.ledger_id = $1 AND e.epoch_id = $2 AND e.user_id IS NULL AND ",
            person!(),
            " IS NOT NULL"
        )
    };
}

// In the order of their ids, as everybody who resolves locks events.
const LOCK: &str = concat!(
    "SELECT count(*) FROM (SELECT FROM activity_events e WHERE ",
    waiting_and_bound!(),
    " ORDER BY e.id FOR NO KEY UPDATE OF e) locked"
);

const RESOLVE: &str =
    concat!("UPDATE activity_events e SET user_id = ", person!(), " WHERE ", waiting_and_bound!());

#[async_trait]
impl Command for ResolveByBindings {
    type Output = u64;
    const NAME: &'static str = "resolve_activity_by_bindings";

    async fn run(&self, tx: &mut AsyncPgConnection) -> TxResult<u64> {
        lock_writable_epoch(tx, self.ledger_id, self.epoch_id, EpochLock::Shared).await?;
        self.execute(tx, LOCK).await?;
        let resolved = self.execute(tx, RESOLVE).await?;
        Ok(count(resolved))
    }
}

impl ResolveByBindings {
    async fn execute(&self, tx: &mut AsyncPgConnection, statement: &str) -> TxResult<usize> {
        Ok(diesel::sql_query(statement)
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<BigInt, _>(self.epoch_id.0)
            .execute(tx)
            .await?)
    }
}
