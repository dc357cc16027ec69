//! What can go wrong, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
};

use thiserror::Error;

/// What to type where no PostgreSQL is installed.
const INSTALL: &str = "Install it (Debian, Ubuntu: `apt-get install postgresql`; Fedora: `dnf install postgresql-server`; \
     macOS: `brew install postgresql@17`), or set DATABASE_URL to a server";

/// Why there is no private server.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PrivatePostgresError {
    /// No environment variable and no account says where to keep the data.
    #[error(
        "there is no home directory to keep the database in. Set EPOCH_LEDGER_STATE_DIR to a directory"
    )]
    NoStateDir,

    /// No PostgreSQL is installed in any place looked at.
    #[error("no PostgreSQL was found. {INSTALL}")]
    NotInstalled,

    /// The directory that was named for the binaries does not hold them.
    #[error("{} does not hold initdb, pg_ctl and postgres. Name the directory that does, or none. \
             If PostgreSQL is not installed: {INSTALL}", dir.display())]
    BinariesMissing {
        /// The directory that was named.
        dir: PathBuf,
    },

    /// There are binaries, but none that can run this cluster.
    #[error("PostgreSQL {needed} is needed{}, but only {found} was found. \
             Install that version, or set EPOCH_LEDGER_PG_BIN to its binaries", for_data(data.as_deref()))]
    WrongMajor {
        /// The data directory that asks for the version, if it exists.
        data: Option<PathBuf>,
        /// The version asked for, `15`, or `14 or later`.
        needed: String,
        /// The versions found.
        found: String,
    },

    /// The data directory is none of PostgreSQL's.
    #[error("{} is not a PostgreSQL data directory: its PG_VERSION is missing or unreadable. \
             Restore it from a backup, or move it away to begin anew", data.display())]
    NotACluster {
        /// The data directory.
        data: PathBuf,
    },

    /// The cluster was made to be kept and is now asked for as a throwaway, or the like.
    #[error("{} holds a database made as {made_as}, and is asked for as {asked_as}. Name another directory", state_dir.display())]
    MadeOtherwise {
        /// The state directory.
        state_dir: PathBuf,
        /// What the cluster was made as.
        made_as: String,
        /// What it is asked for as.
        asked_as: String,
    },

    /// The program runs as root, and there is no account to run the server as.
    #[error(
        "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as. Create one of them"
    )]
    NoServerAccount,

    /// The program runs as root, and the account of the server cannot reach the state directory.
    #[error("the server runs as user `{account}`, who cannot enter {}. \
             Set EPOCH_LEDGER_STATE_DIR to a directory that user can reach, such as /var/lib/epoch-ledger", dir.display())]
    CannotEnter {
        /// The directory that is in the way.
        dir: PathBuf,
        /// The account of the server.
        account: String,
    },

    /// A directory belongs to somebody else, or others may write to it.
    #[error("{} must belong to user `{account}`, and nobody else may write to it. \
             Name an empty directory with EPOCH_LEDGER_STATE_DIR, or repair its owner and mode", dir.display())]
    NotPrivate {
        /// The directory.
        dir: PathBuf,
        /// The account it should belong to.
        account: String,
    },

    /// The state directory's path is too long for a socket, and so are the fallbacks.
    #[error("no directory for the server's socket: {} and the temporary directories are too long or have special characters. \
             Set EPOCH_LEDGER_STATE_DIR to a shorter path", state_dir.display())]
    NoSocketDir {
        /// The state directory.
        state_dir: PathBuf,
    },

    /// Neither `flock` nor `perl` is installed.
    #[error(
        "neither `flock` nor `perl` was found, and the server could not be stopped without one. Install util-linux or perl"
    )]
    NoLockProgram,

    /// A program could not be run.
    #[error("cannot run {} as user `{account}`", program.display())]
    CannotRun {
        /// The program.
        program: PathBuf,
        /// The account it was to run as.
        account: String,
        /// Why.
        source: io::Error,
    },

    /// A step on the cluster failed; PostgreSQL said why.
    #[error("{step} failed ({status}). The end of {}:\n{tail}", log.display())]
    Failed {
        /// Which step: `initdb` or the like.
        step: &'static str,
        /// How its program ended.
        status: ExitStatus,
        /// The log.
        log: PathBuf,
        /// Its last lines.
        tail: String,
    },

    /// A server runs, but does not answer.
    #[error("the server in {} (process {pid}) runs, but accepts no connections. \
             Its log lies beside it. Stop it with `kill {pid}` and try again", data.display())]
    Unanswering {
        /// Its data directory.
        data: PathBuf,
        /// Its process.
        pid: i32,
    },

    /// Throwaways were removed as fast as this process made them.
    #[error("{} was removed each time it was made. Try again, or name another directory", state_dir.display())]
    RemovedTooOften {
        /// The state directory.
        state_dir: PathBuf,
    },

    /// The file system refused.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// What was tried: `open`, `create` or the like.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it was refused.
        source: io::Error,
    },
}

/// `.map_err(io_error("open", path))`, as nearly every line here needs it.
pub(crate) fn io_error(
    action: &'static str,
    path: &Path,
) -> impl FnOnce(io::Error) -> PrivatePostgresError {
    move |source| PrivatePostgresError::Io { action, path: path.to_owned(), source }
}

fn for_data(data: Option<&Path>) -> String {
    data.map_or_else(String::new, |data| format!(" for {}", data.display()))
}
