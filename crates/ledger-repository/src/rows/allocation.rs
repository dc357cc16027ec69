use chrono::{DateTime, Utc};
use diesel::prelude::{Queryable, Selectable};
use ledger_core::{Allocation, AllocationOverride, EpochId, Units};
use ledger_port::StoreFault;
use ledger_schema::schema::epoch_allocations;

use super::Place;

#[derive(Queryable, Selectable)]
#[diesel(table_name = epoch_allocations, check_for_backend(diesel::pg::Pg))]
pub(crate) struct AllocationRow {
    epoch_id: i64,
    user_id: String,
    proposed_units: i64,
    final_units: Option<i64>,
    override_reason: Option<String>,
    activity_count: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl TryFrom<AllocationRow> for Allocation {
    type Error = StoreFault;
    fn try_from(row: AllocationRow) -> Result<Self, StoreFault> {
        let key = format!("epoch {}, {}", row.epoch_id, row.user_id);
        let place = Place { table: "epoch_allocations", row: &key };
        let decision = match (row.final_units, row.override_reason) {
            (None, None) => None,
            (Some(units), reason) => {
                let units = place.amount("final_units", units, Units::new)?;
                let decision = AllocationOverride::new(units, reason.unwrap_or_default())
                    .map_err(|problem| place.corrupt("override_reason", problem))?;
                Some(decision)
            }
            (None, Some(_)) => {
                return Err(place.corrupt("override_reason", "a reason without final_units"));
            }
        };
        Ok(Self {
            epoch_id: EpochId(row.epoch_id),
            user_id: place.read("user_id", row.user_id)?,
            proposed_units: place.amount("proposed_units", row.proposed_units, Units::new)?,
            decision,
            activity_count: place.read("activity_count", row.activity_count)?,
            created_at: place.time("created_at", row.created_at)?,
            updated_at: place.time("updated_at", row.updated_at)?,
        })
    }
}
