//! Measures the store beside its floor and its peers, in one interleaved run.

mod arena;
mod contest;
mod counting;
mod paths;
mod prices;
mod report;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use serde_json::json;

use crate::arena::Arena;
use crate::contest::typescript;
use crate::paths::{Path, Peer, State, Turn, paths};

/// Measures the store beside its floor and its peers, in one interleaved run, on a PostgreSQL of its
/// own with default durability.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Options {
    /// How many events are ingested, read and summed.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(4_000..))]
    events: u64,
    /// How many calls are made where one call is small.
    #[arg(long, default_value_t = 20_000, value_parser = clap::value_parser!(u64).range(8..))]
    calls: u64,
    /// How many rounds are timed; 0 only counts statements and what they write ahead, which does not
    /// drift with the machine.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Only the hot paths whose name contains this.
    #[arg(long, default_value = "")]
    only: String,
    /// Where the measures go, as JSON.
    #[arg(long)]
    json: Option<PathBuf>,
    /// Where the table goes with what it was made by, as Markdown.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Where the server and its data lie meanwhile; the temporary folder where it is not named.
    #[arg(long)]
    directory: Option<PathBuf>,
}

impl Options {
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
    let chosen: Vec<Path> =
        paths().into_iter().filter(|path| path.name.contains(&options.only)).collect();
    let turns = turns_of(&chosen);
    if turns.is_empty() {
        return Err(Failure(format!("no hot path has {:?} in its name", options.only)));
    }
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
    let measures = contest::run(&mut arena, &turns, options).await?;
    let rows = report::rows(&chosen, &measures);
    let counts = contest::count_all(&mut arena, &turns, options).await?;
    let counted = report::counted(&chosen, &counts);
    println!("{}\n\n{}", report::table(&rows), report::table_of_counts(&counted));
    let version = arena.version().await?;
    if let Some(file) = &options.markdown {
        std::fs::write(file, report::document(&rows, &counted, options, &version))?;
    }
    if let Some(file) = &options.json {
        let all: Vec<_> = measures.0.iter().map(|((turn, _), of)| json!([turn, of])).collect();
        let report = json!({
            "postgresql": version, "events": options.events, "calls": options.calls,
            "rounds": options.rounds, "paths": rows, "counts": counted, "measures": all,
        });
        std::fs::write(file, serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
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
