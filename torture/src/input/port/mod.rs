//! Every method of the port, on PostgreSQL and on the memory store, with extremes that the types let
//! through: both answer alike, and neither gives a reason that is none. The list of jobs is PostgreSQL's
//! alone.

mod draw;
mod jobs;
mod methods;
mod told;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use fastrand::Rng;
use futures_util::FutureExt as _;
use ledger_adapter_server::Server;
use ledger_core::EpochId;
use ledger_memory::MemoryLedger;
use ledger_port::{Clock, LedgerPortError, LedgerRegistry as _, PortResult, RefusalKind};
use ledger_repository::{LedgerPool, PgLedgerRegistry};
use ledger_testkit::SettableClock;

use self::draw::{Draw, Size};
use self::jobs::Jobs;
use self::methods::{Asked, METHODS, Method};
use super::tally::{Tally, Verdict, panicked, shown};
use crate::ground::{Ground, Store, pool, store};
use crate::{Outcome, broken, ensure};

/// How many calls a ledger gets before the next one begins empty: the memory store copies its books
/// for every write.
const CALLS_OF_A_LEDGER: u64 = 400;

/// How many calls of a ledger come to one of the list of jobs, which has fewer methods.
const CALLS_TO_ONE_OF_JOBS: u64 = 5;

/// The methods that take free text.
const OF_FREE_TEXT: [&str; 5] = [
    "insert_activity_events",
    "ingest_page",
    "upsert_cursor",
    "insert_pool_component",
    "record_collection",
];

/// What the clock shows when a ledger begins. No clock of a real machine does.
const TIMES: &[&str] =
    &["2026-11-20", "2026-11-20", "0001-01-01", "0001-01-05", "9999-12-31T23:59:59.999999Z"];

/// The two stores of one ledger.
pub(crate) struct Both {
    clock: SettableClock,
    pool: LedgerPool<Server>,
    registry: PgLedgerRegistry<Server>,
    jobs: Jobs,
    memory_ledgers: MemoryLedger,
    stores: [Store; 2],
    /// The epochs of each, in the order in which they were opened. Their numbers are not the same.
    epochs: [Vec<EpochId>; 2],
    calls: u64,
    size: Size,
}

impl Both {
    /// Both, empty.
    pub(crate) async fn start(ground: &Ground) -> Outcome<Self> {
        ground.database("input").await?;
        let pool = pool::<Server>(&ground.service_url("input")).await?;
        let clock = SettableClock::at("2026-11-20");
        let shared = || -> Arc<dyn Clock> { Arc::new(clock.clone()) };
        let memory_ledgers = MemoryLedger::new(shared());
        let memory = Arc::new(memory_ledgers.store(&"default".parse()?, shared())?);
        Ok(Self {
            registry: PgLedgerRegistry::new(pool.clone(), shared()),
            stores: [store(&pool, "default", shared()).await?, memory],
            jobs: Jobs::new(pool.clone()),
            memory_ledgers,
            clock,
            pool,
            epochs: [Vec::new(), Vec::new()],
            calls: 0,
            size: Size::Any,
        })
    }

    /// Asks both the same, so often.
    pub(crate) async fn ask_some(
        &mut self,
        dice: &mut Rng,
        tally: &mut Tally,
        of_jobs: &mut Tally,
        calls: u64,
    ) -> Outcome<()> {
        for _ in 0..calls {
            if self.calls.is_multiple_of(CALLS_OF_A_LEDGER) {
                self.begin(dice, self.calls / CALLS_OF_A_LEDGER).await?;
            }
            self.calls += 1;
            let method = dice.choice(METHODS).unwrap_or(&METHODS[0]);
            let verdict = self.ask(method, dice).await?;
            tally.add(method.name, verdict);
            if self.calls.is_multiple_of(CALLS_TO_ONE_OF_JOBS) {
                self.jobs.ask(dice, of_jobs).await?;
            }
        }
        Ok(())
    }

    /// Asks both each method that takes free text, with the largest of it; how many calls these are.
    pub(crate) async fn ask_the_largest(
        &mut self,
        dice: &mut Rng,
        tally: &mut Tally,
    ) -> Outcome<u64> {
        let named = |name: &&str| METHODS.iter().find(|method| method.name == *name);
        self.begin(dice, self.calls).await?;
        while self.epochs[0].is_empty() {
            self.ask(named(&"create_epoch").unwrap_or(&METHODS[0]), dice).await?;
        }
        self.size = Size::Largest;
        let mut asked = 0;
        for method in OF_FREE_TEXT.iter().filter_map(named) {
            tally.add(method.name, self.ask(method, dice).await?);
            asked += 1;
        }
        self.size = Size::Any;
        Ok(asked)
    }

    /// Goes on with a ledger that neither store has.
    async fn begin(&mut self, dice: &mut Rng, number: u64) -> Outcome<()> {
        self.clock.set(dice.choice(TIMES).copied().unwrap_or("2026-11-20"));
        let name = format!("ledger-{number}");
        let shared: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let postgres = store(&self.pool, &name, Arc::clone(&shared)).await?;
        let name = name.parse()?;
        self.memory_ledgers.create_ledger(&name).await?;
        let memory = Arc::new(self.memory_ledgers.store(&name, shared)?);
        self.stores = [postgres, memory];
        self.epochs = [Vec::new(), Vec::new()];
        Ok(())
    }

    /// Asks both the same.
    async fn ask(&mut self, method: &Method, dice: &mut Rng) -> Outcome<Verdict> {
        let thrown = dice.fork();
        let postgres = Asked { store: &*self.stores[0], registry: &self.registry };
        let postgres = self.answer(method, &postgres, 0, &thrown).await?;
        let memory = Asked { store: &*self.stores[1], registry: &self.memory_ledgers };
        let memory = self.answer(method, &memory, 1, &thrown).await?;
        let name = method.name;
        for (who, answer) in [("PostgreSQL", &postgres), ("the memory store", &memory)] {
            ensure_clear(who, name, answer.as_ref().err())?;
        }
        let verdict = if postgres.is_ok() { Verdict::Accepted } else { Verdict::Refused };
        self.look_for_a_new_epoch().await?;
        let told = [self.told(0, postgres), self.told(1, memory)];
        if told[0] != told[1] {
            let (one, other) = difference(&told[0], &told[1]);
            broken!(
                "{name} is answered by PostgreSQL with … {one}, and by the memory store with … {other}"
            );
        }
        Ok(verdict)
    }

    /// An answer with the places of epochs instead of their numbers.
    fn told(&self, which: usize, answer: PortResult<String>) -> String {
        let told = answer.unwrap_or_else(|refusal| format!("refused: {refusal:?}"));
        self.epochs[which].iter().enumerate().fold(told, |told, (place, id)| {
            told.replace(&format!("{id:?}"), &format!("the epoch {place}"))
        })
    }

    async fn answer(
        &self,
        method: &Method,
        asked: &Asked<'_>,
        which: usize,
        dice: &Rng,
    ) -> Outcome<PortResult<String>> {
        let draw = Draw { dice: dice.clone(), epochs: &self.epochs[which], size: self.size };
        let answer = AssertUnwindSafe((method.ask)(asked, draw)).catch_unwind().await;
        answer.map_err(|panic| panicked(method.name, "extremes", &*panic))
    }

    async fn look_for_a_new_epoch(&mut self) -> Outcome<()> {
        let Some(open) = self.stores[1].get_open_epoch().await? else { return Ok(()) };
        if self.epochs[1].contains(&open.id) {
            return Ok(());
        }
        self.epochs[1].push(open.id);
        match self.stores[0].get_open_epoch().await? {
            Some(open) => self.epochs[0].push(open.id),
            None => broken!("the memory store has an open epoch, and PostgreSQL has none"),
        }
        Ok(())
    }
}

/// A refusal says what is wrong with the question, and not with the store.
fn ensure_clear(who: &str, name: &str, refusal: Option<&LedgerPortError>) -> Outcome<()> {
    let Some(refusal) = refusal else { return Ok(()) };
    let is_clear = !matches!(refusal.kind(), RefusalKind::Defect | RefusalKind::Unavailable);
    ensure!(is_clear, "{who} answers {name} by {}", in_full(refusal));
    Ok(())
}

fn in_full(refusal: &LedgerPortError) -> String {
    shown(&format!("{refusal:?}"))
}

/// What stands where two texts begin to differ.
fn difference(one: &str, other: &str) -> (String, String) {
    let same = one.chars().zip(other.chars()).take_while(|(a, b)| a == b).count();
    let from =
        |text: &str| -> String { text.chars().skip(same.saturating_sub(120)).take(400).collect() };
    (from(one), from(other))
}
