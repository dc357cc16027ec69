//! Things run out: connections, disk, time, and the server itself. Each is told as what it is, no write is
//! lost or half done, and the same pool goes on when there is enough again.

mod commit;
mod disk;
mod pool;
mod recovery;
mod stage;
mod timeouts;

use std::env;
use std::time::Duration;

use ledger_repository::Role as _;
use private_postgres::Durability;

use self::commit::Commits;
use self::disk::{DiskFull, SmallDisk};
use self::pool::{Crowd, Full};
use self::recovery::Recovery;
use self::stage::{Stage, Tight};
use self::timeouts::Waits;
use crate::ground::Ground;
use crate::{Extent, Failure, Outcome, Progress, Report};

/// So few that they can be occupied soon.
const MAX_CONNECTIONS: u32 = 20;

/// The variable under which nothing is left out that this machine cannot do. CI sets it.
const WHOLE: &str = "LEDGER_TORTURE_WHOLE";

/// How often a server is killed until it is met while it recovers, which may take it some milliseconds only.
const CRASHES: u64 = 10;

/// What everything came to.
#[derive(Debug, Default)]
struct Tally {
    rounds: u64,
    crowd: Crowd,
    full: Full,
    disk: DiskFull,
    waits: Waits,
    commits: Commits,
    recovery: Recovery,
    crashes: u64,
}

pub(crate) async fn run(extent: &Extent) -> Outcome<Report> {
    // Durable: after a crash of the server, what was acknowledged is there.
    let ground = Ground::start_with(Durability::Durable, MAX_CONNECTIONS).await?;
    let stage = Stage::set(ground).await?;
    let mut disk = SmallDisk::under(&stage).await?;
    if let (Err(reason), true) = (&disk, env::var_os(WHOLE).is_some()) {
        return Err(Failure::Unable(reason.clone()));
    }
    stage.owner().await?.batch_execute(commit::RULES).await?;
    let mut tally = Tally::default();
    // Bounded, because a disk in memory grows with each.
    let (rounds, mut progress) = (extent.rounds(1, 100), Progress::of("exhaustion"));
    for round in 0..rounds {
        if round > 0 && extent.is_over() {
            break;
        }
        play(&stage, disk.as_mut().ok(), round, extent, &mut tally).await?;
        tally.rounds += 1;
        if rounds > 1 {
            progress.at(round + 1, rounds);
        }
    }
    tell(extent, &tally, rounds, disk.as_ref().err())
}

async fn play(
    stage: &Stage,
    disk: Option<&mut SmallDisk>,
    round: u64,
    extent: &Extent,
    tally: &mut Tally,
) -> Outcome<()> {
    let mut dice = extent.dice(&format!("exhaustion {round}"));
    tally.crowd.add(&pool::crowd(stage, round, &mut dice).await?);
    tally.full.add(&pool::no_connections(stage, round).await?);
    if let Some(disk) = disk {
        let full = disk.fill(stage, round, &mut dice).await?;
        tally.disk.acknowledged += full.acknowledged;
        tally.disk.refused += full.refused;
    }
    let waits = timeouts::time_out(stage, round).await?;
    tally.waits.statement = tally.waits.statement.max(waits.statement);
    tally.waits.lock = tally.waits.lock.max(waits.lock);
    let commits = commit::fail(stage, round).await?;
    tally.commits.refused += commits.refused;
    tally.commits.killed += commits.killed;
    recovery::read_only(stage, round).await?;
    for _ in 0..CRASHES {
        let recovery = recovery::crash(stage, tally.crashes).await?;
        tally.crashes += 1;
        tally.recovery.refused += recovery.refused;
        tally.recovery.recovering += recovery.recovering;
        tally.recovery.out_for = tally.recovery.out_for.max(recovery.out_for);
        if tally.recovery.recovering > 0 {
            return Ok(());
        }
    }
    Err(Failure::Unable(format!("of {CRASHES} crashes none was met in recovery")))
}

impl Crowd {
    fn add(&mut self, other: &Self) {
        self.callers += other.callers;
        self.answered += other.answered;
        self.exhausted += other.exhausted;
        self.timed_out += other.timed_out;
        self.longest = self.longest.max(other.longest);
    }
}

impl Full {
    fn add(&mut self, other: &Self) {
        self.occupied = self.occupied.max(other.occupied);
        self.answered += other.answered;
        self.refused += other.refused;
    }
}

fn tell(extent: &Extent, tally: &Tally, asked: u64, no_disk: Option<&String>) -> Outcome<Report> {
    let mut report = Report::new();
    let milliseconds = |time: Duration| time.as_millis();
    extent.tell_done(&mut report, "rounds", tally.rounds, asked)?;
    report.tell("callers of a pool of 3, ten for each connection", tally.crowd.callers);
    report.tell("of them answered", tally.crowd.answered);
    report.tell("of them refused (PoolExhausted)", tally.crowd.exhausted);
    report.tell("of them refused, as the lock was held too long (TimedOut)", tally.crowd.timed_out);
    report.tell_time("longest wait for a connection that did not become free", tally.crowd.longest);
    report.tell("their limit, ms", milliseconds(Tight::LIMITS.pool_wait));
    report.tell("max_connections reached, connections occupied", tally.full.occupied);
    report.tell("calls then that had a connection, and were answered", tally.full.answered);
    report.tell("calls then that were refused (OutOfResources)", tally.full.refused);
    match no_disk {
        Some(reason) => report.tell("disk full: could not be made here", reason),
        None => {
            report.tell("pages written until the disk was full", tally.disk.acknowledged);
            report.tell("pages refused by a full disk (OutOfResources)", tally.disk.refused);
        }
    }
    report.tell_time("longest wait for a slow statement (TimedOut)", tally.waits.statement);
    report.tell("its limit, ms", milliseconds(Tight::LIMITS.statement_timeout));
    report.tell_time("longest wait for a lock (TimedOut)", tally.waits.lock);
    report.tell("its limit, ms", milliseconds(Tight::LIMITS.lock_timeout));
    report.tell(
        "commits refused by a trigger, as by a full disk (OutOfResources)",
        tally.commits.refused,
    );
    report.tell("commits killed (Unreachable)", tally.commits.killed);
    report.tell("writes refused by a read-only server (ReadOnly)", tally.rounds);
    report.tell("crashes of the server", tally.crashes);
    report.tell("calls refused meanwhile (Unreachable)", tally.recovery.refused);
    report.tell("of them by a server that said it recovers", tally.recovery.recovering);
    report.tell_time("longest until it was back by itself", tally.recovery.out_for);
    Ok(report)
}
