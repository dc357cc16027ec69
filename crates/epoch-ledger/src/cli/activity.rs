//! `activity`, `identity`.

use clap::Subcommand;
use ledger_core::{DisplayName, PlatformUserId, SourceName, UserId};

use super::EpochOption;

#[derive(Debug, Subcommand)]
pub(crate) enum ActivityCommand {
    /// List the events of an epoch, oldest first
    List {
        #[command(flatten)]
        epoch: EpochOption,
        /// Only those that belong to nobody yet
        #[arg(long)]
        unresolved: bool,
        /// How many at most; 0 for all
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum IdentityCommand {
    /// Say who a platform user is, and give them what waits for them (again is safe)
    Bind {
        /// The platform, such as git
        source: SourceName,
        /// The platform's user; for git the email after .mailmap, in lower case
        platform_user: PlatformUserId,
        /// Who is paid
        user: UserId,
    },
    /// Say what everybody may call a user (again is safe)
    Name {
        /// Who
        user: UserId,
        /// The name; without one it is taken back
        name: Option<DisplayName>,
    },
    /// List who is bound to whom
    List,
    /// List platform users whose events wait for a person
    Unresolved(EpochOption),
}
