//! Random commands by callers of both adapters on two ledgers, on PostgreSQL and on the memory store.
//! After every command the answers are the same, the records are the same, and every invariant of the
//! specification holds.
//!
//! Commands come one after another, because a model answers one at a time; who calls at once is the
//! torture `races`. A world lives for some hundred commands, so that its books stay small and its
//! beginning is seen often; then comes the next.
//!
//! To add a method of the port: a variant of `Command`, a line where it is called, and a chance to be
//! drawn.

mod books;
mod command;
mod draw;
mod invariants;
mod values;
mod world;

use private_postgres::Durability;

use self::world::World;
use crate::ground::Ground;
use crate::{Extent, Failure, Outcome, Progress, Report};

/// How long a world lives.
const COMMANDS_OF_A_WORLD: u64 = 250;

/// How many worlds live at once.
const WORLDS: u64 = 8;

/// What was done.
#[derive(Debug, Default)]
struct Counts {
    answered: u64,
    refused: u64,
    closed: u64,
    verified: u64,
    superseded: u64,
    worlds: u64,
}

pub(crate) async fn run(extent: &Extent) -> Outcome<Report> {
    let ground = Ground::start(Durability::Fast).await?;
    let asked = extent.rounds(10_000, 1_000_000);
    let mut progress = Progress::of("model");
    let mut counts = Counts::default();
    while counts.commands() < asked && !extent.is_over() {
        let worlds = (0..WORLDS).map(|lane| live(&ground, extent, counts.worlds + lane));
        for one in futures_util::future::try_join_all(worlds).await? {
            counts.add(&one);
        }
        progress.at(counts.commands(), asked);
    }
    counts.report(extent, asked)
}

/// One world from its beginning to its end.
async fn live(ground: &Ground, extent: &Extent, number: u64) -> Outcome<Counts> {
    let database = format!("model_{number}");
    let dice = extent.dice(&database);
    let mut world = World::new(ground, &database, dice).await?;
    for command in 1..=COMMANDS_OF_A_WORLD {
        let told = |what: &str| format!("world {number}, command {command}: {what}");
        world.step().await.map_err(|failure| failure.told(told))?;
    }
    let counts = world.end().await?;
    let drop = format!("DROP DATABASE {database} WITH (FORCE)");
    ground.admin().batch_execute(&drop).await?;
    Ok(counts)
}

impl Counts {
    const fn commands(&self) -> u64 {
        self.answered + self.refused
    }

    const fn add(&mut self, one: &Self) {
        self.answered += one.answered;
        self.refused += one.refused;
        self.closed += one.closed;
        self.verified += one.verified;
        self.superseded += one.superseded;
        self.worlds += one.worlds;
    }

    fn report(&self, extent: &Extent, asked: u64) -> Outcome<Report> {
        let mut report = Report::new();
        report.tell("worlds of two ledgers", self.worlds);
        extent.tell_done(&mut report, "commands", self.commands(), asked)?;
        report.tell("answered", self.answered);
        report.tell("refused", self.refused);
        report.tell("epochs closed", self.closed);
        report.tell("statements recomputed", self.verified);
        report.tell("statements that others superseded, and that stayed", self.superseded);
        // What is never superseded cannot be seen to stay.
        match self.superseded {
            0 => Err(Failure::Unable("no statement was ever superseded".to_owned())),
            _ => Ok(report),
        }
    }
}
