//! Does a job while saying that the worker lives.

use std::time::Duration;

use ledger_port::{JobLease, JobQueue};

/// How many times a lease is extended before it would run out.
const EXTENSIONS: u32 = 3;

/// Does the work, extending the lease meanwhile. `None` where the job was taken away: cancelled, or
/// taken over while this worker was asleep. The work is dropped then; whatever it stored stays, and
/// whoever has the job now finds it.
pub(crate) async fn while_leased<T>(
    queue: &dyn JobQueue,
    lease: &JobLease,
    length: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::pin!(work);
    let mut beat = tokio::time::interval(length / EXTENSIONS);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first tick comes at once, and the lease is new.
    beat.tick().await;
    loop {
        tokio::select! {
            done = &mut work => return Some(done),
            _ = beat.tick() => {}
        }
        let extended = tokio::select! {
            done = &mut work => return Some(done),
            extended = queue.extend_lease(lease, length) => extended,
        };
        match extended {
            Ok(true) => {}
            Ok(false) => return None,
            // It may still be ours; whether it is shows when the database answers again.
            Err(error) => tracing::warn!(job = %lease.key, %error, "could not extend the lease"),
        }
    }
}
