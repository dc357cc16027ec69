//! The INSERT, in the three texts that there are of it.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::sql_types::{
    Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
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

/// What becomes of a row that is there already.
#[derive(Clone, Copy)]
pub(super) enum Existing {
    /// It stays, and the rest goes in.
    Skipped,
    /// The statement is refused. PostgreSQL need not look first then, which is a tenth of the time.
    Refused,
}

/// Where rows go.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) ledger_id: LedgerId,
    pub(super) epoch_id: EpochId,
    pub(super) ingested_at: Timestamp,
}

impl Target {
    /// One INSERT into an epoch that is not closed and ends after the last of the events; into another it
    /// inserts none. The connection is shared, so that the next one may be made and sent meanwhile.
    pub(super) async fn insert<'e>(
        self,
        mut tx: &AsyncPgConnection,
        events: impl ExactSizeIterator<Item = &'e NewActivityEvent> + Clone,
        existing: Existing,
    ) -> Result<Fresh, DieselError> {
        let epoch = Epoch {
            ledger_id: self.ledger_id.0,
            epoch_id: self.epoch_id.0,
            ingested_at: self.ingested_at.as_datetime(),
            latest: events.clone().map(|e| e.event_time.as_datetime()).max().unwrap_or_default(),
        };
        // To the end of the answer and not only its one row: as a statement that commits by itself it may
        // still be refused after the row, by its commit.
        let fresh: Vec<Fresh> = match (events.clone().next(), events.len(), existing) {
            (Some(only), 1, Existing::Skipped) => {
                let fresh = InsertRow { epoch, rows: Single::new(only) }.load(&mut tx).await?;
                return Ok(fresh.into_iter().next().unwrap_or(Fresh { inserted: 0, late: 0 }));
            }
            (_, _, Existing::Skipped) => {
                InsertRows { epoch, rows: Columns::new(events) }.load(&mut tx).await?
            }
            (_, _, Existing::Refused) => {
                InsertNewRows { epoch, rows: Columns::new(events) }.load(&mut tx).await?
            }
        };
        fresh.into_iter().next().ok_or(DieselError::NotFound)
    }
}

// When the window of the epoch begins. The same parameters again, by their numbers, and not bound twice: one
// parameter and thirteen columns come before them.
macro_rules! epoch_start {
    () => {
        "(SELECT e.period_start FROM epochs e WHERE e.ledger_id = $15 AND e.id = $16)"
    };
}

/// The epoch that rows go to, as parameters.
struct Epoch {
    ledger_id: Uuid,
    epoch_id: i64,
    ingested_at: DateTime<Utc>,
    /// The last of the events' times.
    latest: DateTime<Utc>,
}

impl Epoch {
    /// One row of counts, of any number of rows.
    fn insert_all<'b>(
        &'b self,
        mut out: AstPass<'_, 'b, Pg>,
        existing: Existing,
        rows: impl FnOnce(AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        out.push_sql("WITH fresh AS (");
        self.insert(out.reborrow(), existing, rows)?;
        out.push_sql(concat!(
            " RETURNING event_time) \
             SELECT count(*) AS inserted, count(*) FILTER (WHERE event_time < ",
            epoch_start!(),
            ") AS late FROM fresh"
        ));
        Ok(())
    }

    /// The same counts, told by the one row itself, or by none. Nothing need be summed: half of what the
    /// other form costs more than a bare INSERT.
    fn insert_one<'b>(
        &'b self,
        mut out: AstPass<'_, 'b, Pg>,
        existing: Existing,
        row: impl FnOnce(AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        self.insert(out.reborrow(), existing, row)?;
        out.push_sql(concat!(
            " RETURNING 1::bigint AS inserted, (event_time < ",
            epoch_start!(),
            ")::integer::bigint AS late"
        ));
        Ok(())
    }

    fn insert<'b>(
        &'b self,
        mut out: AstPass<'_, 'b, Pg>,
        existing: Existing,
        rows: impl FnOnce(AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        // Joined to the epoch, so that on Citus it would run within one shard (not tried there).
        out.push_sql(
            "INSERT INTO activity_events (ledger_id, epoch_id, ingested_at, id, source, event_type, \
             platform_user_id, platform_login, user_id, artifact_url, metadata, payload_hash, \
             producer, producer_version, event_time, retrieved_at) SELECT e.ledger_id, e.id, ",
        );
        out.push_bind_param::<Timestamptz, _>(&self.ingested_at)?;
        out.push_sql(", u.* FROM epochs e CROSS JOIN ");
        rows(out.reborrow())?;
        out.push_sql(" AS u WHERE e.ledger_id = ");
        out.push_bind_param::<SqlUuid, _>(&self.ledger_id)?;
        out.push_sql(" AND e.id = ");
        out.push_bind_param::<BigInt, _>(&self.epoch_id)?;
        out.push_sql(" AND e.status <> 'closed' AND e.period_end > ");
        out.push_bind_param::<Timestamptz, _>(&self.latest)?;
        out.push_sql(" AND ");
        out.push_sql(&turnstile::passed_beside_others_sql());
        if matches!(existing, Existing::Skipped) {
            out.push_sql(" ON CONFLICT (ledger_id, id) DO NOTHING");
        }
        Ok(())
    }
}

/// The rows as columns, each one array.
struct Columns<'a> {
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
}

impl<'a> Columns<'a> {
    fn new(events: impl Iterator<Item = &'a NewActivityEvent> + Clone) -> Self {
        Self {
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

    fn push<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("unnest(");
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
        out.push_sql(")");
        Ok(())
    }
}

/// The columns of one event, each a value: nothing is packed and unpacked.
struct Single<'a> {
    texts: [&'a str; 4],
    optional: [Option<&'a str>; 3],
    metadata: Option<&'a serde_json::Value>,
    provenance: [&'a str; 3],
    times: [DateTime<Utc>; 2],
}

impl<'a> Single<'a> {
    fn new(event: &'a NewActivityEvent) -> Self {
        Self {
            texts: [
                event.id.as_str(),
                event.source.as_str(),
                event.event_type.as_str(),
                event.platform_user_id.as_str(),
            ],
            optional: [
                event.platform_login.as_deref(),
                event.user_id.as_ref().map(AsRef::as_ref),
                event.artifact_url.as_deref(),
            ],
            metadata: event.metadata.as_ref(),
            provenance: [event.payload_hash.as_str(), &event.producer, &event.producer_version],
            times: [event.event_time.as_datetime(), event.retrieved_at.as_datetime()],
        }
    }

    fn push<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("(VALUES (");
        for text in &self.texts {
            out.push_bind_param::<Text, _>(text)?;
            out.push_sql(", ");
        }
        for text in &self.optional {
            out.push_bind_param::<Nullable<Text>, _>(text)?;
            out.push_sql(", ");
        }
        out.push_bind_param::<Nullable<Jsonb>, _>(&self.metadata)?;
        for text in &self.provenance {
            out.push_sql(", ");
            out.push_bind_param::<Text, _>(text)?;
        }
        for time in &self.times {
            out.push_sql(", ");
            out.push_bind_param::<Timestamptz, _>(time)?;
        }
        out.push_sql("))");
        Ok(())
    }
}

// Queries of their own rather than `sql_query`: a text that never changes and has a type stays prepared.
macro_rules! insert_query {
    ($(#[$doc:meta])* $name:ident, $rows:ident, $insert:ident, $existing:expr) => {
        $(#[$doc])*
        struct $name<'a> {
            epoch: Epoch,
            rows: $rows<'a>,
        }

        impl QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl Query for $name<'_> {
            type SqlType = Untyped;
        }

        impl QueryFragment<Pg> for $name<'_> {
            fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                self.epoch.$insert(out, $existing, |out| self.rows.push(out))
            }
        }
    };
}

insert_query! {
    /// Many rows in one statement, because a column is one array parameter.
    InsertRows, Columns, insert_all, Existing::Skipped
}
insert_query! {
    /// As [`InsertRows`], of events of which none is there.
    InsertNewRows, Columns, insert_all, Existing::Refused
}
insert_query! {
    /// As [`InsertRows`], of one event.
    InsertRow, Single, insert_one, Existing::Skipped
}
