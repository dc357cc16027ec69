//! What the tests work on: a database, a ledger, a clock in a file that every process reads.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_adapter_worker::{Worker as WorkerRole, WorkerLedgerStore};
use ledger_core::{Epoch, Timestamp};
use ledger_port::{Clock, EpochStore as _, Job, JobQueue as _, JobState, PageRequest, all_pages};
use ledger_repository::{LedgerPool, PgJobQueue};
use store_testkit::TestDatabase;
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use worker::Worker;
use worker::config::Config;

/// A clock that shows what a file says, so that several processes go by one clock.
#[derive(Debug, Clone)]
pub(crate) struct FileClock(pub(crate) PathBuf);

impl FileClock {
    /// Sets the time, for everybody at once: readers see the old file or the new one.
    pub(crate) fn set(&self, now: Timestamp) {
        let next = self.0.with_extension("next");
        std::fs::write(&next, now.to_string()).unwrap();
        std::fs::rename(&next, &self.0).unwrap();
    }
}

impl Clock for FileClock {
    fn now(&self) -> Timestamp {
        std::fs::read_to_string(&self.0).unwrap().parse().unwrap()
    }
}

/// A database, a folder for clock and configuration, and the default ledger's store.
pub(crate) struct Stage {
    pub(crate) store: WorkerLedgerStore,
    pub(crate) queue: PgJobQueue<WorkerRole>,
    pub(crate) clock: FileClock,
    folder: TempDir,
    // Dropped last: the database goes with it.
    pub(crate) database: TestDatabase,
}

impl Stage {
    pub(crate) async fn at(now: &str) -> Self {
        let (database, folder) = (TestDatabase::new().await, tempfile::tempdir().unwrap());
        let clock = FileClock(folder.path().join("clock"));
        clock.set(now.parse().unwrap());
        let pool: LedgerPool<WorkerRole> = database.pool().await;
        let store = database.store(&pool, "default", Arc::new(clock.clone())).await;
        Self { store, queue: PgJobQueue::new(pool), clock, folder, database }
    }

    pub(crate) fn set(&self, now: &str) {
        self.clock.set(now.parse().unwrap());
    }

    /// Writes a configuration; the clock's folder has it.
    pub(crate) fn configure(&self, text: &str) -> PathBuf {
        let path = self.folder.path().join("epoch-ledger.toml");
        std::fs::write(&path, text).unwrap();
        path
    }

    /// Starts a worker inside the test.
    pub(crate) async fn start(&self, config: &Path) -> Running {
        let config = Config::read(config).unwrap();
        let clock = Arc::new(self.clock.clone());
        let url = self.database.service_url();
        let worker = Worker::open(&url, config, "inside".parse().unwrap(), clock).await.unwrap();
        let stop = CancellationToken::new();
        let told = stop.clone();
        let task = tokio::spawn(async move {
            worker.run(&told).await;
            worker.close();
        });
        Running { stop, task }
    }

    /// Every epoch, oldest first.
    pub(crate) async fn epochs(&self) -> Vec<Epoch> {
        let mut epochs = all_pages(|page| self.store.list_epochs(page)).await.unwrap();
        epochs.sort_by_key(|epoch| epoch.period.start());
        epochs
    }

    pub(crate) async fn jobs(&self) -> Vec<Job> {
        self.queue.list_jobs(PageRequest::first()).await.unwrap().items
    }

    /// Waits until there is an epoch for the present moment and nothing is left to do in it.
    pub(crate) async fn settled(&self, sources: &[&str]) {
        let now = self.clock.now();
        self.until("the workers settle", async || {
            let Some(open) = self.store.get_open_epoch().await.unwrap() else { return false };
            if !open.period.contains(now) {
                return false;
            }
            let collections = self.collections(&open).await;
            let is_read = |id: &&str| {
                collections.iter().any(|one| one.source_id.as_str() == *id && one.covers(now))
            };
            sources.iter().all(is_read)
                && self.jobs().await.iter().all(|job| job.state == JobState::Done)
        })
        .await;
    }

    pub(crate) async fn collections(&self, epoch: &Epoch) -> Vec<ledger_core::SourceCollection> {
        use ledger_port::CollectionStore as _;
        let list = |page| self.store.list_collections_for_epoch(epoch.id, page);
        all_pages(list).await.unwrap()
    }

    /// Waits for what must come, and says where things stand when it does not.
    pub(crate) async fn until(&self, what: &str, mut is_so: impl AsyncFnMut() -> bool) {
        let began = Instant::now();
        while !is_so().await {
            if began.elapsed() > Duration::from_secs(60) {
                let (epochs, jobs) = (self.epochs().await, self.jobs().await);
                panic!("{what}: not within a minute; {epochs:#?} {jobs:#?}");
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// A worker inside the test.
pub(crate) struct Running {
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Running {
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

/// The words of a configuration: one ledger with these lines, read by impatient workers.
pub(crate) fn one_ledger(lines: &str) -> String {
    format!(
        "[worker]\npoll_every = \"20ms\"\nlease = \"400ms\"\nmax_attempts = 1000\n\
         first_retry_after = \"20ms\"\nlongest_retry_after = \"50ms\"\n\n\
         [[ledger]]\nname = \"default\"\nepoch_anchor = \"2026-01-05T00:00:00Z\"\n\
         base_issuance = 10000\nweights = {{ \"git:commit_authored\" = 1000, \"github:pr_merged\" = 5000, \
         \"github:review_submitted\" = 2000, \"github:issue_closed\" = 700 }}\n{lines}\n"
    )
}

/// A GitHub source of that id, over a repository of that server.
pub(crate) fn github_source(id: &str, api: &str, repository: &str) -> String {
    format!(
        "[[ledger.source]]\nid = \"{id}\"\nkind = \"github\"\napi = \"{api}\"\n\
         repositories = [\"{repository}\"]\n"
    )
}

/// A git source of that id.
pub(crate) fn git_source(id: &str, path: &Path) -> String {
    format!("[[ledger.source]]\nid = \"{id}\"\nkind = \"git\"\npath = \"{}\"\n", path.display())
}
