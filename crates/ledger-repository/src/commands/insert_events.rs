//! Appends events: one statement carries many rows, because a column is one array parameter.

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use diesel::QueryResult;
use diesel::QueryableByName;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{
    Array, BigInt, Jsonb, Nullable, Text, Timestamptz, Untyped, Uuid as SqlUuid,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{Epoch, EpochId, LedgerId, NewActivityEvent, Sha256Hex, Timestamp};
use ledger_port::{ActivityConflict, InsertOutcome, LedgerPortError, PortResult, StoreFault};
use uuid::Uuid;

use super::{EpochLock, ROWS_PER_STATEMENT, count, lock_writable_epoch};
use crate::rows::Place;
use crate::transaction::{Command, TxResult};

/// Appends any number of events to an epoch.
pub(crate) struct InsertEvents<'a> {
    ledger_id: LedgerId,
    epoch_id: EpochId,
    events: &'a [NewActivityEvent],
    /// Positions of the call, by event id: everybody inserts in this order, so that two callers
    /// with the same events wait for each other once and never in a circle.
    order: Vec<usize>,
    now: Timestamp,
}

impl<'a> InsertEvents<'a> {
    /// Checks every event before anything is sent.
    pub(crate) fn new(
        ledger_id: LedgerId,
        epoch_id: EpochId,
        events: &'a [NewActivityEvent],
        now: Timestamp,
    ) -> PortResult<Self> {
        for (index, event) in events.iter().enumerate() {
            event.check().map_err(|fault| LedgerPortError::InvalidEvent {
                index,
                event_id: event.id.clone(),
                fault,
            })?;
        }
        let mut order: Vec<usize> = (0..events.len()).collect();
        // Stable: of two events with one id, the first of the call stays.
        order.sort_by(|a, b| events[*a].id.cmp(&events[*b].id));
        Ok(Self { ledger_id, epoch_id, events, order, now })
    }

    /// The ids, in the order in which everybody locks them.
    pub(super) fn sorted_ids(&self) -> Vec<&str> {
        self.order.iter().map(|at| self.events[*at].id.as_str()).collect()
    }

    fn refuse_later_events(&self, epoch: &Epoch) -> PortResult<()> {
        let period_end = epoch.period.end();
        let later =
            self.events.iter().enumerate().find(|(_, event)| event.event_time >= period_end);
        match later {
            None => Ok(()),
            Some((index, event)) => Err(LedgerPortError::EventAfterEpoch {
                index,
                event_id: event.id.clone(),
                event_time: event.event_time,
                epoch_id: self.epoch_id,
                period_end,
            }),
        }
    }

    async fn find_conflicts(
        &self,
        tx: &mut AsyncPgConnection,
        positions: &[usize],
        found: &mut Vec<(usize, Sha256Hex)>,
    ) -> TxResult<()> {
        let ids: Vec<&str> = positions.iter().map(|at| self.events[*at].id.as_str()).collect();
        let hashes: Vec<&str> =
            positions.iter().map(|at| self.events[*at].payload_hash.as_str()).collect();
        let rows: Vec<ConflictRow> = diesel::sql_query(FIND_CONFLICTS)
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<Array<Text>, _>(ids)
            .bind::<Array<Text>, _>(hashes)
            .load(tx)
            .await?;
        for row in rows {
            let place = Place { table: "activity_events", row: &row.place };
            let nth: usize = place.read("id", row.place)?;
            found.push((positions[nth], place.read("payload_hash", row.stored_hash)?));
        }
        Ok(())
    }

    fn outcome(
        &self,
        inserted: usize,
        late: u64,
        mut conflicts: Vec<(usize, Sha256Hex)>,
    ) -> InsertOutcome {
        conflicts.sort_unstable();
        let skipped = self.events.len() - inserted;
        let mut outcome = InsertOutcome {
            inserted: count(inserted),
            late,
            duplicates: count(skipped - conflicts.len()),
            ..InsertOutcome::default()
        };
        for (position, stored_hash) in conflicts {
            let event = &self.events[position];
            outcome.conflicts.push(ActivityConflict {
                event_id: event.id.clone(),
                stored_hash,
                refused_hash: event.payload_hash.clone(),
            });
        }
        outcome
    }
}

#[async_trait]
impl Command for InsertEvents<'_> {
    type Output = InsertOutcome;
    const NAME: &'static str = "insert_activity_events";

    async fn run(&self, tx: &mut AsyncPgConnection) -> TxResult<InsertOutcome> {
        let epoch =
            lock_writable_epoch(tx, self.ledger_id, self.epoch_id, EpochLock::Shared).await?;
        self.refuse_later_events(&epoch)?;
        let (mut inserted, mut late) = (0, 0);
        let mut conflicts = Vec::new();
        for positions in self.order.chunks(ROWS_PER_STATEMENT) {
            let events = positions.iter().map(|at| &self.events[*at]);
            let rows = InsertRows::new(self.ledger_id, &epoch, self.now, events);
            let fresh: Fresh = RunQueryDsl::get_result(rows, tx).await?;
            let (fresh, fresh_and_late) = fresh.counts(self.epoch_id)?;
            if fresh < positions.len() {
                // Whoever inserted the others has committed by now, so this statement sees them.
                self.find_conflicts(tx, positions, &mut conflicts).await?;
            }
            inserted += fresh;
            late += fresh_and_late;
        }
        Ok(self.outcome(inserted, late, conflicts))
    }
}

const FIND_CONFLICTS: &str = "
    SELECT u.place - 1 AS place, e.payload_hash AS stored_hash
    FROM unnest($2, $3) WITH ORDINALITY AS u (id, payload_hash, place)
    JOIN activity_events e ON e.ledger_id = $1 AND e.id = u.id
    WHERE e.payload_hash <> u.payload_hash";

#[derive(QueryableByName)]
struct ConflictRow {
    #[diesel(sql_type = BigInt)]
    place: i64,
    #[diesel(sql_type = Text)]
    stored_hash: String,
}

/// How many rows of a statement were new, and how many of those are late.
#[derive(QueryableByName)]
struct Fresh {
    #[diesel(sql_type = BigInt)]
    inserted: i64,
    #[diesel(sql_type = BigInt)]
    late: i64,
}

impl Fresh {
    fn counts(&self, epoch_id: EpochId) -> Result<(usize, u64), StoreFault> {
        let place = Place { table: "activity_events", row: &epoch_id };
        Ok((place.read("count", self.inserted)?, place.read("count", self.late)?))
    }
}

/// One INSERT of many rows. A query of its own rather than `sql_query`, because its text never
/// changes, so that the connection keeps it prepared.
struct InsertRows<'a> {
    ledger_id: Uuid,
    epoch_id: i64,
    period_start: DateTime<Utc>,
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
}

impl<'a> InsertRows<'a> {
    fn new(
        ledger_id: LedgerId,
        epoch: &Epoch,
        now: Timestamp,
        events: impl Iterator<Item = &'a NewActivityEvent> + Clone,
    ) -> Self {
        Self {
            ledger_id: ledger_id.0,
            epoch_id: epoch.id.0,
            period_start: epoch.period.start().as_datetime(),
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
        // Joined to the epoch, so that on Citus it runs within one shard.
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
        out.push_sql(
            " ON CONFLICT (ledger_id, id) DO NOTHING RETURNING event_time) \
             SELECT count(*) AS inserted, count(*) FILTER (WHERE event_time < ",
        );
        out.push_bind_param::<Timestamptz, _>(&self.period_start)?;
        out.push_sql(") AS late FROM fresh");
        Ok(())
    }
}
