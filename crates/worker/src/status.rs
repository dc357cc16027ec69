//! What each source last did, how far behind it is, and what it waits for.

use std::collections::BTreeMap;
use std::time::Duration;

use ledger_core::{CollectionFailure, SourceId, Timestamp};
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
    /// How long ago that is.
    pub behind: Option<Duration>,
    /// Why the last run failed, where it did.
    pub failure: Option<CollectionFailure>,
    /// What it waits for, in words.
    pub waits_for: String,
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
    let behind = through.map(|through| since(through, now));
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
) -> String {
    let at_rest = || match through {
        _ if !is_open => "an epoch to be opened".to_owned(),
        None => "a worker to ask for it".to_owned(),
        Some(through) => format!("its time, {}", after(through, source.collect_every)),
    };
    let Some(job) = job else { return at_rest() };
    match (&job.state, &job.waits_for, &job.last_error) {
        (JobState::Running { worker, .. }, ..) => format!("{worker}, which is reading it"),
        (JobState::SetAside, ..) => {
            format!("somebody to look, then `epoch-ledger jobs retry {}`", job.key)
        }
        (JobState::Queued, Some(what), _) => format!("{what}; until {}", job.run_at),
        (JobState::Queued, None, Some(_)) => format!("another try at {}", job.run_at),
        (JobState::Queued, None, None) => "a worker to take it".to_owned(),
        (JobState::Done, ..) => at_rest(),
    }
}
