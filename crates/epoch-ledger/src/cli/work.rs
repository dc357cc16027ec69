//! `config`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use worker::config::FILE_NAME;

const AFTER_HELP: &str = "\
From nothing to a plan that is in order:
  epoch-ledger config example > epoch-ledger.toml
  epoch-ledger config check
  epoch-ledger config show";

#[derive(Debug, Subcommand)]
#[command(after_long_help = AFTER_HELP)]
pub(crate) enum ConfigCommand {
    /// Say everything that is wrong with the plan, by line, and whether its sources can be opened
    ///
    /// Each fault is told as FILE:LINE:COLUMN: KEY: what is wrong and what would be right. Sources
    /// are opened, and not read. The exit code is 2 when there is a fault.
    Check(ConfigArgument),
    /// Print what is in force, defaults included
    ///
    /// What is printed is a plan that says the same. With --json, amounts are text.
    Show(ConfigArgument),
    /// Print a plan to begin with, in which every key is explained
    Example,
}

/// Which plan a command follows.
#[derive(Debug, Args)]
pub(crate) struct ConfigArgument {
    /// The plan
    #[arg(long, env = "EPOCH_LEDGER_CONFIG", default_value = FILE_NAME, value_name = "FILE")]
    pub(crate) config: PathBuf,
}
