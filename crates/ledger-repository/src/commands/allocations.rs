//! Proposals as they are given, and an admin's decisions.

use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel::sql_types::{Array, BigInt, Text, Timestamptz, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{
    Allocation, AllocationOverride, EpochId, InvalidValue, LedgerId, NewAllocation, Timestamp,
    UserId,
};
use ledger_port::{AllocationNotFoundPortError, PortResult};
use ledger_schema::schema::epoch_allocations as allocations;

use super::{EpochLock, ROWS_PER_STATEMENT, count, lock_writable_epoch};
use crate::rows::AllocationRow;
use crate::transaction::{Command, TxError};

/// Writes proposals as they are given.
pub(crate) struct InsertAllocations<'a> {
    ledger_id: LedgerId,
    epoch_id: EpochId,
    /// By user: the order in which everybody writes.
    by_user: BTreeMap<&'a UserId, &'a NewAllocation>,
    now: Timestamp,
}

impl<'a> InsertAllocations<'a> {
    pub(crate) fn new(
        ledger_id: LedgerId,
        epoch_id: EpochId,
        allocations: &'a [NewAllocation],
        now: Timestamp,
    ) -> PortResult<Self> {
        let mut by_user = BTreeMap::new();
        for allocation in allocations {
            if by_user.insert(&allocation.user_id, allocation).is_some() {
                let user_id = allocation.user_id.as_str();
                return Err(InvalidValue::new("allocation of", user_id, "it is given twice").into());
            }
        }
        Ok(Self { ledger_id, epoch_id, by_user, now })
    }
}

const WRITE: &str = "
    INSERT INTO epoch_allocations AS a
        (ledger_id, epoch_id, user_id, proposed_units, activity_count, created_at, updated_at)
    SELECT e.ledger_id, e.id, u.user_id, u.units, u.events, $6, $6
    FROM epochs e CROSS JOIN unnest($3, $4, $5) AS u (user_id, units, events)
    WHERE e.ledger_id = $1 AND e.id = $2
    ON CONFLICT (ledger_id, epoch_id, user_id) DO UPDATE SET
        proposed_units = excluded.proposed_units,
        activity_count = excluded.activity_count,
        updated_at = excluded.updated_at
    WHERE a.proposed_units <> excluded.proposed_units
        OR a.activity_count <> excluded.activity_count";

#[async_trait]
impl Command for InsertAllocations<'_> {
    type Output = u64;
    const NAME: &'static str = "insert_allocations";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<u64, TxError> {
        lock_writable_epoch(tx, self.ledger_id, self.epoch_id, EpochLock::Shared).await?;
        let sorted: Vec<&NewAllocation> = self.by_user.values().copied().collect();
        let mut changed = 0;
        for chunk in sorted.chunks(ROWS_PER_STATEMENT) {
            let users: Vec<&str> = chunk.iter().map(|a| a.user_id.as_str()).collect();
            let units: Vec<i64> = chunk.iter().map(|a| a.proposed_units.get()).collect();
            let events: Vec<i64> = chunk.iter().map(|a| i64::from(a.activity_count)).collect();
            changed += diesel::sql_query(WRITE)
                .bind::<SqlUuid, _>(self.ledger_id.0)
                .bind::<BigInt, _>(self.epoch_id.0)
                .bind::<Array<Text>, _>(users)
                .bind::<Array<BigInt>, _>(units)
                .bind::<Array<BigInt>, _>(events)
                .bind::<Timestamptz, _>(self.now.as_datetime())
                .execute(tx)
                .await?;
        }
        Ok(count(changed))
    }
}

/// Sets or takes back an admin's decision.
pub(crate) struct UpdateAllocation<'a> {
    pub(crate) ledger_id: LedgerId,
    pub(crate) epoch_id: EpochId,
    pub(crate) user_id: &'a UserId,
    pub(crate) decision: Option<&'a AllocationOverride>,
    pub(crate) now: Timestamp,
}

#[async_trait]
impl Command for UpdateAllocation<'_> {
    type Output = Allocation;
    const NAME: &'static str = "update_allocation";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Allocation, TxError> {
        let (epoch_id, user_id) = (self.epoch_id, self.user_id);
        lock_writable_epoch(tx, self.ledger_id, epoch_id, EpochLock::Shared).await?;
        let row: Option<AllocationRow> = allocations::table
            .filter(allocations::ledger_id.eq(self.ledger_id.0))
            .filter(allocations::epoch_id.eq(epoch_id.0))
            .filter(allocations::user_id.eq(user_id.as_str()))
            .select(AllocationRow::as_select())
            .for_no_key_update()
            .first(tx)
            .await
            .optional()?;
        let missing = || AllocationNotFoundPortError { epoch_id, user_id: user_id.clone() };
        let stored = Allocation::try_from(row.ok_or_else(missing)?)?;
        if stored.decision.as_ref() == self.decision {
            return Ok(stored);
        }
        let row: AllocationRow = diesel::update(allocations::table)
            .filter(allocations::ledger_id.eq(self.ledger_id.0))
            .filter(allocations::epoch_id.eq(epoch_id.0))
            .filter(allocations::user_id.eq(user_id.as_str()))
            .set((
                allocations::final_units.eq(self.decision.map(|d| d.final_units().get())),
                allocations::override_reason.eq(self.decision.map(AllocationOverride::reason)),
                allocations::updated_at.eq(self.now.as_datetime()),
            ))
            .returning(AllocationRow::as_returning())
            .get_result(tx)
            .await?;
        Ok(row.try_into()?)
    }
}
