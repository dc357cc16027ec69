use chrono::{DateTime, Utc};
use diesel::prelude::{Queryable, Selectable};
use ledger_core::{CollectionFailure, EpochId, OneLine, SourceCollection};
use ledger_port::StoreFault;
use ledger_schema::schema::epoch_collections;

use super::Place;

#[derive(Queryable, Selectable)]
#[diesel(table_name = epoch_collections, check_for_backend(diesel::pg::Pg))]
pub(crate) struct CollectionRow {
    epoch_id: i64,
    source_id: String,
    collected_through: Option<DateTime<Utc>>,
    failed_at: Option<DateTime<Utc>>,
    last_error: Option<String>,
}

impl TryFrom<CollectionRow> for SourceCollection {
    type Error = StoreFault;
    fn try_from(row: CollectionRow) -> Result<Self, StoreFault> {
        let key = format!("epoch {}, {}", row.epoch_id, row.source_id);
        let place = Place { table: "epoch_collections", row: &key };
        let failure = match (row.failed_at, row.last_error) {
            (None, None) => None,
            (Some(at), Some(error)) => {
                let failed_at = place.time("failed_at", at)?;
                Some(CollectionFailure { failed_at, error: OneLine::of(&error) })
            }
            _ => {
                return Err(
                    place.corrupt("last_error", "a failure without a time, or a time without")
                );
            }
        };
        Ok(Self {
            epoch_id: EpochId(row.epoch_id),
            source_id: place.read("source_id", row.source_id)?,
            collected_through: row
                .collected_through
                .map(|through| place.time("collected_through", through))
                .transpose()?,
            failure,
        })
    }
}
