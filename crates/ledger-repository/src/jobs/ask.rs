//! Jobs are asked for, and taken back.

use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel::sql_types::Bool;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::LedgerId;
use ledger_port::{Job, JobKey, LedgerPortError};
use ledger_schema::schema::ledgers;

use super::{FIND, keyed};
use crate::rows::JobRow;
use crate::transaction::{Command, TxError};

/// Whether a job that was set aside is given another chance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chance {
    IfDone,
    EvenIfSetAside,
}

/// Asks for a job to be done.
pub(super) struct Ask<'a> {
    pub(super) key: &'a JobKey,
    pub(super) chance: Chance,
}

const ASK: &str = "
    INSERT INTO jobs (ledger_id, kind, subject, state, run_at, attempts, updated_at)
    VALUES ($1, $2, $3, 'queued', now(), 0, now())
    ON CONFLICT (ledger_id, kind, subject) DO UPDATE
    SET state = 'queued', run_at = excluded.run_at, attempts = 0, waits_for = NULL,
        updated_at = excluded.updated_at
    WHERE jobs.state = 'done' OR (jobs.state = 'set-aside' AND $4)";

#[async_trait]
impl Command for Ask<'_> {
    type Output = bool;
    const NAME: &'static str = "enqueue_job";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<bool, TxError> {
        refuse_missing_ledger(tx, self.key).await?;
        let revives = self.chance == Chance::EvenIfSetAside;
        let changed = keyed(ASK, self.key).bind::<Bool, _>(revives).execute(tx).await?;
        Ok(changed == 1)
    }
}

async fn refuse_missing_ledger(tx: &mut AsyncPgConnection, key: &JobKey) -> Result<(), TxError> {
    let found: Option<uuid::Uuid> = ledgers::table
        .filter(ledgers::ledger_id.eq(LedgerId::of(&key.ledger).0))
        .select(ledgers::ledger_id)
        .first(tx)
        .await
        .optional()?;
    match found {
        Some(_) => Ok(()),
        None => Err(LedgerPortError::LedgerNotFound { name: key.ledger.clone() }.into()),
    }
}

/// Makes a job due now.
pub(super) struct RunNow<'a> {
    pub(super) key: &'a JobKey,
}

const RUN_NOW: &str = "
    UPDATE jobs SET state = 'queued', run_at = now(), attempts = 0, waits_for = NULL,
        updated_at = now()
    WHERE (ledger_id, kind, subject) = ($1, $2, $3) AND state <> 'running'";

#[async_trait]
impl Command for RunNow<'_> {
    type Output = Job;
    const NAME: &'static str = "retry_job";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Job, TxError> {
        keyed(RUN_NOW, self.key).execute(tx).await?;
        find(tx, self.key).await
    }
}

/// Takes a job off the list of what is to be done.
pub(super) struct Cancel<'a> {
    pub(super) key: &'a JobKey,
}

const CANCEL: &str = "
    UPDATE jobs SET state = 'done', attempts = 0, worker = NULL, lease_id = NULL, lease_until = NULL,
        last_error = NULL, waits_for = NULL, updated_at = now()
    WHERE (ledger_id, kind, subject) = ($1, $2, $3) AND state <> 'done'";

#[async_trait]
impl Command for Cancel<'_> {
    type Output = Job;
    const NAME: &'static str = "cancel_job";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Job, TxError> {
        keyed(CANCEL, self.key).execute(tx).await?;
        find(tx, self.key).await
    }
}

async fn find(tx: &mut AsyncPgConnection, key: &JobKey) -> Result<Job, TxError> {
    let row: Option<JobRow> = keyed(FIND, key).get_result(tx).await.optional()?;
    let row = row.ok_or_else(|| LedgerPortError::JobNotFound { key: key.clone() })?;
    Ok(Job::try_from(row)?)
}
