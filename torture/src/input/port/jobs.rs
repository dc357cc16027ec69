//! The list of jobs, which PostgreSQL alone has: every method of it, with extremes.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use fastrand::Rng;
use futures_util::FutureExt as _;
use ledger_adapter_server::Server;
use ledger_core::OneLine;
use ledger_port::{Claim, JobEnd, JobKey, JobLease, JobQueue as _, PortResult, Task};
use ledger_repository::{LedgerPool, PgJobQueue};
use uuid::Uuid;

use super::draw::{Draw, Size};
use super::ensure_clear;
use crate::Outcome;
use crate::input::tally::{Tally, Verdict, panicked};

const METHODS: &[&str] = &[
    "enqueue_job",
    "revive_job",
    "take_job",
    "extend_lease",
    "end_job",
    "list_jobs",
    "retry_job",
    "cancel_job",
];
const LEDGERS: &[&str] = &["default", "default", "default", "nobodys"];
const DURATIONS: &[Duration] = &[
    Duration::ZERO,
    Duration::from_nanos(1),
    Duration::from_millis(1),
    Duration::from_secs(60),
    Duration::from_secs(u64::MAX),
    Duration::MAX,
];
/// How many leases are remembered, so that some of them are still good.
const LEASES: usize = 8;

/// The list, and what was taken from it.
pub(super) struct Jobs {
    queue: PgJobQueue<Server>,
    leases: Vec<JobLease>,
}

impl Jobs {
    pub(super) const fn new(pool: LedgerPool<Server>) -> Self {
        Self { queue: PgJobQueue::new(pool), leases: Vec::new() }
    }

    /// Asks one method.
    pub(super) async fn ask(&mut self, dice: &mut Rng, tally: &mut Tally) -> Outcome<()> {
        let name = dice.choice(METHODS).copied().unwrap_or("list_jobs");
        let mut draw = Draw { dice: dice.fork(), epochs: &[], size: Size::Any };
        let answer = AssertUnwindSafe(self.answer(name, &mut draw)).catch_unwind().await;
        let answer = answer.map_err(|panic| panicked(name, "extremes", &*panic))?;
        ensure_clear("PostgreSQL", name, answer.as_ref().err())?;
        tally.add(name, if answer.is_ok() { Verdict::Accepted } else { Verdict::Refused });
        Ok(())
    }

    async fn answer(&mut self, name: &str, draw: &mut Draw<'_>) -> PortResult<()> {
        let queue = &self.queue;
        match name {
            "enqueue_job" => queue.enqueue_job(&key(draw)).await.map(drop),
            "revive_job" => queue.revive_job(&key(draw)).await.map(drop),
            "take_job" => self.take(draw).await,
            "extend_lease" => queue.extend_lease(&self.lease(draw), duration(draw)).await.map(drop),
            "end_job" => queue.end_job(&self.lease(draw), &end(draw)).await.map(drop),
            "retry_job" => queue.retry_job(&key(draw)).await.map(drop),
            "cancel_job" => queue.cancel_job(&key(draw)).await.map(drop),
            _ => queue.list_jobs(draw.page(key)).await.map(drop),
        }
    }

    async fn take(&mut self, draw: &mut Draw<'_>) -> PortResult<()> {
        let (worker, jobs) = (draw.printable(256), draw.some(4, key));
        let lease_id = Uuid::from_u128(draw.dice.u128(..));
        let max_attempts = *draw.dice.choice(&[0, 1, 3, u32::MAX]).unwrap_or(&1);
        let lease = duration(draw);
        let claim = Claim { worker: &worker, lease_id, lease, max_attempts, jobs: &jobs };
        if let Some(taken) = self.queue.take_job(&claim).await? {
            self.leases.truncate(LEASES - 1);
            self.leases.insert(0, taken.lease);
        }
        Ok(())
    }

    fn lease(&self, draw: &mut Draw<'_>) -> JobLease {
        match draw.dice.choice(&self.leases).cloned() {
            Some(lease) if draw.dice.u8(..4) > 0 => lease,
            _ => JobLease { key: key(draw), lease_id: Uuid::nil() },
        }
    }
}

fn key(draw: &mut Draw<'_>) -> JobKey {
    let ledger = draw.dice.choice(LEDGERS).copied().unwrap_or("default");
    let task = match draw.dice.bool() {
        true => Task::AdvanceEpochs,
        false => Task::CollectSource(draw.slug()),
    };
    JobKey { ledger: ledger.parse().expect("a ledger's name"), task }
}

fn duration(draw: &mut Draw<'_>) -> Duration {
    draw.dice.choice(DURATIONS).copied().unwrap_or_default()
}

fn end(draw: &mut Draw<'_>) -> JobEnd {
    let (after, line) = (duration(draw), OneLine::of(&draw.free()));
    match draw.dice.u8(..5) {
        0 => JobEnd::Done,
        1 => JobEnd::Later { after, waits_for: line },
        2 => JobEnd::PutBack,
        3 => JobEnd::Retry { after, error: line },
        _ => JobEnd::SetAside { error: line },
    }
}
