use chrono::{DateTime, Utc};
use diesel::prelude::{Queryable, Selectable};
use ledger_core::{Credits, EpochId, NewPoolComponent, PoolComponent};
use ledger_port::StoreFault;
use ledger_schema::schema::epoch_pool_components;

use super::Place;

#[derive(Queryable, Selectable)]
#[diesel(table_name = epoch_pool_components, check_for_backend(diesel::pg::Pg))]
pub(crate) struct PoolComponentRow {
    epoch_id: i64,
    component_id: String,
    algorithm_version: String,
    inputs_json: serde_json::Value,
    amount_credits: i64,
    evidence_ref: Option<String>,
    computed_at: DateTime<Utc>,
}

impl TryFrom<PoolComponentRow> for PoolComponent {
    type Error = StoreFault;
    fn try_from(row: PoolComponentRow) -> Result<Self, StoreFault> {
        let key = format!("epoch {}, {}", row.epoch_id, row.component_id);
        let place = Place { table: "epoch_pool_components", row: &key };
        let component = NewPoolComponent {
            component_id: place.read("component_id", row.component_id)?,
            algorithm_version: row.algorithm_version,
            inputs: row.inputs_json,
            amount: place.amount("amount_credits", row.amount_credits, Credits::new)?,
            evidence_ref: row.evidence_ref,
            computed_at: place.time("computed_at", row.computed_at)?,
        };
        Ok(Self { epoch_id: EpochId(row.epoch_id), component })
    }
}
