//! Three processes of 64 callers each, half of them over the server's adapter and half over the worker's.
//!
//! First they deliver the same events twice (`deliveries`), then they meet in duels (`duels`): ingest
//! against close, open against open, close against close, override against close. A wave of the one and some
//! rounds of the other take turns, so that a run that is cut short has done of everything alike.
//!
//! In a duel every process begins when its order comes, which is within some hundred microseconds; in it,
//! all callers wait at one barrier. What was answered comes back to the director, who compares it with what
//! is stored.
//!
//! To add a duel: a variant of [`duels::Duel`], a file in `duels/` with its setting, its turn and its
//! check, and its arms in `duels/mod.rs`.

mod company;
mod deliveries;
mod duels;
mod player;

use ledger_port::LedgerPortError;
use private_postgres::Durability;

use self::company::Company;
use self::deliveries::Deliveries;
use self::duels::Duels;
use crate::ground::{Ground, wait_until};
use crate::report::Progress;
use crate::{Extent, Failure, Outcome, Report, chain, ensure};

pub(crate) use self::player::{Cast, play};

/// How many processes.
const PROCESSES: usize = 3;
/// How many callers each has at most.
const TASKS: usize = 64;

const DATABASE: &str = "races";

pub(crate) async fn run(extent: &Extent) -> Outcome<Report> {
    let ground = Ground::start(Durability::Fast).await?;
    ground.database(DATABASE).await?;
    let mut company = Company::start(extent, &ground).await?;
    let mut deliveries = Deliveries::new(extent, &company).await?;
    let mut duels = Duels::new(extent);
    let (waves, rounds) = (extent.rounds(1, 20), extent.rounds(6, 100));
    let mut progress = Progress::of("races");
    let mut waves_done = 0;
    for wave in 0..waves {
        if extent.is_over() {
            break;
        }
        deliveries.wave(&mut company).await?;
        waves_done += 1;
        for round in 0..rounds {
            progress.at(wave * rounds + round, waves * rounds);
            if extent.is_over() {
                break;
            }
            duels.round(&mut company).await?;
        }
    }
    deliveries.check(&company).await?;
    let mut report = Report::new();
    report.tell("processes", PROCESSES);
    report.tell("callers in each, at most", TASKS);
    extent.tell_done(&mut report, "waves of deliveries", waves_done, waves)?;
    deliveries.tell(&mut report);
    duels.tell(extent, &mut report, waves * rounds)?;
    // The stores that the deliveries were read from have sessions of their own.
    drop((deliveries, company));
    report.tell("deadlocks", deadlocks(&ground).await?);
    Ok(report)
}

/// How often PostgreSQL broke a circle of locks. A session hands its counts over when it ends, so all must
/// have ended.
async fn deadlocks(ground: &Ground) -> Outcome<i64> {
    let query = "SELECT count(*) FROM pg_stat_activity WHERE datname = $1";
    wait_until("every session of the races has ended", async || {
        let sessions: i64 = ground.admin().query_one(query, &[&DATABASE]).await?.get(0);
        Ok(sessions == 0)
    })
    .await?;
    let deadlocks = ground.deadlocks(DATABASE).await?;
    ensure!(deadlocks == 0, "PostgreSQL had to break {deadlocks} circles of locks");
    Ok(deadlocks)
}

/// A refusal or a fault where none may be.
fn broken(what: &str, error: &LedgerPortError) -> Failure {
    Failure::Broken(format!("{what} was answered with this: {}", chain(error)))
}
