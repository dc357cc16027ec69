//! What a caller chooses, and where the data lies if it chooses nothing.

use std::{env, ffi::OsString, fmt, path::PathBuf, time::Duration};

use nix::unistd::{Uid, User};

use crate::error::PrivatePostgresError;

/// Enough for the pools of a server, a worker and a few commands beside them.
const DURABLE_MAX_CONNECTIONS: u32 = 100;
/// Tests run side by side, each with a pool of its own.
const THROWAWAY_MAX_CONNECTIONS: u32 = 200;
/// PostgreSQL's own default, which also a small machine has to spare.
const SHARED_BUFFERS_MIB: u32 = 128;
/// Long enough that the next test process finds the server of the one before.
const THROWAWAY_LINGER: Duration = Duration::from_secs(10);

/// Which private server, and how it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The directory of this server. It is made where it is missing; one server lies in one directory.
    pub state_dir: PathBuf,
    /// The directory of the PostgreSQL binaries; looked for where it is not set.
    pub bin_dir: Option<PathBuf>,
    /// Whether a commit survives a power cut.
    pub durability: Durability,
    /// Whether the data outlives the server.
    pub lifetime: Lifetime,
    /// How long the server waits for another user after the last one left, in whole seconds, rounded up.
    pub linger: Duration,
    /// How many connections the server takes at once.
    pub max_connections: u32,
    /// How much memory it has for the pages of its tables and indexes (`shared_buffers`), in MiB.
    pub shared_buffers_mib: u32,
}

/// Whether a commit survives a power cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// It does: PostgreSQL's own defaults.
    Durable,
    /// It does not: nothing waits for the disk. For tests.
    Fast,
}

/// Whether the data outlives the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifetime {
    /// It does.
    Kept,
    /// The state directory is emptied when the server stops, and removed where the server's user may.
    Throwaway,
}

impl Settings {
    /// A server that keeps its data and stops with its last user: the program's own.
    #[must_use]
    pub fn durable(state_dir: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            bin_dir: None,
            durability: Durability::Durable,
            lifetime: Lifetime::Kept,
            linger: Duration::ZERO,
            max_connections: DURABLE_MAX_CONNECTIONS,
            shared_buffers_mib: SHARED_BUFFERS_MIB,
        }
    }

    /// A fast server that leaves nothing, ten seconds after its last user left: for tests.
    #[must_use]
    pub fn throwaway(state_dir: impl Into<PathBuf>) -> Self {
        Self {
            state_dir: state_dir.into(),
            bin_dir: None,
            durability: Durability::Fast,
            lifetime: Lifetime::Throwaway,
            linger: THROWAWAY_LINGER,
            max_connections: THROWAWAY_MAX_CONNECTIONS,
            shared_buffers_mib: SHARED_BUFFERS_MIB,
        }
    }

    /// What a cluster is made as. It cannot change later: a throwaway must never swallow kept data,
    /// and data that was once written without waiting for the disk does not become durable.
    pub(crate) fn kind(&self) -> String {
        format!("{}, {}", self.durability, self.lifetime)
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Durable => "durable",
            Self::Fast => "fast",
        })
    }
}

impl fmt::Display for Lifetime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Kept => "kept",
            Self::Throwaway => "throwaway",
        })
    }
}

/// The state directory where none is named.
///
/// `$EPOCH_LEDGER_STATE_DIR`; as root `/var/lib/epoch-ledger`; `$XDG_STATE_HOME/epoch-ledger`;
/// `.local/state/epoch-ledger` below `$HOME` or the home of the account. Empty variables count as unset.
///
/// # Errors
///
/// [`PrivatePostgresError::NoStateDir`] where none of these is set.
pub fn default_state_dir() -> Result<PathBuf, PrivatePostgresError> {
    let account_home = || User::from_uid(Uid::effective()).ok().flatten().map(|user| user.dir);
    state_dir_from(|name| env::var_os(name), Uid::effective().is_root(), account_home)
        .ok_or(PrivatePostgresError::NoStateDir)
}

fn state_dir_from(
    variable: impl Fn(&str) -> Option<OsString>,
    is_root: bool,
    account_home: impl FnOnce() -> Option<PathBuf>,
) -> Option<PathBuf> {
    let path = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(named) = path("EPOCH_LEDGER_STATE_DIR") {
        return Some(named);
    }
    if is_root {
        return Some(PathBuf::from("/var/lib/epoch-ledger"));
    }
    // The XDG specification has relative paths ignored.
    let base = path("XDG_STATE_HOME").filter(|base| base.is_absolute()).or_else(|| {
        let home = path("HOME").or_else(account_home)?;
        Some(home.join(".local/state"))
    })?;
    Some(base.join("epoch-ledger"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(variables: &[(&str, &str)], is_root: bool) -> Option<PathBuf> {
        let find = |name: &str| {
            let (_, value) = variables.iter().find(|(key, _)| *key == name)?;
            Some(OsString::from(value))
        };
        state_dir_from(find, is_root, || Some(PathBuf::from("/passwd")))
    }

    #[test]
    fn the_first_variable_that_is_set_decides() {
        let every =
            [("EPOCH_LEDGER_STATE_DIR", "/named"), ("XDG_STATE_HOME", "/xdg"), ("HOME", "/home/a")];
        assert_eq!(resolve(&every, true), Some("/named".into()));
        assert_eq!(resolve(&every[1..], true), Some("/var/lib/epoch-ledger".into()));
        assert_eq!(resolve(&every[1..], false), Some("/xdg/epoch-ledger".into()));
        assert_eq!(resolve(&every[2..], false), Some("/home/a/.local/state/epoch-ledger".into()));
        assert_eq!(resolve(&[], false), Some("/passwd/.local/state/epoch-ledger".into()));
    }

    #[test]
    fn empty_and_relative_values_count_as_unset() {
        let empty = [("EPOCH_LEDGER_STATE_DIR", ""), ("XDG_STATE_HOME", "relative"), ("HOME", "")];
        assert_eq!(resolve(&empty, false), Some("/passwd/.local/state/epoch-ledger".into()));
    }
}
