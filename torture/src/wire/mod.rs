//! Faults on the wire: connections cut, half-closed, stalled, late, slow, around COMMIT too. Whoever calls
//! is answered within the limits of their adapter; what is not known is found out by asking again; and
//! the pool heals by itself.

mod calls;
mod faults;
mod hurried;
mod link;
mod outage;
mod patience;
mod players;
mod proxy;
mod traffic;

use std::sync::Arc;
use std::time::Duration;

use ledger_adapter_server::Server;
use ledger_adapter_worker::Worker;
use ledger_port::SystemClock;
use ledger_repository::{LedgerPool, Role};
use ledger_testkit::{event, new_epoch, week, weights};
use private_postgres::Durability;
use tokio::task::{JoinHandle, JoinSet};

use self::calls::{Books, STILL, traces};
use self::hurried::{Hurried, longest_wait};
use self::outage::{Outages, check_health, suffer};
use self::patience::{Wait, stall};
use self::players::{Scene, Tally, play};
use self::proxy::Proxy;
use crate::ground::{Ground, pool, store, wait_until};
use crate::{Extent, Failure, Outcome, Progress, Report, ensure};

/// The database.
const WIRE: &str = "wire";

/// How many callers there are: more than connections.
const PLAYERS: u64 = 5;

/// How many calls each makes at a time.
const CALLS: u64 = 7;

/// Longer than any hurried caller may wait.
const STALL: Duration = Duration::from_millis(5_500);

pub(crate) async fn run(extent: &Extent) -> Outcome<Report> {
    let ground = Arc::new(Ground::start(Durability::Fast).await?);
    ground.database(WIRE).await?;
    let (scene, hurried) = set(&ground).await?;
    let mut patient = (extent.rounds(0, 1) > 0).then(|| Patient::start(&ground));
    let mut tally = Tally::default();
    let mut outages = Outages::default();
    let (turns, mut progress) = (extent.rounds(1, 60), Progress::of("wire"));
    let mut turned = 0;
    for turn in 0..turns {
        if turn > 0 && extent.is_over() {
            break;
        }
        tally.add(everybody_plays(&scene, turn, *extent).await?);
        scene.proxy.disarm();
        let suffered = suffer(&scene, turn, extent, &mut tally).await?;
        outages.add(&suffered);
        check_health(&scene, &hurried).await?;
        turned += 1;
        if turns > 1 {
            progress.at(turn + 1, turns);
        }
    }
    let mut report = Report::new();
    extent.tell_done(&mut report, "turns", turned, turns)?;
    if let Some(patient) = &mut patient {
        patient.tell(extent, &mut report).await?;
    }
    check_books(&ground, &tally).await?;
    ensure_faults_happened(&scene, extent)?;
    no_session_is_left(&ground).await?;
    tell(&mut report, &scene, &tally, &outages);
    Ok(report)
}

/// The proxy, and the stores before and behind it.
async fn set(ground: &Ground) -> Outcome<(Scene, LedgerPool<Hurried>)> {
    let healthy = books(&pool::<Server>(&ground.service_url(WIRE)).await?).await?;
    let proxy = Arc::new(Proxy::start(ground, STALL).await?);
    let hurried = pool::<Hurried>(&proxy.url("ledger_service", WIRE)).await?;
    let behind = books(&hurried).await?;
    let epochs = [(&healthy.written, "written"), (&healthy.still, "still")];
    let mut ids = Vec::new();
    for (store, name) in epochs {
        let epoch = new_epoch(week("2026-W47"), weights(&[]));
        let epoch = store.create_epoch(&epoch).await?;
        if name == "still" {
            let events: Vec<_> = (0..STILL).map(|id| event(&format!("{id:06}")).build()).collect();
            store.insert_activity_events(epoch.id, &events).await?;
        }
        ids.push(epoch.id);
    }
    let with_ids = |books: Books| Books { written_epoch: ids[0], still_epoch: ids[1], ..books };
    let limit = longest_wait(&Hurried::LIMITS);
    let (books, healthy) = (with_ids(behind), with_ids(healthy));
    Ok((Scene { proxy, books, healthy, limit }, hurried))
}

/// Both ledgers over a pool, before they have an epoch.
async fn books<R: Role>(pool: &LedgerPool<R>) -> Outcome<Books> {
    let nothing = ledger_core::EpochId(0);
    Ok(Books {
        written: store(pool, "written", Arc::new(SystemClock)).await?,
        written_epoch: nothing,
        still: store(pool, "still", Arc::new(SystemClock)).await?,
        still_epoch: nothing,
    })
}

async fn everybody_plays(scene: &Scene, turn: u64, extent: Extent) -> Outcome<Tally> {
    let mut players = JoinSet::new();
    for player in 0..PLAYERS {
        players.spawn(play(scene.clone(), turn * PLAYERS + player, CALLS, extent));
    }
    let mut tally = Tally::default();
    while let Some(seen) = players.join_next().await {
        tally.add(seen??);
    }
    Ok(tally)
}

/// The adapters as they are, beside everything else.
struct Patient {
    server: JoinHandle<Outcome<Wait>>,
    worker: JoinHandle<Outcome<Wait>>,
}

impl Patient {
    fn start(ground: &Arc<Ground>) -> Self {
        let server = stall::<Server>(Arc::clone(ground), WIRE);
        let worker = stall::<Worker>(Arc::clone(ground), WIRE);
        Self { server: tokio::spawn(server), worker: tokio::spawn(worker) }
    }

    async fn tell(&mut self, extent: &Extent, report: &mut Report) -> Outcome<()> {
        let both = [("server", &mut self.server), ("worker", &mut self.worker)];
        for (name, waiting) in both {
            if extent.is_over() && !waiting.is_finished() {
                waiting.abort();
                report.tell(format!("{name}'s wait for a stalled COMMIT"), "no time for it");
                continue;
            }
            let wait = waiting.await??;
            let (waited, limit) = (wait.waited.as_millis(), wait.limit.as_millis());
            report.tell(format!("{name}'s wait for a stalled COMMIT, ms"), waited);
            report.tell(format!("{name}'s limit, ms"), limit);
        }
        Ok(())
    }
}

/// Every write is there exactly once: those that were acknowledged, and those that were asked again.
async fn check_books(ground: &Ground, tally: &Tally) -> Outcome<()> {
    let owner = ground.session(WIRE).await?;
    let query = "WITH l AS (SELECT ledger_id FROM ledgers WHERE name = 'written')
        SELECT (SELECT count(*) FROM activity_events JOIN l USING (ledger_id)),
            (SELECT count(*) FROM idempotency_keys JOIN l USING (ledger_id)),
            (SELECT count(*) FROM source_cursors JOIN l USING (ledger_id)),
            (SELECT count(*) FROM epoch_pool_components JOIN l USING (ledger_id))";
    let row = owner.query_one(query, &[]).await?;
    let count = |at: usize| row.get::<_, i64>(at).unsigned_abs();
    let found = (count(0), count(1), count(2), count(3));
    let expected = traces(&tally.writes);
    ensure!(
        found == expected,
        "events, keys, cursors and parts should be {expected:?} after all, and are {found:?}"
    );
    Ok(())
}

/// A fault that never came to its place shows nothing. The short form has too few for one of each kind.
fn ensure_faults_happened(scene: &Scene, extent: &Extent) -> Outcome<()> {
    let counts = scene.proxy.counts();
    let kinds = [counts.cut, counts.half_closed, counts.stalled, counts.late, counts.delayed];
    let is_long = extent.rounds(0, 1) > 0;
    let is_short_of_one = is_long && kinds.contains(&0);
    match is_short_of_one || counts.around_commit == 0 {
        true => Err(Failure::Unable(format!("some faults never happened: {counts:?}"))),
        false => Ok(()),
    }
}

/// What was given up does not stay at the server.
async fn no_session_is_left(ground: &Ground) -> Outcome<()> {
    wait_until("the server has no more sessions than the pool", || async {
        let query = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
        let name = Hurried::LIMITS.application_name;
        let sessions: i64 = ground.admin().query_one(query, &[&name]).await?.get(0);
        Ok(sessions.unsigned_abs() <= hurried::POOL_SIZE)
    })
    .await
}

fn tell(report: &mut Report, scene: &Scene, tally: &Tally, outages: &Outages) {
    let counts = scene.proxy.counts();
    report.tell("calls", tally.calls);
    report.tell("of them answered", tally.acknowledged);
    report.tell("of them refused: the connection broke or was silent", tally.unreachable);
    report.tell("of them refused: no connection became free", tally.exhausted);
    report.tell("of them refused: a statement or lock took too long", tally.timed_out);
    report.tell("of them given up by their caller", tally.cancelled);
    report.tell("connections cut", counts.cut);
    report.tell("connections half-closed", counts.half_closed);
    report.tell("connections stalled", counts.stalled);
    report.tell("connections stalled, with what was held coming late", counts.late);
    report.tell("connections delayed or slow", counts.delayed);
    report.tell("of these around COMMIT", counts.around_commit);
    report.tell("writes whose end was not known, and were done", tally.done);
    report.tell("writes whose end was not known, and were not done", tally.not_done);
    report.tell("asked again while a lost session still held locks", tally.locked);
    report.tell("writes in all, each there once", tally.writes.len());
    report.tell_time("longest wait of a caller", tally.longest);
    report.tell_time("limit of their adapter, with 2 s for the machine", scene.limit);
    report.tell("outages of everything", outages.outages);
    report.tell("most calls until one was answered after an outage", outages.calls_until_healed);
}
