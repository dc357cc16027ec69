//! Who meets whom over one epoch, round after round, each in a ledger of its own.

mod close;
mod ingest;
mod open;
mod overrides;

use std::fmt;

use fastrand::Rng;
use ledger_core::{Epoch, EpochId, LedgerId};
use ledger_port::verify_statement;
use ledger_testkit::{event, new_epoch, pool_component, week, weights};
use serde::{Deserialize, Serialize};

use super::company::Company;
use super::player::Callers;
use super::{PROCESSES, TASKS};
use crate::ground::Store;
use crate::players::Script;
use crate::{Extent, Failure, Outcome, Report, broken, ensure};

/// What an epoch of a duel has to pay.
const POOL: i64 = 1_000_003;

/// In every so many rounds everybody comes; in the others, and first, so few that one who closes comes to their turn in
/// the middle of it, also where nothing keeps order.
const FULL_EVERY: u64 = 2;
const FEW: [usize; 7] = [1, 8, 2, 3, 1, 5, 2];

/// How many callers each process sends into that round.
fn callers(round: u64) -> usize {
    let (earlier, place) = (round / FULL_EVERY, round % FULL_EVERY);
    if place + 1 == FULL_EVERY {
        return TASKS;
    }
    FEW[usize::try_from(earlier).unwrap_or_default() % FEW.len()]
}

/// Who meets whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Duel {
    Ingest,
    Open,
    Close,
    Override,
}

impl Duel {
    const ALL: [Self; 4] = [Self::Ingest, Self::Open, Self::Close, Self::Override];
}

impl fmt::Display for Duel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ingest => "ingest against close",
            Self::Open => "open against open",
            Self::Close => "close against close",
            Self::Override => "override against close",
        })
    }
}

/// One meeting, as all are told of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Round {
    duel: Duel,
    number: u64,
    seed: u64,
    ledger: LedgerId,
    /// The epoch to meet over, where it is there before.
    epoch: Option<EpochId>,
    /// How many callers each process sends.
    callers: usize,
}

impl Round {
    /// Which of all callers this is.
    fn seat(&self, callers: &Callers, caller: usize) -> usize {
        callers.number * self.callers + caller
    }

    /// Lets every caller of this process have their turn, all at once, where one of all closes and the
    /// others write.
    async fn writers_against_a_closer<D, F>(
        &self,
        callers: &Callers,
        play: impl Fn(Turn) -> F,
    ) -> Outcome<Vec<D>>
    where
        D: Send + 'static,
        F: Future<Output = Outcome<D>> + Send + 'static,
    {
        let epoch_id = self.epoch()?;
        let turn = |caller| {
            let seat = self.seat(callers, caller);
            play(Turn {
                store: callers.store(caller, self.ledger),
                epoch_id,
                seat,
                is_closer: seat == self.closer(),
                dice: self.dice(seat),
            })
        };
        callers.at_once(self.callers, turn).await
    }

    const fn seats(&self) -> usize {
        PROCESSES * self.callers
    }

    /// The one who closes, where the others write: of another process in each round.
    fn closer(&self) -> usize {
        let process = usize::try_from(self.number).unwrap_or_default() % PROCESSES;
        process * self.callers
    }

    fn dice(&self, seat: usize) -> Rng {
        let seat = u64::try_from(seat).unwrap_or_default();
        Rng::with_seed(self.seed ^ self.number.rotate_left(16) ^ seat.rotate_left(40))
    }

    fn epoch(&self) -> Outcome<EpochId> {
        self.epoch.ok_or_else(|| Failure::Unable("the duel has no epoch".to_owned()))
    }
}

/// One caller's turn.
struct Turn {
    store: Store,
    epoch_id: EpochId,
    seat: usize,
    is_closer: bool,
    dice: Rng,
}

/// The director's side.
pub(super) struct Duels {
    seed: u64,
    rounds: u64,
    /// Of each duel, how many rounds of it were done.
    done: [u64; Duel::ALL.len()],
    /// Of each duel, what its rounds came to.
    said: [Said; Duel::ALL.len()],
}

impl Duels {
    pub(super) fn new(extent: &Extent) -> Self {
        Self { seed: extent.seed(), rounds: 0, done: [0; 4], said: Default::default() }
    }

    /// One round of each duel.
    pub(super) async fn round(&mut self, company: &mut Company) -> Outcome<()> {
        let callers = callers(self.rounds);
        for (at, duel) in Duel::ALL.into_iter().enumerate() {
            let name = format!("duel-{at}-{}", self.rounds);
            let (ledger, store) = company.ledger(&name).await?;
            let (seed, number) = (self.seed, self.rounds);
            let round = Round { duel, number, seed, ledger, epoch: None, callers };
            let said = match duel {
                Duel::Ingest => ingest::round(company, round, &store).await,
                Duel::Open => open::round(company, round, &store).await,
                Duel::Close => close::round(company, round, &store).await,
                Duel::Override => overrides::round(company, round, &store).await,
            };
            let told = |what: &str| format!("{duel}, round {number}: {what}");
            let said = said.map_err(|failure| failure.told(told))?;
            self.said[at].add(&said);
            self.done[at] += 1;
        }
        self.rounds += 1;
        Ok(())
    }

    pub(super) fn tell(&self, extent: &Extent, report: &mut Report, asked: u64) -> Outcome<()> {
        report.tell("rounds of each duel with all callers", self.rounds / FULL_EVERY);
        for ((duel, done), said) in Duel::ALL.into_iter().zip(self.done).zip(&self.said) {
            extent.tell_done(report, format!("rounds of {duel}"), done, asked)?;
            report.tell("calls in them", said.calls);
            if said.writers > 0 {
                report.tell("writers against the close", said.writers);
                report.tell("of them refused in the middle", said.cut_off);
                if said.cut_off == 0 {
                    return Err(Failure::Unable(format!("{duel}: no writer met the close")));
                }
            }
        }
        Ok(())
    }
}

/// What a round came to, in figures.
#[derive(Debug, Default)]
struct Said {
    calls: u64,
    writers: u64,
    /// Writers of whom something was acknowledged before the close refused the next.
    cut_off: u64,
}

impl Said {
    const fn add(&mut self, other: &Self) {
        self.calls += other.calls;
        self.writers += other.writers;
        self.cut_off += other.cut_off;
    }
}

/// Plays this process's part of a round and answers.
pub(super) async fn meet(callers: &Callers, round: Round, script: &Script) -> Outcome<()> {
    match round.duel {
        Duel::Ingest => script.answer(ingest::meet(callers, &round).await?),
        Duel::Open => script.answer(open::meet(callers, &round).await?),
        Duel::Close => script.answer(close::meet(callers, &round).await?),
        Duel::Override => script.answer(overrides::meet(callers, &round).await?),
    }
}

/// An epoch that could be closed: so many people with an event each, a budget, and a proposal.
async fn ready(store: &Store, people: usize) -> Outcome<Epoch> {
    let table = weights(&[("git:commit_authored", 3_000)]);
    let epoch = store.create_epoch(&new_epoch(week("2026-W47"), table)).await?;
    let events: Vec<_> = (0..people)
        .map(|number| event(&format!("first:{number}")).of_user(&person(number)).build())
        .collect();
    store.insert_activity_events(epoch.id, &events).await?;
    store.insert_pool_component(epoch.id, &pool_component("base_issuance", POOL)).await?;
    store.propose_allocations(epoch.id).await?;
    Ok(epoch)
}

/// The person of that number.
fn person(number: usize) -> String {
    format!("person-{number:03}")
}

/// Recomputes the statement of a closed epoch.
async fn verify(store: &Store, epoch_id: EpochId) -> Outcome<()> {
    match verify_statement(store.as_ref(), epoch_id).await {
        Ok(report) => match report.first_difference() {
            None => Ok(()),
            Some(check) => broken!("the statement is wrong: {check:?}"),
        },
        Err(error) => broken!("the statement cannot be verified: {}", crate::chain(&error)),
    }
}

/// One text for one answer.
fn digest(answer: &impl fmt::Debug) -> String {
    ledger_core::Sha256Hex::of(format!("{answer:?}").as_bytes()).as_str().to_owned()
}

fn all_alike(answers: &[&String]) -> Outcome<()> {
    let alike = answers.windows(2).all(|pair| pair[0] == pair[1]);
    ensure!(alike, "who asked for the same were answered differently: {answers:?}");
    Ok(())
}
