//! From each released schema to the newest, with rows in it, while others read and write.
//!
//! A database grows from schema to schema. At each one it is copied, and the copy is upgraded to the
//! newest in one go, as an operator does who skipped some versions. Before the upgrade begins and after
//! it ended, a writer, a reader and one who streams slowly are at work, with statements of the program
//! that knows the old schema; every one of them is timed, and the server is asked every few milliseconds
//! which locks the upgrade holds.

mod load;
mod locks;
mod meter;
mod rows;
mod schemas;

use std::time::{Duration, Instant};

use ledger_repository::administration::migrate;
use private_postgres::Durability;
use store_testkit::MigrationFolder;
use tokio_postgres::Client;
use tokio_util::sync::CancellationToken;

use self::load::Written;
use self::locks::Locks;
use self::meter::Meter;
use self::rows::Contents;
use self::schemas::{FIRST_WITH_ACTIVITY, FIRST_WITH_GRANTS};
use crate::ground::{Ground, connect};
use crate::report::Progress;
use crate::{Extent, Failure, Outcome, Report, chain, ensure};

/// How long a lock may keep others out, and how long they may wait.
const AT_MOST: Duration = Duration::from_secs(1);
/// How long everybody works before the upgrade begins, and after it has ended.
const AROUND: Duration = Duration::from_millis(150);
/// The database that grows.
const GROWING: &str = "growing";
/// Its copy that is upgraded.
const COPY: &str = "upgraded";
/// One that nobody had to upgrade.
const NEWEST: &str = "newest";
/// In the short form, from how many schemas before the newest somebody streams slowly.
const SLOW_BEFORE: usize = 3;

pub(crate) async fn run(extent: &Extent) -> Outcome<Report> {
    let ground = Ground::start(Durability::Fast).await?;
    let migrations = MigrationFolder::all();
    ground.database(NEWEST).await?;
    let newest = schemas::catalogs(&ground.session(NEWEST).await?).await?;
    let rows = extent.rounds(20_000, 1_000_000);
    let mut report = Report::new();
    report.tell("released schemas", migrations.len());
    report.tell("rows in each", rows);
    let mut progress = Progress::of("upgrade");
    let starts = u64::try_from(migrations.len() - 1)?;
    let mut upgraded = 0;
    for start in 0..migrations.len() - 1 {
        if extent.is_over() {
            break;
        }
        grow(&ground, &migrations, start, rows, &mut report).await?;
        let upgrade = Upgrade { ground: &ground, migrations: &migrations, start, newest: &newest };
        let is_slow = extent.rounds(u64::from(start + SLOW_BEFORE == migrations.len()), 1) == 1;
        upgrade.run(extent, is_slow, &mut report).await?;
        upgraded += 1;
        progress.at(upgraded, starts);
    }
    extent.tell_done(&mut report, "schemas upgraded from", upgraded, starts)?;
    Ok(report)
}

/// Brings the growing database to a schema and gives the new tables their rows. A baseline with rows is
/// a history of its own; the next schema begins without them, so that all its rows are activity.
async fn grow(
    ground: &Ground,
    migrations: &[MigrationFolder],
    start: usize,
    rows: u64,
    report: &mut Report,
) -> Outcome<()> {
    if start <= FIRST_WITH_ACTIVITY {
        let drop = format!("DROP DATABASE IF EXISTS {GROWING}");
        ground.admin().batch_execute(&drop).await?;
        ground.create(GROWING, "template0").await?;
    }
    let owner = ground.session(GROWING).await?;
    let from = if start <= FIRST_WITH_ACTIVITY { 0 } else { start };
    for migration in &migrations[from..=start] {
        let began = Instant::now();
        schemas::apply(migration, &owner).await?;
        if from == start {
            let name = migration.short_name();
            report
                .tell_time(&format!("{name} as it is written, with nobody about"), began.elapsed());
        }
    }
    match start {
        0 => rows::fill_baseline(&owner, rows).await?,
        FIRST_WITH_ACTIVITY => rows::fill_activity(&owner, rows).await?,
        _ => rows::fill_new_tables(&owner, start).await?,
    }
    disconnect(owner, ground, GROWING).await
}

/// Ends a session and waits until the server noticed: only then the database can be copied.
async fn disconnect(session: Client, ground: &Ground, database: &str) -> Outcome<()> {
    drop(session);
    let sessions = "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = $1";
    crate::ground::wait_until("the last session ended", || async {
        Ok(ground.admin().query_one(sessions, &[&database]).await?.get(0))
    })
    .await
}

/// One upgrade, from one schema.
struct Upgrade<'a> {
    ground: &'a Ground,
    migrations: &'a [MigrationFolder],
    start: usize,
    newest: &'a [String],
}

/// What happened during one.
struct Happened {
    applied: usize,
    took: Duration,
    written: Written,
    read: Meter,
    streamed: Meter,
    locks: Locks,
}

impl Upgrade<'_> {
    async fn run(&self, extent: &Extent, is_slow: bool, report: &mut Report) -> Outcome<()> {
        self.ground.create(COPY, GROWING).await?;
        let owner = self.ground.session(COPY).await?;
        let before = Contents::of(&owner).await?;
        let happened = self.under_load(extent, is_slow).await?;
        before.ensure_kept(&owner).await?;
        load::ensure_written(&owner, &happened.written, self.has_activity()).await?;
        let schema = schemas::catalogs(&owner).await?;
        let stranger = schema.iter().find(|line| !self.newest.contains(line));
        let missing = self.newest.iter().find(|line| !schema.contains(line));
        let is_newest = stranger.is_none() && missing.is_none();
        ensure!(is_newest, "after an upgrade there is {stranger:?}, and {missing:?} is not");
        drop(owner);
        let drop = format!("DROP DATABASE {COPY} WITH (FORCE)");
        self.ground.admin().batch_execute(&drop).await?;
        self.judge(&happened, report)
    }

    const fn has_activity(&self) -> bool {
        self.start >= FIRST_WITH_ACTIVITY
    }

    /// A session as the program of that schema had it.
    async fn session(&self) -> Outcome<Client> {
        match self.start >= FIRST_WITH_GRANTS {
            true => connect(&self.ground.service_url(COPY)).await,
            false => self.ground.session(COPY).await,
        }
    }

    async fn under_load(&self, extent: &Extent, is_slow: bool) -> Outcome<Happened> {
        let stop = CancellationToken::new();
        let stops = || stop.clone();
        let writer = match self.has_activity() {
            true => {
                let dice = extent.dice(&format!("upgrade from {}", self.start));
                tokio::spawn(load::write(self.session().await?, dice, stops()))
            }
            false => tokio::spawn(load::write_baseline(self.session().await?, stops())),
        };
        let questions = load::questions(self.has_activity());
        let reader = tokio::spawn(load::read(self.session().await?, questions, stops()));
        let streamer = match is_slow && self.has_activity() {
            true => Some(tokio::spawn(load::stream_slowly(self.session().await?, stops()))),
            false => None,
        };
        let watcher = tokio::spawn(locks::watch(self.ground.session(COPY).await?, stops()));
        tokio::time::sleep(AROUND).await;
        let began = Instant::now();
        let applied = migrate(&self.ground.owner_url(COPY).parse()?).await;
        let took = began.elapsed();
        tokio::time::sleep(AROUND).await;
        stop.cancel();
        let written = writer.await??;
        let read = reader.await??;
        let streamed = match streamer {
            Some(streamer) => streamer.await??,
            None => Meter::default(),
        };
        let locks = watcher.await??;
        let applied = applied.map_err(|error| Failure::Broken(chain(&error)))?.len();
        Ok(Happened { applied, took, written, read, streamed, locks })
    }

    /// Holds what happened against what is promised. A baseline's program cannot write any more once
    /// there are ledgers, so whoever upgrades one stops it: there the waits are told and not judged.
    fn judge(&self, happened: &Happened, report: &mut Report) -> Outcome<()> {
        let name = self.migrations[self.start].short_name();
        let pending = self.migrations.len() - 1 - self.start;
        let Happened { applied, written, read, streamed, locks, .. } = happened;
        ensure!(*applied == pending, "from {name}, {applied} of {pending} migrations were applied");
        report.tell(format!("from {name}"), self.in_figures(happened));
        if !self.has_activity() {
            return Ok(());
        }
        if let Some((lock, held)) = locks.longest() {
            let (lock, held) = (self.in_words(lock), held.as_millis());
            ensure!(held <= AT_MOST.as_millis(), "from {name}, {lock} was held for {held} ms");
        }
        let all = [("writer", &written.meter), ("reader", read), ("slow reader", streamed)];
        for (who, meter) in all {
            let longest = meter.longest_in_words();
            ensure!(meter.longest <= AT_MOST, "from {name}, the {who} waited {longest}");
        }
        Ok(())
    }

    fn in_figures(&self, happened: &Happened) -> String {
        let Happened { applied, took, written, read, streamed, locks } = happened;
        let who = |meter: &Meter| {
            let (statements, timeouts) = (meter.statements, meter.timeouts);
            format!(
                "{statements} statements, {timeouts} timeouts, longest {}",
                meter.longest_in_words()
            )
        };
        let held = locks.longest().map_or_else(
            || "none seen".to_owned(),
            |(lock, held)| format!("{} ms ({})", held.as_millis(), self.in_words(lock)),
        );
        let slow = match streamed.statements {
            0 => String::new(),
            _ => format!("slow reader {}; ", who(streamed)),
        };
        let ended = if written.is_outgrown { ", then refused by the new schema" } else { "" };
        format!(
            "{applied} migrations in {} ms; writer {}{ended}; reader {}; {slow}longest lock {held}",
            took.as_millis(),
            who(&written.meter),
            who(read),
        )
    }

    /// A lock, and by which migration.
    fn in_words(&self, lock: &locks::Lock) -> String {
        let by = self.migrations.iter().find(|one| schemas::is_begun_by(one, &lock.statement));
        let by = by.map_or_else(
            || lock.statement.split_whitespace().take(8).collect::<Vec<_>>().join(" "),
            |one| one.short_name().to_owned(),
        );
        format!("{} on {} by {by}", lock.mode, lock.table)
    }
}
