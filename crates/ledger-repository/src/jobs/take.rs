use async_trait::async_trait;
use diesel::QueryableByName;
use diesel::sql_types::{Array, BigInt, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::LedgerId;
use ledger_port::{Claim, JobKey, JobLease, StoreFault, TakenJob};
use uuid::Uuid;

use super::{Columns, milliseconds};
use crate::rows::Place;
use crate::transaction::{Command, TxError};

/// Takes the job that is due first.
pub(super) struct TakeJob<'a> {
    claim: &'a Claim<'a>,
    columns: Columns,
}

impl<'a> TakeJob<'a> {
    pub(super) fn new(claim: &'a Claim<'a>) -> Self {
        Self { claim, columns: Columns::of(claim.jobs) }
    }
}

/// A job that killed its worker each time would go on killing workers.
const SET_EXHAUSTED_ASIDE: &str = "
    WITH exhausted AS (
        SELECT j.ledger_id, j.kind, j.subject FROM jobs j
        JOIN unnest($1, $2, $3) AS mine (ledger_id, kind, subject)
            ON (j.ledger_id, j.kind, j.subject) = (mine.ledger_id, mine.kind, mine.subject)
        WHERE j.state = 'running' AND j.lease_until <= now() AND j.attempts >= $4
        ORDER BY j.ledger_id, j.kind, j.subject
        FOR NO KEY UPDATE OF j SKIP LOCKED
    )
    UPDATE jobs j
    SET state = 'set-aside', worker = NULL, lease_id = NULL, lease_until = NULL, updated_at = now(),
        last_error = 'the worker ' || j.worker || ' stopped answering'
    FROM exhausted e
    WHERE (j.ledger_id, j.kind, j.subject) = (e.ledger_id, e.kind, e.subject)";

const TAKE: &str = "
    WITH due AS (
        SELECT j.ledger_id, j.kind, j.subject, j.state, j.worker FROM jobs j
        JOIN unnest($1, $2, $3) AS mine (ledger_id, kind, subject)
            ON (j.ledger_id, j.kind, j.subject) = (mine.ledger_id, mine.kind, mine.subject)
        WHERE (j.state = 'queued' AND j.run_at <= now())
            OR (j.state = 'running' AND j.lease_until <= now())
        ORDER BY j.run_at, j.ledger_id, j.kind, j.subject
        LIMIT 1
        FOR NO KEY UPDATE OF j SKIP LOCKED
    )
    UPDATE jobs j
    SET state = 'running', attempts = j.attempts + 1, worker = $4, lease_id = $5,
        lease_until = now() + $6 * interval '1 millisecond', updated_at = now(), waits_for = NULL,
        last_error = CASE due.state
            WHEN 'running' THEN 'the worker ' || due.worker || ' stopped answering'
            ELSE j.last_error
        END
    FROM due
    WHERE (j.ledger_id, j.kind, j.subject) = (due.ledger_id, due.kind, due.subject)
    RETURNING j.ledger_id, j.kind, j.subject, j.attempts";

#[derive(QueryableByName)]
struct TakenRow {
    #[diesel(sql_type = SqlUuid)]
    ledger_id: Uuid,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    subject: String,
    #[diesel(sql_type = BigInt)]
    attempts: i64,
}

#[async_trait]
impl Command for TakeJob<'_> {
    type Output = Option<TakenJob>;
    const NAME: &'static str = "take_job";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Option<TakenJob>, TxError> {
        let Columns { ledger_ids, kinds, subjects } = &self.columns;
        diesel::sql_query(SET_EXHAUSTED_ASIDE)
            .bind::<Array<SqlUuid>, _>(ledger_ids)
            .bind::<Array<Text>, _>(kinds)
            .bind::<Array<Text>, _>(subjects)
            .bind::<BigInt, _>(i64::from(self.claim.max_attempts))
            .execute(tx)
            .await?;
        let rows: Vec<TakenRow> = diesel::sql_query(TAKE)
            .bind::<Array<SqlUuid>, _>(ledger_ids)
            .bind::<Array<Text>, _>(kinds)
            .bind::<Array<Text>, _>(subjects)
            .bind::<Text, _>(self.claim.worker.as_str())
            .bind::<SqlUuid, _>(self.claim.lease_id)
            .bind::<BigInt, _>(milliseconds(self.claim.lease))
            .load(tx)
            .await?;
        let taken = rows.into_iter().next();
        Ok(taken.map(|row| self.read(&row)).transpose()?)
    }
}

impl TakeJob<'_> {
    /// Finds the row among what was claimed.
    fn read(&self, row: &TakenRow) -> Result<TakenJob, StoreFault> {
        let shown = format!("{}/{}/{}", row.ledger_id, row.kind, row.subject);
        let place = Place { table: "jobs", row: &shown };
        let is_this = |key: &&JobKey| {
            LedgerId::of(&key.ledger).0 == row.ledger_id
                && (key.task.kind(), key.task.subject()) == (&row.kind, &row.subject)
        };
        let key = self.claim.jobs.iter().find(is_this).cloned();
        Ok(TakenJob {
            lease: JobLease {
                key: key.ok_or_else(|| place.corrupt("ledger_id", "nobody asked for it"))?,
                lease_id: self.claim.lease_id,
            },
            attempt: place.read("attempts", row.attempts)?,
        })
    }
}
