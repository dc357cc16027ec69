//! What each source last did, how far behind it is, and what it waits for.

use std::collections::BTreeMap;
use std::time::Duration;

use ledger_core::{CollectionFailure, Epoch, SourceCollection, SourceId, Timestamp};
use ledger_port::{
    ActivityLedgerStore, Job, JobKey, JobQueue, JobState, PortResult, Task, all_pages,
};

use crate::advance::after;
use crate::config::{LedgerPlan, SourcePlan};

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
    let open = store.get_open_epoch().await?;
    let collections = match &open {
        Some(epoch) => all_pages(|page| store.list_collections_for_epoch(epoch.id, page)).await?,
        None => Vec::new(),
    };
    let jobs = all_pages(|page| queue.list_jobs(page)).await?;
    let jobs: BTreeMap<JobKey, Job> = jobs.into_iter().map(|job| (job.key.clone(), job)).collect();
    let status = |source: &SourcePlan| {
        let collection = collections.iter().find(|one| one.source_id == source.id);
        let task = Task::CollectSource(source.id.clone());
        let job = jobs.get(&JobKey { ledger: plan.name.clone(), task });
        status_of(source, open.as_ref(), collection, job, now)
    };
    Ok(plan.sources.iter().map(status).collect())
}

fn status_of(
    source: &SourcePlan,
    open: Option<&Epoch>,
    collection: Option<&SourceCollection>,
    job: Option<&Job>,
    now: Timestamp,
) -> SourceStatus {
    let through = collection.and_then(|one| one.collected_through);
    let behind = through.map(|through| {
        let seconds = now.unix_seconds().saturating_sub(through.unix_seconds());
        Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
    });
    SourceStatus {
        id: source.id.clone(),
        kind: source.kind.clone(),
        collected_through: through,
        behind,
        failure: collection.and_then(|one| one.failure.clone()),
        waits_for: waits_for(source, open, through, job),
    }
}

fn waits_for(
    source: &SourcePlan,
    open: Option<&Epoch>,
    through: Option<Timestamp>,
    job: Option<&Job>,
) -> String {
    match job.map(|job| (&job.state, job)) {
        Some((JobState::Running { worker, .. }, _)) => format!("{worker}, which is reading it"),
        Some((JobState::SetAside, job)) => {
            format!("somebody to look, then `epoch-ledger jobs retry {}`", job.key)
        }
        Some((JobState::Queued, job)) => match (&job.waits_for, &job.last_error) {
            (Some(what), _) => format!("{what}; until {}", job.run_at),
            (None, Some(_)) => format!("another try at {}", job.run_at),
            (None, None) => "a worker to take it".to_owned(),
        },
        Some((JobState::Done, _)) | None => match (open, through) {
            (None, _) => "an epoch to be opened".to_owned(),
            (Some(_), None) => "a worker to ask for it".to_owned(),
            (Some(_), Some(through)) => {
                format!("its time, {}", after(through, source.collect_every))
            }
        },
    }
}
