use chrono::{DateTime, Utc};
use diesel::prelude::{Queryable, Selectable};
use ledger_core::{Credits, Epoch, EpochId, Period, WeightTable};
use ledger_port::StoreFault;
use ledger_schema::schema::epochs;

use super::Place;

#[derive(Queryable, Selectable)]
#[diesel(table_name = epochs, check_for_backend(diesel::pg::Pg))]
pub(crate) struct EpochRow {
    id: i64,
    status: String,
    pool_total_credits: Option<i64>,
    opened_at: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    period_start: DateTime<Utc>,
    period_end: DateTime<Utc>,
    weight_config: serde_json::Value,
}

impl TryFrom<EpochRow> for Epoch {
    type Error = StoreFault;
    fn try_from(row: EpochRow) -> Result<Self, StoreFault> {
        let place = Place { table: "epochs", row: &row.id };
        let start = place.time("period_start", row.period_start)?;
        let end = place.time("period_end", row.period_end)?;
        Ok(Self {
            id: EpochId(row.id),
            status: row.status.parse().map_err(|problem| place.corrupt("status", problem))?,
            period: Period::new(start, end)
                .map_err(|problem| place.corrupt("period_end", problem))?,
            weights: WeightTable::from_json(&row.weight_config)
                .map_err(|problem| place.corrupt("weight_config", problem))?,
            pool_total: row
                .pool_total_credits
                .map(|total| place.amount("pool_total_credits", total, Credits::new))
                .transpose()?,
            opened_at: place.time("opened_at", row.opened_at)?,
            closed_at: row.closed_at.map(|at| place.time("closed_at", at)).transpose()?,
        })
    }
}
