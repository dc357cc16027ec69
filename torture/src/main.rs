//! Tortures the store, as long as it may.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use ledger_torture::{Extent, Failure, Held, TORTURES, Torture, commit, document};

/// Names the one deliberate fault that is at work, of those that this build has. The players hear it, too.
const FAULT: &str = "LEDGER_TORTURE_FAULT";

/// Tortures the store on a PostgreSQL of its own, and tells in figures what it did.
///
/// Ends with 0 where every promise held, with 1 where one was broken, with 2 where a torture could not go
/// on.
#[derive(Debug, Parser)]
#[command(version)]
struct Options {
    /// Which tortures, and in which order; all of them where none is named.
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(TORTURES.iter().map(|one| one.name)))]
    tortures: Vec<String>,
    /// The longest that each of them may take.
    #[arg(long, default_value_t = 10.0, value_parser = minutes)]
    minutes: f64,
    /// Throws the same dice again. In which order concurrent callers come to their turns is up to the
    /// machine.
    #[arg(long)]
    seed: Option<u64>,
    /// The short form, as in CI.
    #[arg(long, conflicts_with = "minutes")]
    short: bool,
    /// Where the figures go, as Markdown: each torture that held writes its section anew.
    #[arg(long)]
    markdown: Option<PathBuf>,
    /// Plays a part of a torture that another process directs.
    #[arg(long, hide = true, exclusive = true)]
    play: Option<String>,
}

fn minutes(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(minutes) if (0.01..=100_000.0).contains(&minutes) => Ok(minutes),
        _ => Err("it must be a number from 0.01 to 100000".to_owned()),
    }
}

#[tokio::main(flavor = "multi_thread")]
async fn main() -> ExitCode {
    let options = Options::parse();
    if let Ok(fault) = std::env::var(FAULT) {
        ledger_core::faults::choose(fault).expect("none was chosen before");
    }
    if let Some(part) = &options.play {
        return match ledger_torture::play(part).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(failure) => told(failure),
        };
    }
    let seed = options.seed.unwrap_or_else(|| fastrand::u64(..));
    let named = |name: &String| TORTURES.iter().find(|one| one.name == *name);
    let tortures: Vec<&'static Torture> = match options.tortures.is_empty() {
        true => TORTURES.iter().collect(),
        false => options.tortures.iter().filter_map(named).collect(),
    };
    for torture in tortures {
        let ran = run(torture, &options, seed).await;
        if let Err(failure) = ran.and_then(|held| write_down(&held, &options, seed)) {
            eprint!("{}: ", torture.name);
            let ended = told(failure);
            eprintln!("again: just torture {} --seed {seed}", torture.name);
            return ended;
        }
    }
    ExitCode::SUCCESS
}

/// Says why, and makes an exit code of it.
fn told(failure: Failure) -> ExitCode {
    eprintln!("{failure}");
    failure.into()
}

fn write_down(held: &Held, options: &Options, seed: u64) -> Result<(), Failure> {
    let Some(file) = &options.markdown else { return Ok(()) };
    let page = match std::fs::read_to_string(file) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        page => page?,
    };
    let (name, minutes, shown) = (held.torture.name, options.minutes, file.display());
    let extent = if options.short { "--short".to_owned() } else { format!("--minutes {minutes}") };
    let command = format!("just torture {name} {extent} --seed {seed} --markdown {shown}");
    Ok(std::fs::write(file, document(&page, held, &command))?)
}

async fn run(torture: &'static Torture, options: &Options, seed: u64) -> Result<Held, Failure> {
    let extent = match options.short {
        true => Extent::short(seed),
        false => Extent::long(seed, Duration::from_secs(60).mul_f64(options.minutes)),
    };
    println!("{} (seed {seed}): {}", torture.name, torture.about);
    let commit = commit();
    let began = Instant::now();
    let report = torture.run(&extent).await?;
    let took = began.elapsed();
    println!("{report}  held, in {:.1} s", took.as_secs_f64());
    Ok(Held { torture, report, commit, took })
}
