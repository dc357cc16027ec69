use chrono::{DateTime, Utc};
use diesel::QueryableByName;
use diesel::prelude::{Queryable, Selectable};
use diesel::sql_types::{BigInt, Text, Timestamptz};
use ledger_core::{ActivityEvent, EpochId, EventKind, NewActivityEvent};
use ledger_port::{ActivityCount, StoreFault};
use ledger_schema::schema::activity_events;

use super::Place;

#[derive(Queryable, Selectable)]
#[diesel(table_name = activity_events, check_for_backend(diesel::pg::Pg))]
pub(crate) struct EventRow {
    id: String,
    epoch_id: i64,
    source: String,
    event_type: String,
    platform_user_id: String,
    platform_login: Option<String>,
    user_id: Option<String>,
    artifact_url: Option<String>,
    metadata: Option<serde_json::Value>,
    payload_hash: String,
    producer: String,
    producer_version: String,
    event_time: DateTime<Utc>,
    retrieved_at: DateTime<Utc>,
    ingested_at: DateTime<Utc>,
}

impl TryFrom<EventRow> for ActivityEvent {
    type Error = StoreFault;
    fn try_from(row: EventRow) -> Result<Self, StoreFault> {
        let id = row.id.clone();
        let place = Place { table: "activity_events", row: &id };
        let event = NewActivityEvent {
            id: place.read("id", row.id)?,
            source: place.read("source", row.source)?,
            event_type: place.read("event_type", row.event_type)?,
            platform_user_id: place.read("platform_user_id", row.platform_user_id)?,
            platform_login: row.platform_login,
            user_id: row.user_id.map(|user_id| place.read("user_id", user_id)).transpose()?,
            artifact_url: row.artifact_url,
            metadata: row.metadata,
            payload_hash: place.read("payload_hash", row.payload_hash)?,
            producer: row.producer,
            producer_version: row.producer_version,
            event_time: place.time("event_time", row.event_time)?,
            retrieved_at: place.time("retrieved_at", row.retrieved_at)?,
        };
        let ingested_at = place.time("ingested_at", row.ingested_at)?;
        Ok(Self { epoch_id: EpochId(row.epoch_id), event, ingested_at })
    }
}

#[derive(QueryableByName)]
pub(crate) struct ActivityCountRow {
    #[diesel(sql_type = Timestamptz)]
    day: DateTime<Utc>,
    #[diesel(sql_type = Text)]
    source: String,
    #[diesel(sql_type = Text)]
    event_type: String,
    #[diesel(sql_type = BigInt)]
    events: i64,
    #[diesel(sql_type = BigInt)]
    unresolved: i64,
    #[diesel(sql_type = BigInt)]
    late: i64,
}

impl TryFrom<ActivityCountRow> for ActivityCount {
    type Error = StoreFault;
    fn try_from(row: ActivityCountRow) -> Result<Self, StoreFault> {
        let place = Place { table: "activity_events", row: &row.day };
        Ok(Self {
            day: place.time("event_time", row.day)?,
            kind: EventKind {
                source: place.read("source", row.source)?,
                event_type: place.read("event_type", row.event_type)?,
            },
            events: place.read("count", row.events)?,
            unresolved: place.read("count", row.unresolved)?,
            late: place.read("count", row.late)?,
        })
    }
}
