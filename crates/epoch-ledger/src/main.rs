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
mod telemetry;
mod views;

use std::process::ExitCode;

use clap::Parser as _;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Cli;
use crate::failure::Failure;
use crate::session::Session;
use crate::telemetry::Telemetry;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return refuse(&error),
    };
    let is_json = cli.global.json;
    let telemetry = match Telemetry::begin(&cli) {
        Ok(telemetry) => telemetry,
        Err(error) => {
            let message =
                format!("the OpenTelemetry collector that is named cannot be used: {error}");
            let failure = Failure::wrong_arguments(message);
            failure.print(is_json);
            return ExitCode::from(&failure);
        }
    };
    let ended = run(cli);
    telemetry.end();
    match ended {
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
