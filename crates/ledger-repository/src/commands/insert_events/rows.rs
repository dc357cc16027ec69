//! The INSERT: one statement carries many rows, because a column is one array parameter.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{
    Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use diesel::{QueryResult, QueryableByName};
use ledger_core::{EpochId, LedgerId, NewActivityEvent, Timestamp};
use ledger_port::StoreFault;
use uuid::Uuid;

use super::super::turnstile;
use crate::rows::Place;

/// How many rows of a statement were new, and how many of those are late.
#[derive(QueryableByName)]
pub(super) struct Fresh {
    #[diesel(sql_type = BigInt)]
    inserted: i64,
    #[diesel(sql_type = BigInt)]
    late: i64,
}

impl Fresh {
    pub(super) fn counts(&self, epoch_id: EpochId) -> Result<(usize, u64), StoreFault> {
        let place = Place { table: "activity_events", row: &epoch_id };
        Ok((place.read("count", self.inserted)?, place.read("count", self.late)?))
    }
}

/// One INSERT of many rows, into an epoch that is not closed and ends after the last of them; into
/// another it inserts none. A query of its own rather than `sql_query`, because its text never
/// changes, so that the connection keeps it prepared.
pub(super) struct InsertRows<'a> {
    ledger_id: Uuid,
    epoch_id: i64,
    ingested_at: DateTime<Utc>,
    id: Vec<&'a str>,
    source: Vec<&'a str>,
    event_type: Vec<&'a str>,
    platform_user_id: Vec<&'a str>,
    platform_login: Vec<Option<&'a str>>,
    user_id: Vec<Option<&'a str>>,
    artifact_url: Vec<Option<&'a str>>,
    metadata: Vec<Option<&'a serde_json::Value>>,
    payload_hash: Vec<&'a str>,
    producer: Vec<&'a str>,
    producer_version: Vec<&'a str>,
    event_time: Vec<DateTime<Utc>>,
    retrieved_at: Vec<DateTime<Utc>>,
    /// The last of the times.
    latest: DateTime<Utc>,
}

impl<'a> InsertRows<'a> {
    pub(super) fn new(
        ledger_id: LedgerId,
        epoch_id: EpochId,
        now: Timestamp,
        events: impl Iterator<Item = &'a NewActivityEvent> + Clone,
    ) -> Self {
        Self {
            ledger_id: ledger_id.0,
            epoch_id: epoch_id.0,
            latest: events.clone().map(|e| e.event_time.as_datetime()).max().unwrap_or_default(),
            ingested_at: now.as_datetime(),
            id: events.clone().map(|e| e.id.as_str()).collect(),
            source: events.clone().map(|e| e.source.as_str()).collect(),
            event_type: events.clone().map(|e| e.event_type.as_str()).collect(),
            platform_user_id: events.clone().map(|e| e.platform_user_id.as_str()).collect(),
            platform_login: events.clone().map(|e| e.platform_login.as_deref()).collect(),
            user_id: events.clone().map(|e| e.user_id.as_ref().map(AsRef::as_ref)).collect(),
            artifact_url: events.clone().map(|e| e.artifact_url.as_deref()).collect(),
            metadata: events.clone().map(|e| e.metadata.as_ref()).collect(),
            payload_hash: events.clone().map(|e| e.payload_hash.as_str()).collect(),
            producer: events.clone().map(|e| e.producer.as_str()).collect(),
            producer_version: events.clone().map(|e| e.producer_version.as_str()).collect(),
            event_time: events.clone().map(|e| e.event_time.as_datetime()).collect(),
            retrieved_at: events.map(|e| e.retrieved_at.as_datetime()).collect(),
        }
    }
}

impl QueryId for InsertRows<'_> {
    type QueryId = InsertRows<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for InsertRows<'_> {
    type SqlType = Untyped;
}

impl QueryFragment<Pg> for InsertRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        // Joined to the epoch, so that on Citus it would run within one shard (not tried there).
        out.push_sql(
            "WITH fresh AS (INSERT INTO activity_events (ledger_id, epoch_id, ingested_at, id, source, \
             event_type, platform_user_id, platform_login, user_id, artifact_url, metadata, \
             payload_hash, producer, producer_version, event_time, retrieved_at) \
             SELECT e.ledger_id, e.id, ",
        );
        out.push_bind_param::<Timestamptz, _>(&self.ingested_at)?;
        out.push_sql(", u.* FROM epochs e CROSS JOIN unnest(");
        out.push_bind_param::<Array<Text>, _>(&self.id)?;
        for texts in [&self.source, &self.event_type, &self.platform_user_id] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Text>, _>(texts)?;
        }
        for texts in [&self.platform_login, &self.user_id, &self.artifact_url] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Nullable<Text>>, _>(texts)?;
        }
        out.push_sql(", ");
        out.push_bind_param::<Array<Nullable<Jsonb>>, _>(&self.metadata)?;
        for texts in [&self.payload_hash, &self.producer, &self.producer_version] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Text>, _>(texts)?;
        }
        for times in [&self.event_time, &self.retrieved_at] {
            out.push_sql(", ");
            out.push_bind_param::<Array<Timestamptz>, _>(times)?;
        }
        out.push_sql(") AS u WHERE e.ledger_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.ledger_id)?;
        out.push_sql(" AND e.id = ");
        out.push_bind_param::<BigInt, _>(&self.epoch_id)?;
        out.push_sql(" AND e.status <> 'closed' AND e.period_end > ");
        out.push_bind_param::<Timestamptz, _>(&self.latest)?;
        out.push_sql(" AND ");
        out.push_sql(&turnstile::passed_beside_others_sql());
        out.push_sql(
            " ON CONFLICT (ledger_id, id) DO NOTHING RETURNING event_time) \
             SELECT count(*) AS inserted, count(*) FILTER (WHERE event_time < (\
             SELECT e.period_start FROM epochs e WHERE e.ledger_id = ",
        );
        out.push_bind_param::<SqlUuid, _>(&self.ledger_id)?;
        out.push_sql(" AND e.id = ");
        out.push_bind_param::<BigInt, _>(&self.epoch_id)?;
        out.push_sql(")) AS late FROM fresh");
        Ok(())
    }
}
