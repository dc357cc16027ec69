//! The INSERT, in the four texts that there are of it.

use std::ops::AddAssign;
use std::sync::LazyLock;

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::result::Error as DieselError;
use diesel::sql_types::{
    Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use diesel::{QueryResult, QueryableByName};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{EpochId, LedgerId, NewActivityEvent};

use super::super::turnstile;
use crate::rows::Place;
use crate::transaction::TxError;

/// Of the second parameter again, and not bound twice. The epoch was found in its ledger, so nobody of another
/// ledger is kept waiting.
static TURNSTILE: LazyLock<String> =
    LazyLock::new(|| format!(" WHERE {}", turnstile::passed_beside_others_sql("$2")));

/// How many rows of a statement were new, and how many of those are late.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Fresh {
    pub(super) inserted: usize,
    pub(super) late: usize,
}

impl AddAssign for Fresh {
    fn add_assign(&mut self, other: Self) {
        self.inserted += other.inserted;
        self.late += other.late;
    }
}

#[derive(QueryableByName)]
struct FreshRow {
    #[diesel(sql_type = BigInt)]
    inserted: i64,
    #[diesel(sql_type = BigInt)]
    late: i64,
}

/// Where rows go: an epoch that there is.
#[derive(Clone, Copy)]
pub(super) struct Target {
    pub(super) ledger_id: LedgerId,
    pub(super) epoch_id: EpochId,
    /// When the epoch's window begins.
    pub(super) starts: DateTime<Utc>,
    pub(super) ingested_at: DateTime<Utc>,
}

impl Target {
    /// Inserts those that are not there.
    pub(super) async fn insert<'e>(
        self,
        tx: &mut AsyncPgConnection,
        events: impl ExactSizeIterator<Item = &'e NewActivityEvent> + Clone,
    ) -> Result<Fresh, TxError> {
        if let (Some(only), 1) = (events.clone().next(), events.len()) {
            let row = InsertRow { target: self, rows: Single::new(only) };
            return Ok(self.fresh(only, row.execute(tx).await?));
        }
        // To the end of the answer and not only its one row: as a statement that commits by itself it may
        // still be refused after the row, by its commit.
        let rows = InsertRows { target: self, rows: Columns::new(events) };
        let fresh: Vec<FreshRow> = rows.load(tx).await?;
        let FreshRow { inserted, late } = fresh.into_iter().next().ok_or(DieselError::NotFound)?;
        let place = Place { table: "activity_events", row: &self.epoch_id };
        Ok(Fresh { inserted: place.read("count", inserted)?, late: place.read("count", late)? })
    }

    /// Inserts them all, or fails where one is there. PostgreSQL need not look first then, which is a tenth of
    /// the time. The connection is shared, so that the next ones may be made and sent meanwhile.
    pub(super) async fn insert_new<'e>(
        self,
        mut tx: &AsyncPgConnection,
        events: impl Iterator<Item = &'e NewActivityEvent> + Clone,
    ) -> Result<Fresh, DieselError> {
        let late = events.clone().filter(|event| self.is_late(event)).count();
        let rows = InsertNewRows { target: self, rows: Columns::new(events) };
        Ok(Fresh { inserted: rows.execute(&mut tx).await?, late })
    }

    /// As [`Self::insert_new`], of one event.
    pub(super) async fn insert_new_one(
        self,
        tx: &mut AsyncPgConnection,
        event: &NewActivityEvent,
    ) -> Result<Fresh, DieselError> {
        let row = InsertNewRow { target: self, rows: Single::new(event) };
        Ok(self.fresh(event, row.execute(tx).await?))
    }

    /// What an event comes to that went in, or did not.
    fn fresh(self, event: &NewActivityEvent, inserted: usize) -> Fresh {
        Fresh { inserted, late: if self.is_late(event) { inserted } else { 0 } }
    }

    fn is_late(self, event: &NewActivityEvent) -> bool {
        event.event_time.as_datetime() < self.starts
    }

    /// The whole INSERT but for what becomes of rows that are there. The turnstile comes before the first row,
    /// and once: where there is no table to read, PostgreSQL asks the condition before it unpacks the arrays.
    fn insert_into<'b>(
        &'b self,
        mut out: AstPass<'_, 'b, Pg>,
        rows: impl FnOnce(AstPass<'_, 'b, Pg>) -> QueryResult<()>,
    ) -> QueryResult<()> {
        out.push_sql(
            "INSERT INTO activity_events (ledger_id, epoch_id, ingested_at, id, source, event_type, \
             platform_user_id, platform_login, user_id, artifact_url, metadata, payload_hash, \
             producer, producer_version, event_time, retrieved_at) SELECT ",
        );
        out.push_bind_param::<SqlUuid, _>(&self.ledger_id.0)?;
        out.push_sql(", ");
        out.push_bind_param::<BigInt, _>(&self.epoch_id.0)?;
        out.push_sql(", ");
        out.push_bind_param::<Timestamptz, _>(&self.ingested_at)?;
        out.push_sql(", ");
        rows(out.reborrow())?;
        out.push_sql(&TURNSTILE);
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
            out.push_sql("), unnest(");
            out.push_bind_param::<Array<Text>, _>(texts)?;
        }
        for texts in [&self.platform_login, &self.user_id, &self.artifact_url] {
            out.push_sql("), unnest(");
            out.push_bind_param::<Array<Nullable<Text>>, _>(texts)?;
        }
        out.push_sql("), unnest(");
        out.push_bind_param::<Array<Nullable<Jsonb>>, _>(&self.metadata)?;
        for texts in [&self.payload_hash, &self.producer, &self.producer_version] {
            out.push_sql("), unnest(");
            out.push_bind_param::<Array<Text>, _>(texts)?;
        }
        for times in [&self.event_time, &self.retrieved_at] {
            out.push_sql("), unnest(");
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
        Ok(())
    }
}

// Queries of their own rather than `sql_query`: a text that never changes and has a type stays prepared.
macro_rules! insert_query {
    ($(#[$doc:meta])* $name:ident, $rows:ident) => {
        $(#[$doc])*
        struct $name<'a> {
            target: Target,
            rows: $rows<'a>,
        }

        impl $name<'_> {
            fn insert<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
                self.target.insert_into(out, |out| self.rows.push(out))
            }
        }

        impl QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl Query for $name<'_> {
            type SqlType = Untyped;
        }
    };
}

insert_query! {
    /// One event: nothing is packed and unpacked, and nothing answered but how many went in. PostgreSQL keeps
    /// what an INSERT returns until it is done, which costs as much as the look for a known one.
    InsertRow, Single
}
insert_query! {
    /// As [`InsertRow`], of an event that is not there.
    InsertNewRow, Single
}
insert_query! {
    /// Many events in one statement, because a column is one array parameter.
    InsertRows, Columns
}
insert_query! {
    /// As [`InsertRows`], of events of which none is there.
    InsertNewRows, Columns
}

const SKIP_KNOWN: &str = " ON CONFLICT (ledger_id, id) DO NOTHING";

impl QueryFragment<Pg> for InsertRow<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.insert(out.reborrow())?;
        out.push_sql(SKIP_KNOWN);
        Ok(())
    }
}

impl QueryFragment<Pg> for InsertNewRow<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.insert(out)
    }
}

impl QueryFragment<Pg> for InsertRows<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        out.push_sql("WITH fresh AS (");
        self.insert(out.reborrow())?;
        out.push_sql(SKIP_KNOWN);
        // Which of them went in is known to PostgreSQL alone.
        out.push_sql(
            " RETURNING event_time) \
             SELECT count(*) AS inserted, count(*) FILTER (WHERE event_time < ",
        );
        out.push_bind_param::<Timestamptz, _>(&self.target.starts)?;
        out.push_sql(") AS late FROM fresh");
        Ok(())
    }
}

impl QueryFragment<Pg> for InsertNewRows<'_> {
    fn walk_ast<'b>(&'b self, out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.insert(out)
    }
}
