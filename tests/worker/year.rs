//! A year of weekly epochs over two repositories and a GitHub with bad days, by two workers that are
//! killed at random moments: the same events, one epoch a week, the same statements as in a year that nobody disturbed.
//!
//! `EPOCH_LEDGER_TEST_KILLS` and `EPOCH_LEDGER_TEST_SEED` make it longer, or another one.

use std::path::Path;
use std::time::Duration;

use ledger_core::{StatementId, Timestamp};
use ledger_port::{
    ActivityStore as _, FinalizeEpoch, IdentityStore as _, IntentionStore as _, Job, JobState,
    StatementStore as _, all_pages, verify_statement,
};
use ledger_testkit::binding;
use uuid::Uuid;

use crate::forge::Forge;
use crate::orchard::{Numbers, Orchard, PEOPLE};
use crate::process::Process;
use crate::stage::{Stage, git_source, github_source, one_ledger};

const WEEK: i64 = 7 * 24 * 60 * 60;
const WEEKS: i64 = 52;
/// How often a week the clock is moved.
const STEPS: i64 = 2;
/// Monday, 2026-01-05.
const START: i64 = 1_767_571_200;

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds).unwrap()
}

fn configuration(orchards: &[(&str, &Orchard)], forge: &Forge) -> String {
    let mut text = one_ledger("collect_every = \"12h\"");
    for (id, orchard) in orchards {
        text.push_str(&git_source(id, orchard.path()));
    }
    text.push_str(&github_source("forge", forge.fake.api(), "Acme/Orchard"));
    text
}

/// Everything that a year leaves behind, in words that do not depend on who did it when.
async fn left_behind(stage: &Stage) -> Vec<String> {
    let mut lines = Vec::new();
    for (week, epoch) in stage.epochs().await.into_iter().enumerate() {
        lines.push(format!("week {week}: {} {}", epoch.period, epoch.status));
        let events = all_pages(|page| stage.store.get_activity_for_epoch(epoch.id, page));
        for stored in events.await.unwrap() {
            let event = stored.event;
            lines.push(format!("{week} {} {:?} {}", event.id, event.user_id, event.payload_hash));
        }
        if let Some(paid) = stage.store.get_statement_for_epoch(epoch.id).await.unwrap() {
            let statement = paid.statement;
            lines.push(format!(
                "{week} pays {} by {}: {:?}",
                statement.pool_total, statement.allocation_set_hash, statement.payouts
            ));
        }
    }
    lines
}

/// The admin's part of the week: whatever is in review is paid.
async fn pay_what_is_in_review(stage: &Stage) {
    for (week, epoch) in stage.epochs().await.into_iter().enumerate() {
        if epoch.status != ledger_core::EpochStatus::Review {
            continue;
        }
        let collections = stage.collections(&epoch).await;
        assert!(collections.iter().all(|one| one.covers(epoch.period.end())), "{collections:?}");
        let statement_id = StatementId(Uuid::from_u128(u128::try_from(week).unwrap() + 1));
        let command = FinalizeEpoch {
            epoch_id: epoch.id,
            statement_id,
            expected_pool_total: None,
            expected_allocation_set_hash: None,
        };
        stage.store.finalize_epoch(&command).await.unwrap();
        let report = verify_statement(&stage.store, epoch.id).await.unwrap();
        assert_eq!(report.first_difference().map(|check| check.name), None);
    }
}

async fn new_year(orchards: &[(&str, &Orchard)], forge: &Forge) -> (Stage, std::path::PathBuf) {
    let stage = Stage::at("2026-01-05T00:00:00Z").await;
    let bindings = PEOPLE.map(|who| binding("git", &format!("{who}@example.org"), who));
    stage.store.bind_identities(&bindings).await.unwrap();
    let accounts = Forge::accounts().map(|(account, who)| binding("github", &account, who));
    stage.store.bind_identities(&accounts).await.unwrap();
    let config = stage.configure(&configuration(orchards, forge));
    (stage, config)
}

/// Moves the clock through the year; `disturb` is called at each step until it is done.
async fn live_through(
    stage: &Stage,
    forge: &mut Forge,
    ids: &[&str],
    mut disturb: impl AsyncFnMut(i64) -> bool,
) {
    for step in 0..=WEEKS * STEPS {
        let now = at(START + step * WEEK / STEPS);
        forge.show_until(now);
        stage.clock.set(now);
        while disturb(step).await {}
        stage.settled(ids).await;
        pay_what_is_in_review(stage).await;
    }
}

/// Two processes that are killed, each now and then, and started again.
struct Killer<'a> {
    stage: &'a Stage,
    config: &'a Path,
    workers: [Process; 2],
    numbers: Numbers,
    kills: u64,
    done: u64,
    /// How often the victim had a job in hand.
    in_hand: u64,
}

impl Killer<'_> {
    /// Kills what is due by this step, one at a time; answers whether there is more.
    async fn disturb(&mut self, step: i64) -> bool {
        let steps = u64::try_from(WEEKS * STEPS).unwrap();
        let due = self.kills * u64::try_from(step).unwrap() / steps;
        if self.done >= due {
            return false;
        }
        tokio::time::sleep(Duration::from_millis(self.numbers.below(120))).await;
        let victim = usize::try_from(self.numbers.below(2)).unwrap();
        self.workers[victim].assert_alive();
        self.workers[victim].kill();
        let name = self.workers[victim].name();
        let had_one = |job: &Job| match &job.state {
            JobState::Running { worker, .. } => worker.as_str() == name,
            _ => false,
        };
        self.in_hand += u64::from(self.stage.jobs().await.iter().any(had_one));
        self.workers[victim] = Process::start(self.stage, self.config);
        self.done += 1;
        true
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killing_workers_at_random_moments_changes_nothing_in_a_year() {
    let (kills, seed) =
        (number("EPOCH_LEDGER_TEST_KILLS", 200), number("EPOCH_LEDGER_TEST_SEED", 20_261_125));
    let year = u64::try_from(WEEKS * WEEK).unwrap();
    let (main, docs) =
        (Orchard::grown(START, year, 1_500, seed), Orchard::grown(START, year, 300, seed + 1));
    let orchards = [("main", &main), ("docs", &docs)];
    let ids = ["main", "docs", "forge"];

    let mut forge = Forge::grown(START, year, seed).await;
    forge.show_until(at(START));
    let (calm, config) = new_year(&orchards, &forge).await;
    let worker = calm.start(&config).await;
    live_through(&calm, &mut forge, &ids, async |_| false).await;
    worker.stop().await;
    let expected = left_behind(&calm).await;
    let events = expected.iter().filter(|line| line.contains("git:commit:")).count();
    let paid = expected.iter().filter(|line| line.contains(" pays ")).count();
    assert_eq!((events, paid), (1_800, 52), "every commit, and every week");
    let on_github = expected.iter().filter(|line| line.contains(" github:")).count();
    let shown = forge.shown(at(START + WEEK * WEEKS));
    assert!(shown > 500 && on_github == shown, "{on_github} of {shown}");

    let mut forge = Forge::grown(START, year, seed).await.with_trouble(seed);
    forge.show_until(at(START));
    let (stage, config) = new_year(&orchards, &forge).await;
    let workers = [Process::start(&stage, &config), Process::start(&stage, &config)];
    let numbers = Numbers::new(seed);
    let mut killer =
        Killer { stage: &stage, config: &config, workers, numbers, kills, done: 0, in_hand: 0 };
    live_through(&stage, &mut forge, &ids, async |step| killer.disturb(step).await).await;
    assert_eq!(killer.done, kills);
    let in_hand = killer.in_hand;
    let troubles = forge.fake.asked().iter().filter(|asked| asked.status >= 400).count();
    assert!(troubles > 20, "GitHub had {troubles} bad moments only");
    assert!(kills < 100 || in_hand > 0, "none of {kills} victims had a job in hand");
    let found = left_behind(&stage).await;
    let differs = expected.iter().zip(&found).find(|(expected, found)| expected != found);
    assert_eq!(differs, None, "seed {seed}");
    assert_eq!(expected.len(), found.len(), "seed {seed}");
    println!(
        "{kills} kills ({in_hand} with a job in hand), {troubles} refusals of GitHub, seed {seed}: \
         {events} commits, {on_github} facts of GitHub, {paid} statements, no difference"
    );
}
