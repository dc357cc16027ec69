//! Durable jobs: what is to be done, who is doing it, and what became of it.
//!
//! A job is known by what it does ([`JobKey`]): there is one collection of a source at a time, and
//! asking twice for the same work is asking once. It is done **at least once**: a worker that stops
//! answering loses its lease, and another one does the work again. So every task is idempotent.
//!
//! Leases and retries go by the database's clock, which is one for all machines.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use async_trait::async_trait;
use ledger_core::{InvalidValue, LedgerName, OneLine, SourceId, Timestamp, WorkerName};
use uuid::Uuid;

use crate::{Page, PageRequest, PortResult};

/// What a job does.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Task {
    /// Goes on to the next epoch when the open one's window is over.
    AdvanceEpochs,
    /// Collects one source into the open epoch.
    CollectSource(SourceId),
}

impl Task {
    const ADVANCE: &'static str = "advance-epochs";
    const COLLECT: &'static str = "collect-source";

    /// The word for this kind of task, in the database and on the command line.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::AdvanceEpochs => Self::ADVANCE,
            Self::CollectSource(_) => Self::COLLECT,
        }
    }

    /// What it is done to; empty where the kind says all.
    pub fn subject(&self) -> &str {
        match self {
            Self::AdvanceEpochs => "",
            Self::CollectSource(source) => source.as_str(),
        }
    }

    /// Reads back what [`Self::kind`] and [`Self::subject`] say.
    ///
    /// # Errors
    /// When there is no such task.
    pub fn from_parts(kind: &str, subject: &str) -> Result<Self, InvalidValue> {
        match (kind, subject) {
            (Self::ADVANCE, "") => Ok(Self::AdvanceEpochs),
            (Self::COLLECT, source) => Ok(Self::CollectSource(source.parse()?)),
            _ => {
                let shown = format!("{kind} {subject}");
                let known = "it must be advance-epochs, or collect-source and a source's id";
                Err(InvalidValue::new("task", shown.trim(), known))
            }
        }
    }
}

/// Which job: one ledger's task.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey {
    /// Whose books.
    pub ledger: LedgerName,
    /// What is done.
    pub task: Task,
}

impl fmt::Display for JobKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.task.subject() {
            "" => write!(f, "{}/{}", self.ledger, self.task.kind()),
            subject => write!(f, "{}/{}/{subject}", self.ledger, self.task.kind()),
        }
    }
}

impl FromStr for JobKey {
    type Err = InvalidValue;

    /// Reads `ledger/kind` or `ledger/kind/subject`.
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (ledger, rest) = text.split_once('/').ok_or_else(|| {
            let shape = "write it as LEDGER/advance-epochs or LEDGER/collect-source/SOURCE";
            InvalidValue::new("job", text, shape)
        })?;
        let (kind, subject) = rest.split_once('/').unwrap_or((rest, ""));
        Ok(Self { ledger: ledger.parse()?, task: Task::from_parts(kind, subject)? })
    }
}

/// Where a job stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobState {
    /// It waits to be taken.
    Queued,
    /// A worker does it.
    Running {
        /// Which.
        worker: WorkerName,
        /// When it is taken over, unless that worker says that it lives.
        lease_until: Timestamp,
    },
    /// It was done, and is not asked for again yet.
    Done,
    /// It failed too often, or in a way that trying again cannot mend: somebody has to look.
    SetAside,
}

impl JobState {
    /// The word for it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running { .. } => "running",
            Self::Done => "done",
            Self::SetAside => "set-aside",
        }
    }
}

/// A job as the queue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Which one.
    pub key: JobKey,
    /// Where it stands.
    pub state: JobState,
    /// When it was, or is, to be taken.
    pub run_at: Timestamp,
    /// How often it was taken since it was last done.
    pub attempts: u32,
    /// Why it failed last, where it did not succeed since.
    pub last_error: Option<OneLine>,
    /// What it waits for, where that is no failure.
    pub waits_for: Option<OneLine>,
    /// When its row changed last.
    pub updated_at: Timestamp,
}

/// A worker asks for work.
#[derive(Debug, Clone)]
pub struct Claim<'a> {
    /// Who asks.
    pub worker: &'a WorkerName,
    /// Names the lease. A new one for each claim.
    pub lease_id: Uuid,
    /// How long the job belongs to the worker unless it says that it lives.
    pub lease: Duration,
    /// How often a job may be taken in all without being done.
    pub max_attempts: u32,
    /// What the worker knows how to do.
    pub jobs: &'a [JobKey],
}

/// The right to do a job, and to say what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobLease {
    /// Which job.
    pub key: JobKey,
    /// The lease's name.
    pub lease_id: Uuid,
}

/// A job that a worker has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TakenJob {
    /// The right to do it.
    pub lease: JobLease,
    /// Which attempt this is since it was last done, from 1.
    pub attempt: u32,
}

/// What became of a job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// It is done.
    Done,
    /// It has to wait for something, which is no failure.
    Later {
        /// For how long.
        after: Duration,
        /// For what.
        waits_for: OneLine,
    },
    /// The worker stops and gives it back; somebody else may take it at once.
    PutBack,
    /// It failed, and is tried again.
    Retry {
        /// After how long.
        after: Duration,
        /// Why it failed.
        error: OneLine,
    },
    /// It failed, and somebody has to look.
    SetAside {
        /// Why it failed.
        error: OneLine,
    },
}

/// The list of jobs of one database.
#[async_trait]
pub trait JobQueue: Send + Sync {
    /// Asks for a job to be done now. Answers whether it was asked for anew: one that is queued,
    /// running or set aside stays as it is.
    ///
    /// Refuses a ledger that does not exist (`LedgerNotFound`).
    async fn enqueue_job(&self, key: &JobKey) -> PortResult<bool>;

    /// As [`Self::enqueue_job`], and gives one that was set aside another chance.
    async fn revive_job(&self, key: &JobKey) -> PortResult<bool>;

    /// Takes the job that is due first, among those that the worker knows how to do; also one whose
    /// worker let its lease run out. A job that was taken too often without being done is set aside
    /// instead. Not idempotent: each call takes another job.
    async fn take_job(&self, claim: &Claim<'_>) -> PortResult<Option<TakenJob>>;

    /// Says that the worker lives. Answers whether it still has the job.
    async fn extend_lease(&self, lease: &JobLease, by: Duration) -> PortResult<bool>;

    /// Says what became of a job. Answers whether the worker still had it; if not, nothing changes.
    async fn end_job(&self, lease: &JobLease, end: &JobEnd) -> PortResult<bool>;

    /// Every job there is, by ledger, kind and subject.
    async fn list_jobs(&self, page: PageRequest<JobKey>) -> PortResult<Page<Job, JobKey>>;

    /// Makes a job due now, with all its attempts before it. One that runs is left alone.
    ///
    /// Refuses a job that does not exist (`JobNotFound`). Idempotent.
    async fn retry_job(&self, key: &JobKey) -> PortResult<Job>;

    /// Takes a job off the list of what is to be done, until it is asked for again. A worker that has
    /// it loses it.
    ///
    /// Refuses a job that does not exist (`JobNotFound`). Idempotent.
    async fn cancel_job(&self, key: &JobKey) -> PortResult<Job>;
}

#[cfg(test)]
mod tests {
    use super::JobKey;

    #[test]
    fn a_job_is_named_by_ledger_kind_and_subject() {
        for text in ["default/advance-epochs", "default/collect-source/main-repo"] {
            assert_eq!(text.parse::<JobKey>().expect("a job").to_string(), text);
        }
        for wrong in [
            "default",
            "default/",
            "default/advance-epochs/x",
            "default/collect-source",
            "default/collect-source/A b",
            "Default/advance-epochs",
            "default/dance",
        ] {
            assert!(wrong.parse::<JobKey>().is_err(), "{wrong}");
        }
    }
}
