//! Callers who write and read while the wire fails, and ask again whenever they do not know.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::timeout;

use super::calls::{Books, Call, Done, check_refusal};
use super::faults::Fault;
use super::proxy::Proxy;
use crate::{Extent, Failure, Outcome, broken};

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
    pub(super) refused: u64,
    pub(super) cancelled: u64,
    /// Of the writes whose end was not known: done, and not done.
    pub(super) done: u64,
    pub(super) not_done: u64,
    pub(super) longest: Duration,
    /// Every write, which all are done in the end.
    pub(super) writes: Vec<Call>,
}

impl Tally {
    pub(super) fn add(&mut self, other: Self) {
        self.calls += other.calls;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.cancelled += other.cancelled;
        self.done += other.done;
        self.not_done += other.not_done;
        self.longest = self.longest.max(other.longest);
        self.writes.extend(other.writes);
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
                    tally.refused += 1;
                    check_refusal(call, &refusal).map(|()| End::Unknown)
                }
            },
        }
    }

    /// Asks again, over a connection that nothing stands before.
    async fn settle(&self, call: Call, end: End, tally: &mut Tally) -> Outcome<()> {
        let again = call.ask(&self.healthy).await??;
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
