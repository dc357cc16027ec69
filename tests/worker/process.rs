//! A worker in a process of its own, so that it can be killed.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use worker::Worker;
use worker::config::Config;

use crate::stage::{FileClock, Stage};

const DATABASE: &str = "EPOCH_LEDGER_TEST_WORKER_DATABASE";
const CONFIG: &str = "EPOCH_LEDGER_TEST_WORKER_CONFIG";
const CLOCK: &str = "EPOCH_LEDGER_TEST_WORKER_CLOCK";

/// A process that works until it is killed. It is killed at the latest when this is dropped.
pub(crate) struct Process(Child);

impl Process {
    pub(crate) fn start(stage: &Stage, config: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "process::worker", "--ignored", "--nocapture", "--test-threads=1"])
            .env(DATABASE, stage.database.service_url_text())
            .env(CONFIG, config)
            .env(CLOCK, &stage.clock.0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        Self(child)
    }

    /// SIGKILL: nothing in the process gets to know.
    pub(crate) fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    /// What the list of jobs calls it.
    pub(crate) fn name(&self) -> String {
        format!("process-{}", self.0.id())
    }

    pub(crate) fn assert_alive(&mut self) {
        assert_eq!(self.0.try_wait().unwrap(), None, "a worker ended by itself");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may be dead already; then there is nothing to do.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process of a worker, which other tests start and kill"]
async fn worker() {
    let Ok(database) = std::env::var(DATABASE) else { return };
    let config = Config::read(std::env::var(CONFIG).unwrap()).unwrap();
    let clock = Arc::new(FileClock(std::env::var(CLOCK).unwrap().into()));
    let name = format!("process-{}", std::process::id()).parse().unwrap();
    let worker = Worker::open(&database.parse().unwrap(), config, name, clock).await.unwrap();
    worker.run(&CancellationToken::new()).await;
}
