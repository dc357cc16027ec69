//! Does one job that was taken, and says what became of it.

use std::sync::Arc;
use std::time::Duration;

use ledger_core::OneLine;
use ledger_port::{JobEnd, JobKey, JobLease, TakenJob, Task};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::advance::advance;
use crate::collect::Collection;
use crate::lease::while_leased;
use crate::retry::Retries;
use crate::worker::Shared;

/// How long a job may take to come to a page's end once the worker is to stop. Then it is dropped:
/// its transaction is rolled back, and the next worker reads the page again.
const PATIENCE: Duration = Duration::from_secs(10);

/// Does a job. Everything that goes wrong ends in the job's row or in the log, never in the worker.
pub(crate) async fn run_job(shared: Arc<Shared>, job: TakenJob, stop: CancellationToken) {
    let lease = job.lease.clone();
    tracing::debug!(job = %lease.key, attempt = job.attempt, "taken");
    let length = shared.settings.lease;
    let work = do_it(Arc::clone(&shared), job, stop);
    match while_leased(shared.queue.as_ref(), &lease, length, work).await {
        Some(end) => tell(&shared, &lease, &end).await,
        None => tracing::warn!(job = %lease.key, "the job was taken away"),
    }
}

/// In a task of its own, so that a defect in a source costs this attempt and not the worker.
async fn do_it(shared: Arc<Shared>, job: TakenJob, stop: CancellationToken) -> JobEnd {
    let retries = Retries::new(&shared.settings, job.attempt);
    let (told, key) = (stop.clone(), job.lease.key);
    // Whoever gives the work up, because the lease is lost, must not leave it running.
    let mut task = AbortOnDropHandle::new(tokio::spawn(async move {
        attempt(&shared, &key, retries, &told).await
    }));
    let too_late = async {
        stop.cancelled().await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        done = &mut task => {
            done.unwrap_or_else(|panicked| retries.after(OneLine::of_error(&panicked)))
        }
        () = too_late => JobEnd::PutBack,
    }
}

async fn attempt(
    shared: &Shared,
    key: &JobKey,
    retries: Retries,
    stop: &CancellationToken,
) -> JobEnd {
    let Some(books) = shared.books.get(&key.ledger) else {
        return JobEnd::PutBack;
    };
    match &key.task {
        Task::AdvanceEpochs => {
            let now = shared.clock.now();
            let look_again = shared.settings.poll_every;
            match advance(books, shared.queue.as_ref(), now, look_again).await {
                Ok(end) => end,
                Err(error) => retries.after(OneLine::of_error(&error)),
            }
        }
        Task::CollectSource(id) => {
            let Some(source) = books.plan.sources.iter().find(|source| source.id == *id) else {
                return JobEnd::PutBack;
            };
            let (clock, counts) = (shared.clock.as_ref(), &shared.counts);
            Collection { books, source, clock, counts, stop, retries }.run().await
        }
    }
}

async fn tell(shared: &Shared, lease: &JobLease, end: &JobEnd) {
    let job = &lease.key;
    match end {
        JobEnd::Done => tracing::debug!(%job, "done"),
        JobEnd::PutBack => tracing::info!(%job, "put back"),
        JobEnd::Later { after, waits_for } => {
            tracing::info!(%job, seconds = after.as_secs(), "waits for {waits_for}");
        }
        JobEnd::Retry { after, error } => {
            tracing::warn!(%job, seconds = after.as_secs(), "failed, and is tried again: {error}");
        }
        JobEnd::SetAside { error } => tracing::error!(%job, "set aside: {error}"),
    }
    match shared.queue.end_job(lease, end).await {
        Ok(true) => {}
        Ok(false) => tracing::warn!(%job, "was taken away before it could be ended"),
        // The lease runs out, and somebody does it again: every job may be done twice.
        Err(error) => tracing::warn!(%job, %error, "could not say what became of it"),
    }
}
