//! The program's own PostgreSQL, where none is named.
//!
//! A blocking library over the installed `initdb`, `pg_ctl` and `postgres`. What belongs here is
//! everything between "no database was named" and "a server accepts connections at this URL":
//! finding the binaries, choosing who the server runs as, making the cluster, sharing one server
//! between processes, and leaving none behind. What does not: databases, roles, migrations, SQL.
//!
//! # How it holds together
//!
//! Three lock files lie in the state directory. The kernel gives a lock back when its holder ends,
//! however it ends, and that is what all of this rests on.
//!
//! - `users.lock` is held shared by everyone who uses the server.
//! - `start.lock` is held by whoever initialises, starts, joins or leaves, and by the `initdb` and
//!   `pg_ctl` it runs: they outlive a killed parent, and nobody may work beside them.
//! - `watchdog.lock` is held by the watchdog, a small shell process that waits until it gets
//!   `users.lock` for itself, then stops the server (`watchdog.sh`).
//!
//! They are always taken in this order: users, start. One who holds users alone stops the server;
//! one who comes meanwhile waits for it and then starts a fresh one.
//!
//! # How to change it
//!
//! A server option goes into `Cluster::options`; a place to look for binaries into `binaries.rs`;
//! how the server is stopped and what a throwaway leaves is said once, in `watchdog.sh`. A new file
//! in the state directory needs its name in `state_dir.rs` and, to be removed with a throwaway,
//! in `watchdog.sh`.

mod account;
mod binaries;
mod cluster;
mod error;
mod locks;
mod log;
mod postmaster;
mod settings;
mod socket;
mod state_dir;
mod url;
mod watchdog;

use std::path::{Path, PathBuf};

use crate::{
    binaries::Binaries,
    cluster::Cluster,
    locks::{Leaving, StartLock, UsersLock},
    state_dir::StateDir,
};

pub use crate::{
    error::PrivatePostgresError,
    settings::{Durability, Lifetime, Settings, default_state_dir},
};

/// The superuser of every private server. Nobody else reaches its socket, so it has no password.
const SUPERUSER: &str = "postgres";

/// One use of the private server. The server runs at least as long as this value lives.
///
/// Dropping it gives the use up without waiting; the watchdog stops the server once nobody uses it.
/// Where the program is the first process of a container, call [`PrivatePostgres::stop`] instead:
/// the container ends with the program, and the watchdog with the container.
#[derive(Debug)]
pub struct PrivatePostgres {
    users: UsersLock,
    state_dir: StateDir,
    binaries: Binaries,
    socket_dir: PathBuf,
    settings: Settings,
}

/// What [`PrivatePostgres::stop`] left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// This was the last user: the server has stopped, and a throwaway is gone.
    ServerStopped,
    /// Others still use the server; the last of them, or the watchdog, stops it.
    InUse,
    /// The server waits out its linger for another user; then the watchdog stops it.
    Lingering,
}

impl PrivatePostgres {
    /// Joins the running server, or initialises and starts it, and returns once it accepts connections.
    ///
    /// Who joins a running server gets it as it is: `max_connections`, `shared_buffers_mib` and `linger` are those of
    /// its start.
    ///
    /// # Errors
    ///
    /// Where no server can be had, see [`PrivatePostgresError`]. Nothing half-started is left.
    pub fn start(settings: &Settings) -> Result<Self, PrivatePostgresError> {
        // Looked for before anything is made, so that a missing PostgreSQL leaves no directory behind.
        let named = settings.bin_dir.as_deref();
        let needed = binaries::needed_by(&settings.state_dir.join(state_dir::DATA)).unwrap_or(None);
        let mut binaries = Binaries::find(named, needed.as_ref())?;

        let (state_dir, users) = UsersLock::join(&settings.state_dir)?;
        let start = StartLock::acquire(&state_dir)?;
        users.sign()?;

        // Another process may have made the data since, with other binaries.
        let needed = binaries::needed_by(&state_dir.data())?;
        if needed.as_ref().is_some_and(|needed| needed.major != binaries.major()) {
            binaries = Binaries::find(named, needed.as_ref())?;
        }
        let cluster = Cluster::new(&state_dir, &binaries, settings, &start);
        let socket_dir = cluster.ensure_running()?;

        Ok(Self { users, socket_dir, binaries, settings: settings.clone(), state_dir })
    }

    /// The URL of a database on this server, as `tokio-postgres` and libpq read it.
    #[must_use]
    pub fn connection_url(&self, user: &str, database: &str) -> String {
        url::connection_url(&self.socket_dir, user, database)
    }

    /// The name of the role that may do everything on this server.
    #[must_use]
    pub fn superuser(&self) -> &'static str {
        SUPERUSER
    }

    /// The directory that holds the server's socket.
    #[must_use]
    pub fn socket_dir(&self) -> &Path {
        &self.socket_dir
    }

    /// The directory of the PostgreSQL binaries in use; `psql` usually lies there too.
    #[must_use]
    pub fn bin_dir(&self) -> &Path {
        self.binaries.dir()
    }

    /// The log of the server's current run.
    #[must_use]
    pub fn log_file(&self) -> PathBuf {
        self.state_dir.log()
    }

    /// Gives this use up and says what became of the server.
    ///
    /// Where this was the last use and the linger is zero, the server has stopped when this returns.
    ///
    /// # Errors
    ///
    /// Where the server does not stop or a lock cannot be had; the use is given up all the same.
    pub fn stop(self) -> Result<Stopped, PrivatePostgresError> {
        if !self.settings.linger.is_zero() {
            return Ok(Stopped::Lingering);
        }
        loop {
            // Two who leave at once take turns, or each would take the other for a user.
            let start = StartLock::acquire(&self.state_dir)?;
            match self.users.leave()? {
                Leaving::Last => {
                    watchdog::stop_now(&self.state_dir, &self.settings, &self.users)?;
                    return Ok(Stopped::ServerStopped);
                }
                Leaving::OthersUseIt => return Ok(Stopped::InUse),
                Leaving::BeingStopped => {
                    // The watchdog was first. It needs the start lock to go on.
                    drop(start);
                    self.users.wait()?;
                    if !self.users.is_current()? {
                        return Ok(Stopped::ServerStopped);
                    }
                    // Somebody may have started another since; the next round tells.
                }
            }
        }
    }
}
