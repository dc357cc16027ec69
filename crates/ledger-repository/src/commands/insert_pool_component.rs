use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::prelude::{
    ExpressionMethods, Insertable, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{EpochId, EpochStatus, LedgerId, NewPoolComponent, PoolComponent};
use ledger_port::{LedgerPortError, PortResult};
use ledger_schema::schema::epoch_pool_components as components;
use uuid::Uuid;

use super::{EpochLock, lock_epoch};
use crate::rows::PoolComponentRow;
use crate::transaction::{Command, TxResult};

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

    async fn stored(&self, tx: &mut AsyncPgConnection) -> TxResult<Option<PoolComponent>> {
        let row: Option<PoolComponentRow> = components::table
            .filter(components::ledger_id.eq(self.ledger_id.0))
            .filter(components::epoch_id.eq(self.epoch_id.0))
            .filter(components::component_id.eq(self.component.component_id.as_str()))
            .select(PoolComponentRow::as_select())
            .first(tx)
            .await
            .optional()?;
        Ok(row.map(PoolComponent::try_from).transpose()?)
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

    async fn run(&self, tx: &mut AsyncPgConnection) -> TxResult<PoolComponent> {
        let epoch_id = self.epoch_id;
        let epoch = lock_epoch(tx, self.ledger_id, epoch_id, EpochLock::Shared).await?;
        if let Some(stored) = self.stored(tx).await? {
            if self.component.says_the_same_as(&stored.component) {
                return Ok(stored);
            }
            let refusal = LedgerPortError::PoolComponentExists {
                epoch_id,
                component_id: stored.component.component_id,
                found: stored.component.amount,
            };
            return Err(refusal.into());
        }
        if epoch.status == EpochStatus::Closed {
            return Err(LedgerPortError::EpochClosed { epoch_id }.into());
        }
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
        Ok(PoolComponent { epoch_id, component: self.component.clone() })
    }
}
