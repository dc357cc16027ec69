//! A worker says that it lives, or what became of a job. Both are fenced by the lease's id.

use std::time::Duration;

use async_trait::async_trait;
use diesel::sql_types::{BigInt, Nullable, Text, Uuid as SqlUuid};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::OneLine;
use ledger_port::{JobEnd, JobLease};

use super::{keyed, milliseconds};
use crate::transaction::{Command, TxError};

/// Says that the worker lives.
pub(super) struct ExtendLease<'a> {
    pub(super) lease: &'a JobLease,
    pub(super) by: Duration,
}

const EXTEND: &str = "
    UPDATE jobs SET lease_until = now() + $5 * interval '1 millisecond'
    WHERE (ledger_id, kind, subject) = ($1, $2, $3) AND lease_id = $4";

#[async_trait]
impl Command for ExtendLease<'_> {
    type Output = bool;
    const NAME: &'static str = "extend_lease";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<bool, TxError> {
        let changed = keyed(EXTEND, &self.lease.key)
            .bind::<SqlUuid, _>(self.lease.lease_id)
            .bind::<BigInt, _>(milliseconds(self.by))
            .execute(tx)
            .await?;
        Ok(changed == 1)
    }
}

/// Says what became of a job.
pub(super) struct EndJob<'a> {
    pub(super) lease: &'a JobLease,
    pub(super) end: &'a JobEnd,
}

/// What the row says afterwards.
struct Ended<'a> {
    state: &'static str,
    /// Whether this attempt counts among those that failed.
    counts: i64,
    after: Duration,
    /// `None` leaves the last error as it is, unless the job is done.
    error: Option<&'a OneLine>,
    waits_for: Option<&'a OneLine>,
}

impl<'a> From<&'a JobEnd> for Ended<'a> {
    fn from(end: &'a JobEnd) -> Self {
        let nothing = Self {
            state: "queued",
            counts: 0,
            after: Duration::ZERO,
            error: None,
            waits_for: None,
        };
        match end {
            JobEnd::Done => Self { state: "done", ..nothing },
            JobEnd::PutBack => nothing,
            JobEnd::Later { after, waits_for } => {
                Self { after: *after, waits_for: Some(waits_for), ..nothing }
            }
            JobEnd::Retry { after, error } => {
                Self { counts: 1, after: *after, error: Some(error), ..nothing }
            }
            JobEnd::SetAside { error } => {
                Self { state: "set-aside", counts: 1, error: Some(error), ..nothing }
            }
        }
    }
}

const END: &str = "
    UPDATE jobs SET
        state = $5,
        attempts = CASE WHEN $5 = 'done' THEN 0 ELSE attempts - 1 + $6 END,
        run_at = now() + $7 * interval '1 millisecond',
        last_error = CASE WHEN $5 = 'done' THEN NULL ELSE coalesce($8, last_error) END,
        waits_for = $9, worker = NULL, lease_id = NULL, lease_until = NULL, updated_at = now()
    WHERE (ledger_id, kind, subject) = ($1, $2, $3) AND lease_id = $4";

#[async_trait]
impl Command for EndJob<'_> {
    type Output = bool;
    const NAME: &'static str = "end_job";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<bool, TxError> {
        let ended = Ended::from(self.end);
        let changed = keyed(END, &self.lease.key)
            .bind::<SqlUuid, _>(self.lease.lease_id)
            .bind::<Text, _>(ended.state)
            .bind::<BigInt, _>(ended.counts)
            .bind::<BigInt, _>(milliseconds(ended.after))
            .bind::<Nullable<Text>, _>(ended.error.map(|error| error.as_str().to_owned()))
            .bind::<Nullable<Text>, _>(ended.waits_for.map(|what| what.as_str().to_owned()))
            .execute(tx)
            .await?;
        Ok(changed == 1)
    }
}
