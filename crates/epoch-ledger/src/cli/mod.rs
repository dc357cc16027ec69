//! What can be typed. One file for each group of commands; the texts here are the manual.

mod activity;
mod books;
mod collect;
mod jobs;
mod payout;
mod serve;
mod work;

pub(crate) use activity::{ActivityCommand, IdentityCommand};
pub(crate) use books::{DbCommand, DemoArguments, EpochCommand, EpochOpenArguments, LedgerCommand};
pub(crate) use collect::{
    ArchiveArguments, CollectCommand, CsvArguments, FileArguments, GitArguments, GithubArguments,
};
pub(crate) use jobs::{JobsCommand, SourcesCommand, WorkArguments};
pub(crate) use payout::{
    AllocateCommand, ExportFormat, PoolAddArguments, PoolCommand, StatementArgument,
    StatementCommand,
};
pub(crate) use serve::{LimitArguments, ServeArguments, TokenCommand, WebhookArgument};
pub(crate) use work::{ConfigArgument, ConfigCommand};

use clap::{Args, Parser, Subcommand};
use ledger_core::LedgerName;

use crate::epoch_choice::EpochChoice;

const AFTER_HELP: &str = "\
A week, from a git repository to a payout statement:
  epoch-ledger epoch open --week 2026-W47
  epoch-ledger collect git .
  epoch-ledger identity unresolved
  epoch-ledger identity bind git ada@example.org ada
  epoch-ledger allocate propose
  epoch-ledger pool add base_issuance 10000
  epoch-ledger epoch close
  epoch-ledger statement verify

Weeks that run by themselves, up to the review:
  epoch-ledger config example > epoch-ledger.toml
  epoch-ledger config check
  epoch-ledger work

Pages for everybody to look at, and an API:
  epoch-ledger token create --scope admin me
  epoch-ledger serve

Exit codes:
  0 done             4 there is no such thing
  1 unexpected       5 verification found a difference
  2 wrong arguments  6 the database or a source cannot be used
  3 the ledger's rules refuse it
  130 interrupted

Without DATABASE_URL the program keeps a PostgreSQL of its own under the user's state directory
(EPOCH_LEDGER_STATE_DIR to choose another) and runs it only while it is needed.";

/// Who did what, what it earned, and a payout statement that anyone can recompute
#[derive(Debug, Parser)]
#[command(name = "epoch-ledger", version, after_long_help = AFTER_HELP, propagate_version = true)]
#[command(disable_help_subcommand = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Args)]
pub(crate) struct Global {
    /// The PostgreSQL database to use, as postgres://user@host:5432/database
    #[arg(long, global = true, env = "DATABASE_URL", hide_env_values = true, value_name = "URL")]
    #[arg(help_heading = "Global options")]
    pub(crate) database_url: Option<String>,
    /// Whose books
    #[arg(long, global = true, env = "EPOCH_LEDGER_LEDGER", default_value = "default")]
    #[arg(value_name = "NAME", help_heading = "Global options")]
    pub(crate) ledger: LedgerName,
    /// Print results, and errors, as JSON
    #[arg(long, global = true, help_heading = "Global options")]
    pub(crate) json: bool,
    /// Say what happens inside (twice: more); the variable RUST_LOG says it more finely
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    #[arg(help_heading = "Global options")]
    pub(crate) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// The whole story on a throwaway ledger: collect, propose, pay, verify
    Demo(DemoArguments),
    /// Roles and schema of the database
    #[command(subcommand)]
    Db(DbCommand),
    /// Communities
    #[command(subcommand)]
    Ledger(LedgerCommand),
    /// Windows of time: open, review, close
    #[command(subcommand)]
    Epoch(EpochCommand),
    /// Read new activity into the open epoch
    #[command(subcommand)]
    Collect(CollectCommand),
    /// Run epochs by themselves: collect what is due, go on when a window is over
    Work(WorkArguments),
    /// Answer over HTTP: the pages, and the API that they stand on
    Serve(ServeArguments),
    /// Who may use the API and the pages
    #[command(subcommand)]
    Token(TokenCommand),
    /// What the workers are to do, and what became of it
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// How the configured sources get on
    #[command(subcommand)]
    Sources(SourcesCommand),
    /// Who did what
    #[command(subcommand)]
    Activity(ActivityCommand),
    /// Who is who
    #[command(subcommand)]
    Identity(IdentityCommand),
    /// Units: what is proposed, and what an admin decided instead
    #[command(subcommand)]
    Allocate(AllocateCommand),
    /// The budget of an epoch
    #[command(subcommand)]
    Pool(PoolCommand),
    /// What was paid, and its recomputation
    #[command(subcommand)]
    Statement(StatementCommand),
    /// The plan by which epochs run by themselves; no database is needed
    #[command(subcommand)]
    Config(ConfigCommand),
}

/// Which epoch a command is about.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct EpochArgument {
    /// The epoch's number, or `current` (the only one that is not closed), or `latest`
    #[arg(default_value = "current", value_name = "EPOCH")]
    pub(crate) epoch: EpochChoice,
}

/// The same as an option.
#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct EpochOption {
    /// The epoch's number, or `current` (the only one that is not closed), or `latest`
    #[arg(long, default_value = "current", value_name = "EPOCH")]
    pub(crate) epoch: EpochChoice,
}
