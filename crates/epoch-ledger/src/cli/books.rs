//! `demo`, `db`, `ledger`, `epoch`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};
use ledger_core::{Credits, LedgerName, Timestamp, Visibility};

use super::EpochArgument;

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// The git repository to read
    #[arg(long, default_value = ".", value_name = "PATH")]
    pub(crate) repo: PathBuf,
    /// How many weeks, up to the one of the newest commit
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=5_200))]
    pub(crate) weeks: u32,
    /// How many credits to pay out
    #[arg(long, default_value = "10000", value_name = "CREDITS", allow_negative_numbers = true)]
    pub(crate) pool: Credits,
    /// Units, in thousandths, for a kind of event [default: git:commit_authored=1000]
    #[arg(long = "weight", value_name = "KIND=UNITS")]
    pub(crate) weights: Vec<String>,
    /// Pay week by week, leave the last one open, and show it all as pages until Ctrl-C
    #[arg(long)]
    pub(crate) serve: bool,
    /// Where to show the pages; port 0 takes one that is free
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS:PORT", requires = "serve")]
    pub(crate) listen: SocketAddr,
}

#[derive(Debug, Subcommand)]
pub(crate) enum DbCommand {
    /// Make the role the program runs as (as a superuser; again is safe)
    Provision,
    /// Bring the schema up to date (as the database's owner; again is safe)
    Migrate,
    /// Show which migrations the database has
    Status,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LedgerCommand {
    /// Create a ledger (again is safe)
    Create {
        /// Its name: a-z, 0-9, '_', '-' and '.'
        name: LedgerName,
        /// Show it to everybody, without addresses and platforms' ids
        #[arg(long)]
        public: bool,
    },
    /// Say who may read a ledger: whoever holds a token, or everybody (again is safe)
    Visibility {
        /// Which ledger
        name: LedgerName,
        /// `private` or `public`
        visibility: Visibility,
    },
    /// List the ledgers of this database
    List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EpochCommand {
    /// Open an epoch
    Open(EpochOpenArguments),
    /// List the epochs, newest first
    List {
        /// How many at most
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=5_000))]
        limit: u16,
    },
    /// Show one epoch: window, weights, budget, what is missing
    Show(EpochArgument),
    /// Put an epoch into review, so that the next one can be opened (again is safe)
    Review(EpochArgument),
    /// Show the payouts, ask, then close the epoch and write its statement
    Close {
        #[command(flatten)]
        epoch: EpochArgument,
        /// Do not ask
        #[arg(long)]
        yes: bool,
        /// Show what would be written, and write nothing
        #[arg(long, conflicts_with = "yes")]
        dry_run: bool,
    },
}

#[derive(Debug, Args)]
#[command(group = clap::ArgGroup::new("window").required(true).multiple(true))]
pub(crate) struct EpochOpenArguments {
    /// An ISO 8601 week, such as 2026-W47: Monday 00:00 UTC to the next
    #[arg(long, group = "window", conflicts_with_all = ["from", "to"])]
    pub(crate) week: Option<String>,
    /// The first moment, such as 2026-11-16 or 2026-11-16T00:00:00Z
    #[arg(long, group = "window", requires = "to", value_name = "TIME")]
    pub(crate) from: Option<Timestamp>,
    /// The first moment after it
    #[arg(long, group = "window", requires = "from", value_name = "TIME")]
    pub(crate) to: Option<Timestamp>,
    /// A JSON file with the weight table, {"git:commit_authored": 1000, …}; strings do as well
    #[arg(long, value_name = "FILE", conflicts_with = "weight")]
    pub(crate) weights: Option<PathBuf>,
    /// Units, in thousandths, for a kind of event; may be given more than once
    ///
    /// Without --weights and --weight the epoch takes the weights of the one before it; the first
    /// epoch of a ledger pays 1.000 for a commit and 0.500 for a co-authored one.
    #[arg(long, value_name = "KIND=UNITS")]
    pub(crate) weight: Vec<String>,
}
