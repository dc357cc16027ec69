//! `allocate`, `pool`, `statement`.

use clap::{Args, Subcommand, ValueEnum};
use ledger_core::{ComponentId, Credits, Units, UserId};

use super::EpochOption;
use crate::epoch_choice::EpochChoice;

#[derive(Debug, Subcommand)]
pub(crate) enum AllocateCommand {
    /// Compute every user's units from events and weights; decisions stay (again is safe)
    Propose(EpochOption),
    /// Decide on other units for one user, with a reason
    Override {
        /// Whose
        user: UserId,
        /// The units, in thousandths: 8000 is 8.000
        #[arg(required_unless_present = "take_back", allow_negative_numbers = true)]
        units: Option<Units>,
        /// Why; contributors will read it
        #[arg(long, required_unless_present = "take_back")]
        reason: Option<String>,
        /// Go back to what is proposed
        #[arg(long, conflicts_with_all = ["units", "reason"])]
        take_back: bool,
        #[command(flatten)]
        epoch: EpochOption,
    },
    /// List the units of an epoch
    List(EpochOption),
}

#[derive(Debug, Subcommand)]
pub(crate) enum PoolCommand {
    /// Add a part to an epoch's budget; it can never be changed
    Add(PoolAddArguments),
    /// List the parts of an epoch's budget
    List(EpochOption),
}

#[derive(Debug, Args)]
pub(crate) struct PoolAddArguments {
    /// Which part, such as base_issuance or top_up
    pub(crate) component: ComponentId,
    /// How many credits
    #[arg(allow_negative_numbers = true)]
    pub(crate) credits: Credits,
    /// The version of the rule that gave the amount
    #[arg(long, default_value = "manual-v1", value_name = "VERSION")]
    pub(crate) algorithm: String,
    /// What the rule was given, as JSON
    #[arg(long, default_value = "{}", value_name = "JSON")]
    pub(crate) inputs: String,
    /// Where the evidence is, such as the address of a vote
    #[arg(long, value_name = "REFERENCE")]
    pub(crate) evidence: Option<String>,
    #[command(flatten)]
    pub(crate) epoch: EpochOption,
}

#[derive(Debug, Subcommand)]
pub(crate) enum StatementCommand {
    /// Show who was paid what, and the hashes
    Show(StatementArgument),
    /// Print the statement for others: canonical JSON (RFC 8785), or CSV
    Export {
        #[command(flatten)]
        epoch: StatementArgument,
        /// In which form
        #[arg(long, value_enum, default_value_t = ExportFormat::Json)]
        format: ExportFormat,
    },
    /// Recompute everything from the stored events and compare (exit code 5 on a difference)
    Verify(StatementArgument),
}

#[derive(Debug, Clone, Copy, Args)]
pub(crate) struct StatementArgument {
    /// The epoch's number, or `latest` for the newest closed one
    #[arg(default_value = "latest", value_name = "EPOCH", value_parser = EpochChoice::parse_closed)]
    pub(crate) epoch: EpochChoice,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ExportFormat {
    Json,
    Csv,
}
