//! The wire is down for everybody, and comes back: in each of the ways in which a network does.

use ledger_port::{LedgerPortError, PortResult, StoreFault};
use ledger_repository::LedgerPool;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::calls::{Call, Done};
use super::hurried::{Hurried, POOL_SIZE};
use super::players::{Scene, Tally};
use super::proxy::{Return, Weather};
use crate::ground::wait_until;
use crate::{Extent, Outcome, broken, ensure};

/// What the outages came to.
#[derive(Debug, Default)]
pub(super) struct Outages {
    pub(super) outages: u64,
    /// The most calls that it took until one was answered.
    pub(super) calls_until_healed: u64,
}

/// How many times a caller may be told by a busy machine that it takes too long.
const SLOW: u64 = 8;

const RETURNS: [Return; 3] = [Return::Resumed, Return::Closed, Return::Silent];

/// One outage of each kind.
pub(super) async fn suffer(
    scene: &Scene,
    turn: u64,
    extent: &Extent,
    tally: &mut Tally,
) -> Outcome<Outages> {
    let mut dice = extent.dice(&format!("wire outages {turn}"));
    let mut outages = Outages::default();
    for comes_back in RETURNS {
        heal(scene).await?;
        everybody_reads(scene, Call::List).await?;
        scene.proxy.set(Weather::Down);
        let first = 900_000_000_000 + (turn * 10 + outages.outages) * 100;
        everybody_calls(scene, first, dice.u64(1..=8), tally).await?;
        scene.proxy.set(Weather::Back(comes_back));
        let calls = calls_until_healed(scene, first + 50, tally).await?;
        outages.calls_until_healed = outages.calls_until_healed.max(calls);
        outages.outages += 1;
    }
    Ok(outages)
}

impl Outages {
    pub(super) fn add(&mut self, other: &Self) {
        self.outages += other.outages;
        self.calls_until_healed = self.calls_until_healed.max(other.calls_until_healed);
    }
}

/// The pool works again, after whatever was: each connection that is dead without a word costs one call.
async fn heal(scene: &Scene) -> Outcome<()> {
    let (mut in_a_row, most) = (0, 3 * POOL_SIZE + SLOW);
    for _ in 0..most {
        let Ok(read) = timeout(scene.limit, Call::List.ask(&scene.books)).await else {
            broken!("a reader waited past {} ms", scene.limit.as_millis());
        };
        in_a_row = if read?.is_ok() { in_a_row + 1 } else { 0 };
        if in_a_row == POOL_SIZE {
            return Ok(());
        }
    }
    broken!("nothing fails any more, and the pool did not heal within {most} calls")
}

/// So many read at once, so that all connections are open, and all of them get their answer.
async fn everybody_reads(scene: &Scene, call: Call) -> Outcome<()> {
    let mut calls: JoinSet<Outcome<PortResult<Done>>> = JoinSet::new();
    for _ in 0..POOL_SIZE {
        let books = scene.books.clone();
        calls.spawn(async move {
            let mut read = call.ask(&books).await?;
            // A busy machine may be too slow for a hurried caller; that is no broken connection.
            for _ in 0..SLOW {
                if !matches!(read, Err(LedgerPortError::Fault(StoreFault::TimedOut(_)))) {
                    break;
                }
                read = call.ask(&books).await?;
            }
            Ok(read)
        });
    }
    while let Some(read) = calls.join_next().await {
        if let Err(refusal) = read?? {
            broken!("nothing fails any more, and the healed pool refuses: {refusal:?}");
        }
    }
    Ok(())
}

async fn everybody_calls(
    scene: &Scene,
    first: u64,
    callers: u64,
    tally: &mut Tally,
) -> Outcome<()> {
    let mut calls: JoinSet<Outcome<Tally>> = JoinSet::new();
    for caller in 0..callers {
        let scene = scene.clone();
        calls.spawn(async move {
            let mut tally = Tally::default();
            scene.call(Call::Keyed(first + caller), None, &mut tally).await?;
            Ok(tally)
        });
    }
    while let Some(seen) = calls.join_next().await {
        let seen = seen??;
        ensure!(seen.acknowledged == 0, "a write was acknowledged while nothing went through");
        tally.add(seen);
    }
    Ok(())
}

/// Each connection that is dead without a word costs one call; then it must work.
async fn calls_until_healed(scene: &Scene, first: u64, tally: &mut Tally) -> Outcome<u64> {
    let most = POOL_SIZE + 2;
    for call in 1..=most {
        let mut seen = Tally::default();
        scene.call(Call::Keyed(first + call), None, &mut seen).await?;
        let is_healed = seen.acknowledged > 0;
        tally.add(seen);
        if is_healed {
            return Ok(call);
        }
    }
    broken!("the wire is back, and {most} calls one after the other were refused")
}

/// The pool has all of its connections again, none is lent to nobody, and all of them work.
pub(super) async fn check_health(scene: &Scene, pool: &LedgerPool<Hurried>) -> Outcome<()> {
    heal(scene).await?;
    everybody_reads(scene, Call::Stream).await?;
    // A stream gives its connection back a moment after its last row.
    wait_until("all connections are back in the pool", || async {
        let health = pool.health();
        Ok(health.connections == health.idle)
    })
    .await?;
    let health = pool.health();
    ensure!(health.connections <= health.max_connections, "too many connections: {health:?}");
    Ok(())
}
