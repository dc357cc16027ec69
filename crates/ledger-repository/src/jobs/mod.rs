//! The list of jobs over PostgreSQL: one row a job, taken by `FOR UPDATE SKIP LOCKED`, leased by the
//! server's clock, fenced by the lease's id.

mod ask;
mod end;
mod take;

use async_trait::async_trait;
use diesel::query_builder::SqlQuery;
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use ledger_core::LedgerId;
use ledger_port::{
    Claim, Job, JobEnd, JobKey, JobLease, JobQueue, Page, PageRequest, PortResult, TakenJob,
};
use std::time::Duration;
use uuid::Uuid;

use self::ask::{Ask, Cancel, Chance, RunNow};
use self::end::{EndJob, ExtendLease};
use self::take::TakeJob;
use crate::rows::JobRow;
use crate::store::{fetch, page};
use crate::{LedgerPool, Role};

/// The list of jobs of one database.
#[derive(Debug)]
pub struct PgJobQueue<R: Role> {
    pool: LedgerPool<R>,
}

impl<R: Role> PgJobQueue<R> {
    /// Over a pool.
    pub const fn new(pool: LedgerPool<R>) -> Self {
        Self { pool }
    }
}

#[async_trait]
impl<R: Role> JobQueue for PgJobQueue<R> {
    async fn enqueue_job(&self, key: &JobKey) -> PortResult<bool> {
        self.pool.run(&Ask { key, chance: Chance::IfDone }).await
    }

    async fn revive_job(&self, key: &JobKey) -> PortResult<bool> {
        self.pool.run(&Ask { key, chance: Chance::EvenIfSetAside }).await
    }

    async fn take_job(&self, claim: &Claim<'_>) -> PortResult<Option<TakenJob>> {
        self.pool.run(&TakeJob::new(claim)).await
    }

    async fn extend_lease(&self, lease: &JobLease, by: Duration) -> PortResult<bool> {
        self.pool.run(&ExtendLease { lease, by }).await
    }

    async fn end_job(&self, lease: &JobLease, end: &JobEnd) -> PortResult<bool> {
        self.pool.run(&EndJob { lease, end }).await
    }

    async fn list_jobs(&self, request: PageRequest<JobKey>) -> PortResult<Page<Job, JobKey>> {
        // No key is smaller than three empty texts.
        let (ledger, kind, subject) = request
            .after
            .as_ref()
            .map_or(("", "", ""), |key| (key.ledger.as_str(), key.task.kind(), key.task.subject()));
        let mut loan = self.pool.lend().await?;
        let found = diesel::sql_query(LIST)
            .bind::<Text, _>(ledger)
            .bind::<Text, _>(kind)
            .bind::<Text, _>(subject)
            .bind::<BigInt, _>(fetch(request.limit))
            .load(loan.connection())
            .await;
        let rows: Vec<JobRow> = loan.end("list_jobs", found)?;
        page(rows, request.limit, |job: &Job| job.key.clone())
    }

    async fn retry_job(&self, key: &JobKey) -> PortResult<Job> {
        self.pool.run(&RunNow { key }).await
    }

    async fn cancel_job(&self, key: &JobKey) -> PortResult<Job> {
        self.pool.run(&Cancel { key }).await
    }
}

/// The rows of [`JobRow`], and which of them.
macro_rules! select_jobs {
    ($which:literal) => {
        concat!(
            "SELECT l.name AS ledger, j.kind, j.subject, j.state, j.run_at, j.attempts, j.worker,
                j.lease_until, j.last_error, j.waits_for, j.updated_at
            FROM jobs j JOIN ledgers l ON l.ledger_id = j.ledger_id ",
            $which
        )
    };
}

const LIST: &str = select_jobs!(
    "WHERE (l.name, j.kind, j.subject) > ($1, $2, $3)
    ORDER BY l.name, j.kind, j.subject
    LIMIT $4"
);
const FIND: &str = select_jobs!("WHERE (j.ledger_id, j.kind, j.subject) = ($1, $2, $3)");

/// The key's columns, as every statement has them first: `$1`, `$2`, `$3`.
type Keyed = diesel::query_builder::BoxedSqlQuery<'static, diesel::pg::Pg, SqlQuery>;

fn keyed(sql: &'static str, key: &JobKey) -> Keyed {
    diesel::sql_query(sql)
        .into_boxed()
        .bind::<SqlUuid, _>(LedgerId::of(&key.ledger).0)
        .bind::<Text, _>(key.task.kind())
        .bind::<Text, _>(key.task.subject().to_owned())
}

/// A duration as PostgreSQL takes it here: whole milliseconds, a year at most.
fn milliseconds(duration: Duration) -> i64 {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    i64::try_from(duration.min(YEAR).as_millis()).expect("a year in milliseconds fits")
}

/// The ids of a claim's jobs, column by column.
struct Columns {
    ledger_ids: Vec<Uuid>,
    kinds: Vec<&'static str>,
    subjects: Vec<String>,
}

impl Columns {
    fn of(keys: &[JobKey]) -> Self {
        Self {
            ledger_ids: keys.iter().map(|key| LedgerId::of(&key.ledger).0).collect(),
            kinds: keys.iter().map(|key| key.task.kind()).collect(),
            subjects: keys.iter().map(|key| key.task.subject().to_owned()).collect(),
        }
    }
}
