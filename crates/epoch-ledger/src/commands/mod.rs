//! What each command does.

mod activity;
mod allocate;
mod close;
mod collect;
mod config;
mod db;
mod demo;
mod epoch;
mod identity;
mod jobs;
mod ledger;
mod missing;
mod pool;
mod serve;
mod sources;
mod statement;
mod token;
mod weights;
mod work;

use crate::cli::Command;
use crate::failure::Failure;
use crate::session::Session;

/// Does what was typed. What a command works with is opened and closed here, once.
pub(crate) async fn run(command: Command, session: &Session) -> Result<(), Failure> {
    match command {
        Command::Demo(arguments) => demo::run(&arguments, session).await,
        Command::Db(command) => {
            session.with_database(async |database| db::run(&command, database, session).await).await
        }
        Command::Ledger(command) => {
            session
                .with_container(async |container| ledger::run(&command, container, session).await)
                .await
        }
        Command::Epoch(command) => {
            session.with_books(async |books| epoch::run(&command, books, session).await).await
        }
        // It opens the repository before the books.
        Command::Collect(command) => collect::run(command, session).await,
        Command::Work(arguments) => work::run(&arguments, session).await,
        Command::Serve(arguments) => serve::run(&arguments, session).await,
        Command::Token(command) => {
            session.with_books(async |books| token::run(command, books, session).await).await
        }
        Command::Jobs(command) => {
            session
                .with_container(async |container| jobs::run(&command, container, session).await)
                .await
        }
        Command::Sources(command) => sources::run(&command, session).await,
        Command::Activity(command) => {
            session
                .with_books(async |books| activity::run(&command, books.store, session).await)
                .await
        }
        Command::Identity(command) => {
            session
                .with_books(async |books| identity::run(command, books.store, session).await)
                .await
        }
        Command::Allocate(command) => {
            session
                .with_books(async |books| allocate::run(command, books.store, session).await)
                .await
        }
        Command::Pool(command) => {
            session.with_books(async |books| pool::run(command, books, session).await).await
        }
        Command::Statement(command) => {
            session
                .with_books(async |books| statement::run(&command, books.store, session).await)
                .await
        }
        Command::Config(command) => config::run(command, session).await,
    }
}
