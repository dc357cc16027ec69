use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::Insertable;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{EpochId, EpochStatus, LedgerId, NewPoolComponent, PoolComponent, pool_total};
use ledger_port::{LedgerPortError, PortResult};
use ledger_schema::schema::epoch_pool_components as components;
use uuid::Uuid;

use super::epoch_life::pool_components;
use super::{EpochLock, lock_epoch};
use crate::transaction::{Command, TxError};

/// Adds a part of an epoch's budget.
pub(crate) struct InsertPoolComponent<'a> {
    ledger_id: LedgerId,
    epoch_id: EpochId,
    component: &'a NewPoolComponent,
}

impl<'a> InsertPoolComponent<'a> {
    pub(crate) fn new(
        ledger_id: LedgerId,
        epoch_id: EpochId,
        component: &'a NewPoolComponent,
    ) -> PortResult<Self> {
        component.check()?;
        Ok(Self { ledger_id, epoch_id, component })
    }
}

#[derive(Insertable)]
#[diesel(table_name = components)]
struct NewRow<'a> {
    ledger_id: Uuid,
    epoch_id: i64,
    component_id: &'a str,
    algorithm_version: &'a str,
    inputs_json: &'a serde_json::Value,
    amount_credits: i64,
    evidence_ref: Option<&'a str>,
    computed_at: DateTime<Utc>,
}

#[async_trait]
impl Command for InsertPoolComponent<'_> {
    type Output = PoolComponent;
    const NAME: &'static str = "insert_pool_component";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<PoolComponent, TxError> {
        let epoch_id = self.epoch_id;
        // Alone: of two parts at once, the second must see the first in the sum.
        let epoch = lock_epoch(tx, self.ledger_id, epoch_id, EpochLock::Alone).await?;
        let parts = pool_components(tx, self.ledger_id, epoch_id).await?;
        let is_this =
            |stored: &&PoolComponent| stored.component.component_id == self.component.component_id;
        if let Some(stored) = parts.iter().find(is_this) {
            if self.component.says_the_same_as(&stored.component) {
                return Ok(stored.clone());
            }
            let refusal = LedgerPortError::PoolComponentExists {
                epoch_id,
                component_id: stored.component.component_id.clone(),
                found: stored.component.amount,
            };
            return Err(refusal.into());
        }
        if epoch.status == EpochStatus::Closed {
            return Err(LedgerPortError::EpochClosed { epoch_id }.into());
        }
        let part = PoolComponent { epoch_id, component: self.component.clone() };
        // A part never goes away, so one that makes the sum too large would keep the epoch from
        // ever being closed.
        pool_total(parts.iter().chain([&part]))?;
        let row = NewRow {
            ledger_id: self.ledger_id.0,
            epoch_id: epoch_id.0,
            component_id: self.component.component_id.as_str(),
            algorithm_version: &self.component.algorithm_version,
            inputs_json: &self.component.inputs,
            amount_credits: self.component.amount.get(),
            evidence_ref: self.component.evidence_ref.as_deref(),
            computed_at: self.component.computed_at.as_datetime(),
        };
        diesel::insert_into(components::table).values(row).execute(tx).await?;
        Ok(part)
    }
}
