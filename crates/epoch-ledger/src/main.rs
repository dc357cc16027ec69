//! The command line of Epoch Ledger.
//!
//! `cli/` says what can be typed, `commands/` does it, `output` prints results, `views` are the
//! records as JSON, `failure` is what goes wrong and with which exit code. No rule of the ledger is
//! here. To add a command: its words in `cli/`, its file in `commands/`.

mod cli;
mod commands;
mod epoch_choice;
mod failure;
mod output;
mod session;
mod views;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::cli::{Cli, Command};
use crate::failure::Failure;
use crate::session::Session;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    log_to_stderr(&cli);
    let is_json = cli.global.json;
    match run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print(is_json);
            ExitCode::from(&failure)
        }
    }
}

fn run(cli: Cli) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let done = runtime.block_on(run_until_interrupted(cli));
    // A thread that walks a repository or starts a server cannot be told to stop. Whoever is
    // interrupted does not wait for it; whoever is done has none.
    runtime.shutdown_background();
    done
}

/// Words that are no command; `--help` and `--version` come this way too.
fn refuse(error: &clap::Error) -> ExitCode {
    let mut words = std::env::args_os().take_while(|word| word != "--");
    let is_json = words.any(|word| word == "--json");
    let Some(failure) = Failure::of_words(error, is_json) else { error.exit() };
    failure.print(is_json);
    ExitCode::from(&failure)
}

/// Dropping the command gives up its connections and its use of the private server, whose watchdog
/// stops it; a transaction under way is rolled back by PostgreSQL.
async fn run_until_interrupted(cli: Cli) -> Result<(), Failure> {
    let session = Session::new(&cli.global);
    // Both before the command begins, so that no signal finds the program without an answer.
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut terminated = signal(SignalKind::terminate())?;
    let mut command = std::pin::pin!(commands::run(cli.command, &session));
    loop {
        tokio::select! {
            done = &mut command => return done,
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
        if !session.tell_to_stop() {
            return Err(Failure::interrupted(session.interruption_leaves.get()));
        }
    }
}

/// Under `--json` nothing but JSON is printed, unless a log is asked for.
fn log_to_stderr(cli: &Cli) {
    let is_json = cli.global.json;
    let default = match cli.global.verbose {
        // A worker is watched by its log.
        0 if matches!(cli.command, Command::Work(_)) => "info",
        0 if is_json => "off",
        0 => "warn",
        1 => "info,ledger_repository=debug,app_container=debug",
        _ => "debug",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}
