//! The loop: asks for what is due, takes jobs, does them, until it is told to stop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ledger_adapter_worker::{DatabaseUrl, WorkerJobQueue, WorkerLedgerRegistry, WorkerPool};
use ledger_core::{LedgerName, WorkerName};
use ledger_port::{
    Claim, Clock, JobKey, JobQueue, LedgerRegistry as _, PortResult, TakenJob, Task,
};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::WorkerError;
use crate::advance::{AdvanceError, Step, next_step};
use crate::books::{Books, open_epoch};
use crate::collect::is_due;
use crate::config::{Config, WorkerSettings};
use crate::jobs::run_job;
use crate::metrics::MetricsPage;
use crate::metrics_text::Counts;

/// Runs the jobs of a configuration's ledgers. Any number of workers may run at once.
pub struct Worker {
    shared: Arc<Shared>,
    pool: WorkerPool,
}

/// What every job of a worker works with.
pub(crate) struct Shared {
    pub(crate) name: WorkerName,
    pub(crate) settings: WorkerSettings,
    pub(crate) books: BTreeMap<LedgerName, Books>,
    pub(crate) queue: Arc<dyn JobQueue>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) counts: Counts,
    /// The ledgers whose epochs this worker knows.
    advances: Vec<JobKey>,
    /// The sources that it knows.
    collections: Vec<JobKey>,
}

/// What a worker has in hand. Only collections are counted against `concurrency`: sources that take
/// long must not keep an epoch from going on.
#[derive(Default)]
struct InHand {
    advances: JoinSet<()>,
    collections: JoinSet<()>,
}

impl Worker {
    /// Opens the pool, and makes the ledgers that are to be made. `name` is what the list of jobs
    /// calls this worker.
    ///
    /// # Errors
    /// When the database cannot be reached, its role or schema is not right, or a ledger is missing.
    pub async fn open(
        database: &DatabaseUrl,
        config: Config,
        name: WorkerName,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WorkerError> {
        let pool = WorkerPool::open(database).await?;
        let registry = WorkerLedgerRegistry::new(pool.clone(), Arc::clone(&clock));
        let mut books = BTreeMap::new();
        let (mut advances, mut collections) = (Vec::new(), Vec::new());
        for plan in config.ledgers {
            if plan.create {
                registry.create_ledger(&plan.name).await?;
            }
            let store = Arc::new(registry.store(&plan.name).await?);
            let key = |task| JobKey { ledger: plan.name.clone(), task };
            advances.push(key(Task::AdvanceEpochs));
            let sources = plan.sources.iter().map(|one| Task::CollectSource(one.id.clone()));
            collections.extend(sources.map(key));
            books.insert(plan.name.clone(), Books::new(plan, store));
        }
        let queue: Arc<dyn JobQueue> = Arc::new(WorkerJobQueue::new(pool.clone()));
        let settings = config.worker;
        let counts = Counts::default();
        let shared = Shared { name, settings, books, queue, clock, counts, advances, collections };
        Ok(Self { shared: Arc::new(shared), pool })
    }

    /// Works until it is told to stop; then finishes the pages in hand and gives the rest back.
    /// A database that does not answer is waited for.
    pub async fn run(&self, stop: &CancellationToken) {
        let mut in_hand = InHand::default();
        while !stop.is_cancelled() {
            let pause = match self.round(&mut in_hand, stop).await {
                Ok(()) => self.shared.settings.poll_every,
                Err(error) => {
                    tracing::warn!(%error, "could not look for work");
                    self.shared.settings.poll_every.max(Duration::from_secs(1))
                }
            };
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
                // What one job did may make another one due.
                Some(_) = in_hand.advances.join_next() => {}
                Some(_) = in_hand.collections.join_next() => {}
            }
        }
        in_hand.advances.join_all().await;
        in_hand.collections.join_all().await;
    }

    /// What a monitoring system reads of this worker and its ledgers.
    #[must_use]
    pub fn metrics_page(&self) -> MetricsPage {
        MetricsPage::new(Arc::clone(&self.shared))
    }

    /// Closes the pool.
    pub fn close(self) {
        self.pool.close();
    }

    async fn round(&self, in_hand: &mut InHand, stop: &CancellationToken) -> PortResult<()> {
        for books in self.shared.books.values() {
            if let Err(error) = self.shared.ask_for_what_is_due(books).await {
                // One ledger's trouble is not another's.
                tracing::warn!(ledger = %books.plan.name, %error, "could not look what is due");
            }
        }
        let shared = &self.shared;
        while let Some(job) = shared.take(&shared.advances).await? {
            in_hand.advances.spawn(run_job(Arc::clone(shared), job, stop.clone()));
        }
        while in_hand.collections.len() < shared.settings.concurrency {
            let Some(job) = shared.take(&shared.collections).await? else { break };
            in_hand.collections.spawn(run_job(Arc::clone(shared), job, stop.clone()));
        }
        Ok(())
    }
}

impl Shared {
    async fn take(&self, jobs: &[JobKey]) -> PortResult<Option<TakenJob>> {
        let claim = Claim {
            worker: &self.name,
            lease_id: Uuid::new_v4(),
            lease: self.settings.lease,
            max_attempts: self.settings.max_attempts,
            jobs,
        };
        self.queue.take_job(&claim).await
    }

    /// Asks for the jobs that are due. Asking again, or from another worker, asks for nothing more.
    async fn ask_for_what_is_due(&self, books: &Books) -> Result<(), AdvanceError> {
        let now = self.clock.now();
        let ask = |task| {
            let key = JobKey { ledger: books.plan.name.clone(), task };
            async move { self.queue.enqueue_job(&key).await }
        };
        let open = open_epoch(books.store.as_ref()).await?;
        match next_step(books, open.as_ref(), now).await {
            Ok(Step::Nothing) => {}
            // The job says what is wrong where an operator looks.
            Ok(_) | Err(AdvanceError::TooFarBehind { .. } | AdvanceError::Calendar(_)) => {
                ask(Task::AdvanceEpochs).await?;
            }
            Err(error) => return Err(error),
        }
        let Some(open) = open else { return Ok(()) };
        // Once the window is over, what is left to read is asked for by the job that goes on.
        let until = now.min(open.epoch.period.end());
        for source in &books.plan.sources {
            let through = open.collection(&source.id).and_then(|one| one.collected_through);
            if is_due(through, source.collect_every, until) {
                ask(Task::CollectSource(source.id.clone())).await?;
            }
        }
        Ok(())
    }
}
