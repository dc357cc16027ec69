//! What each command does.

mod activity;
mod allocate;
mod collect;
mod db;
mod demo;
mod epoch;
mod identity;
mod ledger;
mod pool;
mod statement;

use crate::cli::Command;
use crate::failure::Failure;
use crate::session::Session;

/// Does what was typed.
pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Demo(arguments) => demo::run(&arguments, session).await,
        Command::Db(command) => db::run(&command, session).await,
        Command::Ledger(command) => ledger::run(&command, session).await,
        Command::Epoch(command) => epoch::run(&command, session).await,
        Command::Collect(command) => collect::run(command, session).await,
        Command::Activity(command) => activity::run(&command, session).await,
        Command::Identity(command) => identity::run(command, session).await,
        Command::Allocate(command) => allocate::run(command, session).await,
        Command::Pool(command) => pool::run(command, session).await,
        Command::Statement(command) => statement::run(&command, session).await,
    }
}
