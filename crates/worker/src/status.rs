//! What each source last did, how far behind it is, and what it waits for.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use ledger_core::{CollectionFailure, OneLine, SourceId, Timestamp, WorkerName};
use ledger_port::{
    ActivityLedgerStore, Job, JobKey, JobQueue, JobState, PortResult, Task, all_pages,
};

use crate::books::{OpenEpoch, open_epoch};
use crate::config::{LedgerPlan, SourcePlan};
use crate::moments::{after, since};

/// How one configured source gets on with the open epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStatus {
    /// Its id.
    pub id: SourceId,
    /// What kind of source it is.
    pub kind: String,
    /// Whatever happened before this has been read; `None` where nothing was read into the open
    /// epoch yet, or no epoch is open.
    pub collected_through: Option<Timestamp>,
    /// How much of the epoch's window until now was not read; `None` where no epoch is open.
    pub behind: Option<Duration>,
    /// Why the last run failed, where it did.
    pub failure: Option<CollectionFailure>,
    /// What it waits for.
    pub waits_for: WaitsFor,
}

/// What a source waits for. Shown in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WaitsFor {
    /// There is no epoch to collect into.
    Epoch,
    /// No worker has seen yet that it is due.
    Asking,
    /// It is not due before that.
    Time(Timestamp),
    /// It is due, and no worker took it yet.
    Worker,
    /// That worker is reading it.
    Reading(WorkerName),
    /// The place asks for patience until then.
    Place(OneLine, Timestamp),
    /// It failed, and is tried again then.
    Retry(Timestamp),
    /// Somebody has to look at that job.
    Somebody(JobKey),
}

impl WaitsFor {
    /// Every [`Self::word`].
    pub const WORDS: [&str; 8] =
        ["epoch", "asking", "time", "worker", "reading", "place", "retry", "somebody"];

    /// The word for it, for programs.
    pub const fn word(&self) -> &'static str {
        let [epoch, asking, time, worker, reading, place, retry, somebody] = Self::WORDS;
        match self {
            Self::Epoch => epoch,
            Self::Asking => asking,
            Self::Time(_) => time,
            Self::Worker => worker,
            Self::Reading(_) => reading,
            Self::Place(..) => place,
            Self::Retry(_) => retry,
            Self::Somebody(_) => somebody,
        }
    }
}

impl fmt::Display for WaitsFor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Epoch => f.write_str("an epoch to be opened"),
            Self::Asking => f.write_str("a worker to ask for it"),
            Self::Time(at) => write!(f, "its time, {at}"),
            Self::Worker => f.write_str("a worker to take it"),
            Self::Reading(worker) => write!(f, "{worker}, which is reading it"),
            Self::Place(what, until) => write!(f, "{what}; until {until}"),
            Self::Retry(at) => write!(f, "another try at {at}"),
            Self::Somebody(job) => {
                write!(f, "somebody to look, then `epoch-ledger jobs retry {job}`")
            }
        }
    }
}

/// The sources of one ledger, in the order of the configuration.
///
/// # Errors
/// When the store cannot be read.
pub async fn source_statuses(
    plan: &LedgerPlan,
    store: &dyn ActivityLedgerStore,
    queue: &dyn JobQueue,
    now: Timestamp,
) -> PortResult<Vec<SourceStatus>> {
    let open = open_epoch(store).await?;
    let jobs = all_pages(|page| queue.list_jobs(page)).await?;
    let jobs: BTreeMap<JobKey, Job> = jobs.into_iter().map(|job| (job.key.clone(), job)).collect();
    let status = |source: &SourcePlan| {
        let task = Task::CollectSource(source.id.clone());
        let job = jobs.get(&JobKey { ledger: plan.name.clone(), task });
        status_of(source, open.as_ref(), job, now)
    };
    Ok(plan.sources.iter().map(status).collect())
}

fn status_of(
    source: &SourcePlan,
    open: Option<&OpenEpoch>,
    job: Option<&Job>,
    now: Timestamp,
) -> SourceStatus {
    let collection = open.and_then(|open| open.collection(&source.id));
    let through = collection.and_then(|one| one.collected_through);
    let behind = open.map(|open| {
        let window = &open.epoch.period;
        since(through.unwrap_or(window.start()), now.min(window.end()))
    });
    SourceStatus {
        id: source.id.clone(),
        kind: source.kind.clone(),
        collected_through: through,
        behind,
        failure: collection.and_then(|one| one.failure.clone()),
        waits_for: waits_for(source, open.is_some(), through, job),
    }
}

fn waits_for(
    source: &SourcePlan,
    is_open: bool,
    through: Option<Timestamp>,
    job: Option<&Job>,
) -> WaitsFor {
    let at_rest = || match through {
        _ if !is_open => WaitsFor::Epoch,
        None => WaitsFor::Asking,
        Some(through) => WaitsFor::Time(after(through, source.collect_every)),
    };
    let Some(job) = job else { return at_rest() };
    match (&job.state, &job.waits_for, &job.last_error) {
        (JobState::Running { worker, .. }, ..) => WaitsFor::Reading(worker.clone()),
        (JobState::SetAside, ..) => WaitsFor::Somebody(job.key.clone()),
        (JobState::Queued, Some(what), _) => WaitsFor::Place(what.clone(), job.run_at),
        (JobState::Queued, None, Some(_)) => WaitsFor::Retry(job.run_at),
        (JobState::Queued, None, None) => WaitsFor::Worker,
        (JobState::Done, ..) => at_rest(),
    }
}
