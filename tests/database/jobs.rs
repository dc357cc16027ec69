//! The list of jobs: each is done by one worker at a time, and by somebody in the end.
//!
//! Leases go by the server's clock, so these tests move the rows' times instead of a clock.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use ledger_adapter_worker::Worker;
use ledger_core::{OneLine, SourceId};
use ledger_port::{
    Claim, Job, JobEnd, JobKey, JobLease, JobQueue as _, JobState, LedgerPortError, PageRequest,
    TakenJob, Task,
};
use ledger_repository::PgJobQueue;
use ledger_testkit::parsed;
use store_testkit::TestDatabase;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::sql::Sql;

const MINUTE: Duration = Duration::from_secs(60);
const MAX_ATTEMPTS: u32 = 3;

struct Ground {
    queue: Arc<PgJobQueue<Worker>>,
    owner: Sql,
    // Dropped last: the database goes with it.
    _database: TestDatabase,
}

async fn ground() -> Ground {
    let database = TestDatabase::new().await;
    let queue = Arc::new(PgJobQueue::new(database.pool().await));
    let owner = Sql::owner(&database).await;
    Ground { queue, owner, _database: database }
}

fn collect(source: &str) -> JobKey {
    let source: SourceId = parsed(source);
    JobKey { ledger: parsed("default"), task: Task::CollectSource(source) }
}

fn advance() -> JobKey {
    JobKey { ledger: parsed("default"), task: Task::AdvanceEpochs }
}

fn line(text: &str) -> OneLine {
    OneLine::of(text)
}

impl Ground {
    async fn take_as(&self, worker: &str, jobs: &[JobKey]) -> Option<TakenJob> {
        let (worker, lease_id) = (&parsed(worker), Uuid::new_v4());
        let claim = Claim { worker, lease_id, lease: MINUTE, max_attempts: MAX_ATTEMPTS, jobs };
        self.queue.take_job(&claim).await.unwrap()
    }

    async fn take(&self, key: &JobKey) -> Option<TakenJob> {
        self.take_as("ada", std::slice::from_ref(key)).await
    }

    async fn taken(&self, key: &JobKey) -> JobLease {
        self.queue.enqueue_job(key).await.unwrap();
        self.take(key).await.expect("it is due").lease
    }

    async fn job(&self, key: &JobKey) -> Job {
        let page = self.queue.list_jobs(PageRequest::first()).await.unwrap();
        page.items.into_iter().find(|job| job.key == *key).expect("it is listed")
    }

    /// Lets that much time pass for every job.
    async fn pass(&self, interval: &str) {
        self.owner
            .run(&format!(
                "UPDATE jobs SET run_at = run_at - interval '{interval}',
                    lease_until = lease_until - interval '{interval}'"
            ))
            .await;
    }
}

#[tokio::test]
async fn asking_twice_is_asking_once() {
    let ground = ground().await;
    let main = collect("main");
    assert_eq!(ground.take(&main).await, None, "nobody asked for it");
    assert!(ground.queue.enqueue_job(&main).await.unwrap());
    assert!(!ground.queue.enqueue_job(&main).await.unwrap());
    let taken = ground.take(&main).await.expect("it is due");
    assert_eq!((taken.attempt, &taken.lease.key), (1, &main));
    assert!(!ground.queue.enqueue_job(&main).await.unwrap(), "it runs");
    assert_eq!(ground.take(&main).await, None, "it is taken");
    assert!(ground.queue.end_job(&taken.lease, &JobEnd::Done).await.unwrap());
    assert_eq!(ground.take(&main).await, None, "it is done");
    assert_eq!(ground.job(&main).await.state, JobState::Done);
    assert!(ground.queue.enqueue_job(&main).await.unwrap());
    assert_eq!(ground.take(&main).await.expect("it is due").attempt, 1);
}

#[tokio::test]
async fn a_ledger_that_does_not_exist_has_no_jobs() {
    let ground = ground().await;
    let key = JobKey { ledger: parsed("nowhere"), task: Task::AdvanceEpochs };
    for refused in [ground.queue.enqueue_job(&key).await, ground.queue.revive_job(&key).await] {
        assert!(
            matches!(refused, Err(LedgerPortError::LedgerNotFound { name }) if name == key.ledger)
        );
    }
    for refused in [ground.queue.retry_job(&key).await, ground.queue.cancel_job(&key).await] {
        assert!(
            matches!(refused, Err(LedgerPortError::JobNotFound { key: found }) if found == key)
        );
    }
}

#[tokio::test]
async fn a_worker_takes_only_what_it_knows_and_what_is_due_first() {
    let ground = ground().await;
    for key in [collect("a"), collect("b"), advance()] {
        ground.queue.enqueue_job(&key).await.unwrap();
    }
    assert_eq!(ground.take_as("ada", &[]).await, None);
    assert_eq!(ground.take(&collect("c")).await, None);
    ground
        .owner
        .run("UPDATE jobs SET run_at = run_at - interval '1 hour' WHERE subject = 'b'")
        .await;
    let all = [collect("a"), collect("b"), advance()];
    let taken = ground.take_as("ada", &all).await.expect("it is due");
    assert_eq!(taken.lease.key, collect("b"));
    ground.owner.run("UPDATE jobs SET run_at = now() + interval '1 s' WHERE subject = 'a'").await;
    assert_eq!(ground.take(&collect("a")).await, None, "it is not due yet");
}

#[tokio::test]
async fn a_worker_that_stops_answering_loses_its_job_and_can_change_nothing_any_more() {
    let ground = ground().await;
    let main = collect("main");
    let lost = ground.taken(&main).await;
    ground.pass("59 seconds").await;
    assert_eq!(ground.take(&main).await, None, "the lease still holds");
    assert!(ground.queue.extend_lease(&lost, MINUTE).await.unwrap());
    ground.pass("59 seconds").await;
    assert_eq!(ground.take(&main).await, None, "it was extended");
    ground.pass("2 seconds").await;
    let taken = ground.take_as("bob", std::slice::from_ref(&main)).await.expect("it is taken over");
    assert_eq!(taken.attempt, 2);
    let job = ground.job(&main).await;
    assert!(
        matches!(&job.state, JobState::Running { worker, .. } if worker.as_str() == "bob"),
        "{job:?}"
    );
    assert_eq!(job.last_error, Some(line("the worker ada stopped answering")));

    assert!(!ground.queue.extend_lease(&lost, MINUTE).await.unwrap());
    for end in [JobEnd::Done, JobEnd::PutBack, JobEnd::SetAside { error: line("late") }] {
        assert!(!ground.queue.end_job(&lost, &end).await.unwrap());
    }
    assert_eq!(ground.job(&main).await, job);
    assert!(ground.queue.end_job(&taken.lease, &JobEnd::Done).await.unwrap());
    assert_eq!(ground.job(&main).await.last_error, None);
    assert!(!ground.queue.end_job(&taken.lease, &JobEnd::Done).await.unwrap(), "it ended");
}

#[tokio::test]
async fn a_lease_that_ran_out_still_holds_while_nobody_else_took_the_job() {
    let ground = ground().await;
    let lease = ground.taken(&collect("main")).await;
    ground.pass("1 hour").await;
    assert!(ground.queue.extend_lease(&lease, MINUTE).await.unwrap());
    assert_eq!(ground.take(&collect("main")).await, None);
    ground.pass("1 hour").await;
    assert!(ground.queue.end_job(&lease, &JobEnd::Done).await.unwrap());
}

#[tokio::test]
async fn a_job_that_kills_its_workers_is_set_aside() {
    let ground = ground().await;
    let main = collect("main");
    ground.queue.enqueue_job(&main).await.unwrap();
    for attempt in 1..=MAX_ATTEMPTS {
        assert_eq!(ground.take(&main).await.expect("it is due").attempt, attempt);
        ground.pass("2 minutes").await;
    }
    assert_eq!(ground.take(&main).await, None);
    let job = ground.job(&main).await;
    assert_eq!(job.state, JobState::SetAside);
    assert_eq!(job.attempts, MAX_ATTEMPTS);
    assert_eq!(job.last_error, Some(line("the worker ada stopped answering")));
    assert!(!ground.queue.enqueue_job(&main).await.unwrap(), "somebody has to look");
    assert!(ground.queue.revive_job(&main).await.unwrap());
    assert_eq!(ground.take(&main).await.expect("it is due").attempt, 1);
}

#[tokio::test]
async fn a_failed_job_waits_and_counts_its_attempts_and_a_waiting_one_does_not() {
    let ground = ground().await;
    let main = collect("main");
    let lease = ground.taken(&main).await;
    let retry = JobEnd::Retry { after: MINUTE, error: line("no answer") };
    assert!(ground.queue.end_job(&lease, &retry).await.unwrap());
    let job = ground.job(&main).await;
    assert_eq!((job.state, job.attempts), (JobState::Queued, 1));
    assert_eq!(job.last_error, Some(line("no answer")));
    assert_eq!(ground.take(&main).await, None, "it waits");
    ground.pass("61 seconds").await;

    let taken = ground.take(&main).await.expect("it is due");
    assert_eq!(taken.attempt, 2);
    let later = JobEnd::Later { after: MINUTE, waits_for: line("the rate limit") };
    assert!(ground.queue.end_job(&taken.lease, &later).await.unwrap());
    let job = ground.job(&main).await;
    assert_eq!((job.state, job.attempts), (JobState::Queued, 1));
    assert_eq!(job.waits_for, Some(line("the rate limit")));
    assert_eq!(job.last_error, Some(line("no answer")), "it was not done yet");
    assert!(!ground.queue.enqueue_job(&main).await.unwrap(), "nobody hurries it");
    ground.pass("61 seconds").await;

    let taken = ground.take(&main).await.expect("it is due");
    assert_eq!((taken.attempt, ground.job(&main).await.waits_for), (2, None));
    assert!(ground.queue.end_job(&taken.lease, &JobEnd::PutBack).await.unwrap());
    assert_eq!(ground.take(&main).await.expect("at once").attempt, 2);
}

#[tokio::test]
async fn an_operator_looks_tries_again_and_cancels() {
    let ground = ground().await;
    let main = collect("main");
    let lease = ground.taken(&main).await;
    let before = ground.job(&main).await;
    assert_eq!(ground.queue.retry_job(&main).await.unwrap(), before, "it runs already");
    let aside = JobEnd::SetAside { error: line("the token is not accepted") };
    assert!(ground.queue.end_job(&lease, &aside).await.unwrap());
    assert_eq!(ground.take(&main).await, None);

    let retried = ground.queue.retry_job(&main).await.unwrap();
    assert_eq!((&retried.state, retried.attempts), (&JobState::Queued, 0));
    assert_eq!(retried.last_error, Some(line("the token is not accepted")));
    let taken = ground.take(&main).await.expect("it is due");
    assert_eq!(taken.attempt, 1);

    let cancelled = ground.queue.cancel_job(&main).await.unwrap();
    assert_eq!((&cancelled.state, cancelled.attempts), (&JobState::Done, 0));
    assert_eq!(ground.queue.cancel_job(&main).await.unwrap(), cancelled);
    assert!(!ground.queue.extend_lease(&taken.lease, MINUTE).await.unwrap(), "it was taken away");
    assert!(!ground.queue.end_job(&taken.lease, &aside).await.unwrap());
    assert!(ground.queue.enqueue_job(&main).await.unwrap(), "until it is asked for again");
}

#[tokio::test]
async fn jobs_are_listed_by_ledger_kind_and_subject() {
    let ground = ground().await;
    ground.owner.run("INSERT INTO ledgers VALUES (gen_random_uuid(), 'another', now())").await;
    ground
        .owner
        .run(
            "INSERT INTO jobs (ledger_id, kind, subject, state, run_at, attempts, updated_at)
             SELECT ledger_id, 'advance-epochs', '', 'queued', now(), 0, now()
             FROM ledgers WHERE name = 'another'",
        )
        .await;
    for key in [collect("b"), advance(), collect("a"), collect("a-b")] {
        ground.queue.enqueue_job(&key).await.unwrap();
    }
    let another = JobKey { ledger: parsed("another"), task: Task::AdvanceEpochs };
    let expected = [another, advance(), collect("a"), collect("a-b"), collect("b")];
    for size in [1, 2, 5, 100] {
        let (mut keys, mut request) = (Vec::new(), PageRequest::first().of_at_most(size));
        loop {
            let page = ground.queue.list_jobs(request).await.unwrap();
            assert!(page.items.len() <= usize::from(size));
            keys.extend(page.items.into_iter().map(|job| job.key));
            let Some(next) = page.next else { break };
            request = PageRequest::after(next).of_at_most(size);
        }
        assert_eq!(keys, expected, "pages of {size}");
    }
}

/// Whatever may be a worker's name can be remembered.
#[tokio::test]
async fn a_worker_of_the_longest_name_has_what_it_takes() {
    let ground = ground().await;
    let (key, longest) = (advance(), "\u{e9}".repeat(128));
    ground.queue.enqueue_job(&key).await.unwrap();
    assert!(ground.take_as(&longest, std::slice::from_ref(&key)).await.is_some());
    let state = ground.job(&key).await.state;
    assert!(matches!(&state, JobState::Running { worker, .. } if worker.as_str() == longest));
}

/// Many workers at once: each job goes to exactly one of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_job_is_taken_by_two_workers() {
    let ground = ground().await;
    let keys: Vec<JobKey> = (0..20).map(|number| collect(&format!("source-{number}"))).collect();
    for round in 0..10 {
        for key in &keys {
            assert!(ground.queue.enqueue_job(key).await.unwrap(), "round {round}");
        }
        let mut workers = JoinSet::new();
        for worker in 0..8 {
            let (queue, keys) = (Arc::clone(&ground.queue), keys.clone());
            workers.spawn(async move {
                let (name, mut taken) = (parsed(&format!("worker-{worker}")), Vec::new());
                loop {
                    let claim = Claim {
                        worker: &name,
                        lease_id: Uuid::new_v4(),
                        lease: MINUTE,
                        max_attempts: MAX_ATTEMPTS,
                        jobs: &keys,
                    };
                    let Some(job) = queue.take_job(&claim).await.unwrap() else { return taken };
                    assert_eq!(job.attempt, 1);
                    taken.push(job.lease.key.clone());
                    assert!(queue.end_job(&job.lease, &JobEnd::Done).await.unwrap());
                }
            });
        }
        let taken = workers.join_all().await.concat();
        assert_eq!(taken.len(), keys.len(), "round {round}");
        assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), keys.len(), "round {round}");
    }
}
