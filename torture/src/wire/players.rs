//! Callers who write and read while the wire fails, and ask again whenever they do not know.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_port::{LedgerPortError, StoreFault};
use tokio::time::timeout;

use super::calls::{Books, Call, Done};
use super::faults::Fault;
use super::proxy::Proxy;
use crate::{Extent, Failure, Outcome, broken};

/// The longest that a lost session may hold its locks: longer than any stall.
const LOCKS_LAST: Duration = Duration::from_secs(30);

/// Where the callers stand.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) proxy: Arc<Proxy>,
    /// Behind the proxy.
    pub(super) books: Books,
    /// The same, without anything between.
    pub(super) healthy: Books,
    /// The longest that a call may take.
    pub(super) limit: Duration,
}

/// What a caller saw.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) calls: u64,
    pub(super) acknowledged: u64,
    /// Refused, because the connection broke or was silent for too long.
    pub(super) unreachable: u64,
    /// Refused, because no connection became free.
    pub(super) exhausted: u64,
    /// Refused, because the server took too long.
    pub(super) timed_out: u64,
    pub(super) cancelled: u64,
    /// Of the writes whose end was not known: done, and not done.
    pub(super) done: u64,
    pub(super) not_done: u64,
    /// How often a lost session still held its locks when its write was asked for again.
    pub(super) locked: u64,
    pub(super) longest: Duration,
    /// Every write, which all are done in the end.
    pub(super) writes: Vec<Call>,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.acknowledged += other.acknowledged;
        self.unreachable += other.unreachable;
        self.exhausted += other.exhausted;
        self.timed_out += other.timed_out;
        self.cancelled += other.cancelled;
        self.done += other.done;
        self.not_done += other.not_done;
        self.locked += other.locked;
        self.longest = self.longest.max(other.longest);
        self.writes.extend(other.writes);
    }
}

impl Tally {
    /// What a refusal counts as. Others than these do not say what a broken connection is.
    fn count(&mut self, call: Call, refusal: &LedgerPortError) -> Outcome<&mut u64> {
        match refusal {
            LedgerPortError::Fault(StoreFault::Unreachable(_)) => Ok(&mut self.unreachable),
            LedgerPortError::Fault(StoreFault::PoolExhausted) => Ok(&mut self.exhausted),
            LedgerPortError::Fault(StoreFault::TimedOut(_)) => Ok(&mut self.timed_out),
            other => broken!("{call:?}: no clear error of a broken connection: {other:?}"),
        }
    }
}

/// How a call ended for its caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Answered(Done),
    Unknown,
}

/// One caller, for so many calls.
pub(super) async fn play(scene: Scene, number: u64, calls: u64, extent: Extent) -> Outcome<Tally> {
    let mut dice = extent.dice(&format!("wire {number}"));
    let mut tally = Tally::default();
    for round in 0..calls {
        if extent.is_over() {
            break;
        }
        if dice.u8(..4) > 0 {
            scene.proxy.arm(Fault::throw(&mut dice));
        }
        let call = Call::throw(&mut dice, number * 1_000_000 + round);
        let patience = (dice.u8(..8) == 0).then(|| Duration::from_millis(dice.u64(..100)));
        scene.call(call, patience, &mut tally).await?;
    }
    Ok(tally)
}

impl Scene {
    /// Asks, waits for the end, and finds out where it is not known.
    pub(super) async fn call(
        &self,
        call: Call,
        patience: Option<Duration>,
        tally: &mut Tally,
    ) -> Outcome<()> {
        let end = self.ask(call, patience, tally).await?;
        tally.calls += 1;
        if call.is_write() {
            self.settle(call, end, tally).await?;
            tally.writes.push(call);
        }
        Ok(())
    }

    async fn ask(&self, call: Call, patience: Option<Duration>, tally: &mut Tally) -> Outcome<End> {
        let began = Instant::now();
        let answer = timeout(patience.unwrap_or(self.limit), call.ask(&self.books)).await;
        let waited = began.elapsed();
        tally.longest = tally.longest.max(waited);
        match answer {
            Err(_) if patience.is_some() => {
                tally.cancelled += 1;
                Ok(End::Unknown)
            }
            Err(_) => broken!(
                "{call:?}: a caller waited past {} ms, the most that its adapter's limits add up to",
                self.limit.as_millis()
            ),
            Ok(answered) => match answered? {
                Ok(done) => {
                    tally.acknowledged += 1;
                    Ok(End::Answered(done))
                }
                Err(refusal) => {
                    *tally.count(call, &refusal)? += 1;
                    Ok(End::Unknown)
                }
            },
        }
    }

    /// Asks until there is an answer. A session that the server has not noticed to be lost may hold its
    /// locks for a while, as long as a stall lasts; then whoever asks is told that it takes too long.
    async fn ask_again(&self, call: Call, tally: &mut Tally) -> Outcome<Done> {
        let began = Instant::now();
        loop {
            match call.ask(&self.healthy).await? {
                Err(LedgerPortError::Fault(StoreFault::TimedOut(_)))
                    if began.elapsed() < LOCKS_LAST => {}
                answer => return Ok(answer?),
            }
            tally.locked += 1;
        }
    }

    /// Asks again, over a connection that nothing stands before.
    async fn settle(&self, call: Call, end: End, tally: &mut Tally) -> Outcome<()> {
        let again = self.ask_again(call, tally).await?;
        match (end, again) {
            (End::Answered(Done::Now), Done::Before) => Ok(()),
            (End::Answered(first), again) => {
                broken!("{call:?} was acknowledged ({first:?}), and asked again: {again:?}")
            }
            (End::Unknown, Done::Before) => {
                tally.done += 1;
                Ok(())
            }
            (End::Unknown, Done::Now) => {
                tally.not_done += 1;
                Ok(())
            }
            (End::Unknown, Done::Read) => Err(Failure::Unable("a write that reads".to_owned())),
        }
    }
}
