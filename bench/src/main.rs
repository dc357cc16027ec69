//! Measures the store beside its floor and its peers, in one interleaved run.

mod arena;
mod contest;
mod counting;
mod document;
mod paths;
mod prices;
mod report;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use clap::{Parser, ValueEnum};
use serde_json::json;

use crate::arena::Arena;
use crate::contest::typescript;
use crate::paths::{Path, Peer, State, Turn, growth, growth_by_hashes, hot_paths, prices};
use crate::report::Report;

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// How long each hot path takes, beside its floor and its peers.
    Times,
    /// What a call takes in a table that holds ten times the events, beside one that holds a tenth of them. Takes
    /// twenty minutes a round.
    Growth,
    /// The same for the worst ids, where PostgreSQL has as much memory as its manual advises.
    GrowthWithMemory,
    /// What each safety of the events' table costs.
    Prices,
    /// How many statements each hot path sends and what they write ahead, which does not drift with the
    /// machine. More than there may be fail the run.
    Counts,
}

/// Measures the store beside its floor and its peers, in one interleaved run, on a PostgreSQL of its
/// own with default durability.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// What is measured.
    #[arg(long, value_enum, default_value_t = Part::Times)]
    part: Part,
    /// How many events are ingested, read and summed.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(4_000..))]
    events: u64,
    /// How many calls are made where one call is small.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(8..))]
    calls: u64,
    /// How many rounds are timed.
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    rounds: u16,
    /// Only the hot paths whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Where the measures go, as JSON.
    #[arg(long, default_value = "target/bench/measures.json")]
    json: PathBuf,
    /// Whose section of this part is written anew, with the command: docs/performance.md.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Where the server and its data lie meanwhile; the temporary folder where it is not named.
    #[arg(long)]
    directory: Option<PathBuf>,
}

impl Options {
    /// How many events wait for their people. No more than these, because the floor takes them one by one.
    pub(crate) fn events_waiting(&self) -> u64 {
        self.events.min(100_000)
    }

    /// How many people an epoch pays where that matters.
    pub(crate) const fn people_paid(&self) -> u64 {
        self.events.div_ceil(10)
    }
}

/// Why nothing was measured.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    fn of(peer: Peer, error: &dyn std::fmt::Display) -> Self {
        Self(format!("{}: {error}", peer.name()))
    }
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            text = format!("{text}: {error}");
            cause = error.source();
        }
        Self(text)
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() -> ExitCode {
    match measure(&Options::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure(says)) => {
            eprintln!("error: {says}");
            ExitCode::FAILURE
        }
    }
}

async fn measure(options: &Options) -> Result<(), Failure> {
    let all = match options.part {
        Part::Times | Part::Counts => hot_paths(),
        Part::Growth => growth(),
        Part::GrowthWithMemory => growth_by_hashes(),
        Part::Prices => prices(),
    };
    let chosen: Vec<Path> =
        all.into_iter().filter(|path| path.name.contains(&options.only)).collect();
    let turns = turns_of(&chosen);
    if turns.is_empty() {
        return Err(Failure(format!("no path has {:?} in its name", options.only)));
    }
    let commit = commit()?;
    let temporary;
    let directory = match &options.directory {
        Some(directory) => directory,
        None => {
            temporary = tempfile::tempdir()?;
            temporary.path()
        }
    };
    let mut arena = Arena::new(directory, options).await?;
    arena.prepare(turns.iter().map(|turn| turn.state).collect::<BTreeSet<State>>()).await?;
    let report = match options.part {
        Part::Times | Part::Growth | Part::GrowthWithMemory | Part::Prices => {
            let measures = contest::run(&mut arena, &turns, options).await?;
            Report::of_times(&chosen, &measures, &commit)
        }
        Part::Counts => {
            let counts = contest::count_all(&mut arena, &turns, options).await?;
            Report::of_counts(&chosen, &counts, options, &commit)
        }
    };
    println!("{}", report.table);
    let version = arena.version().await?;
    if let Some(file) = &options.markdown {
        let page = std::fs::read_to_string(file)?;
        std::fs::write(file, document::with_section(&page, &report, options, &version)?)?;
    }
    let about = json!({
        "commit": commit, "postgresql": version, "part": document::name_of(options.part),
        "events": options.events, "calls": options.calls, "rounds": options.rounds,
        "rows": report.rows, "measures": report.measures,
    });
    if let Some(folder) = options.json.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(&options.json, serde_json::to_string_pretty(&about)?)?;
    if report.faults.is_empty() { Ok(()) } else { Err(Failure(report.faults.join("; "))) }
}

/// The commit of this folder.
fn commit() -> Result<String, Failure> {
    let arguments = ["describe", "--always", "--dirty", "--abbrev=12"];
    let told = Command::new("git").args(arguments).output();
    let told = told.map_err(|error| Failure(format!("git, which tells the commit: {error}")))?;
    match told.status.success() {
        true => Ok(String::from_utf8(told.stdout)?.trim().to_owned()),
        false => Err(Failure(format!("git cannot tell the commit: {}", told.status))),
    }
}

/// The turns that the paths need, each once. Drizzle sits out where its packages are not installed,
/// and that is said.
fn turns_of(paths: &[Path]) -> Vec<Turn> {
    let all = paths.iter().flat_map(|path| {
        [path.act.0, path.floor.0].into_iter().chain(path.peers.iter().map(|peer| peer.0))
    });
    let turns: BTreeSet<Turn> = all.collect();
    let has_drizzle = typescript().join("node_modules").exists();
    if !has_drizzle && turns.iter().any(|turn| turn.peer == Peer::Typescript) {
        eprintln!("drizzle is left out: run `npm ci` in {}", typescript().display());
    }
    turns.into_iter().filter(|turn| has_drizzle || turn.peer != Peer::Typescript).collect()
}
