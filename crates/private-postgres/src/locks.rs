//! The locks that processes share a server by. The order is: users, then start.

use std::{
    fs::{self, File, TryLockError},
    io::{self, Seek as _, Write as _},
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Stdio,
    time::SystemTime,
};

use crate::{
    error::{PrivatePostgresError, io_error},
    state_dir::{START_LOCK, StateDir, USERS_LOCK},
};

/// A throwaway can vanish between finding it and locking it; not this often.
const MAX_JOIN_ATTEMPTS: u32 = 100;

/// A share in the use of the server. While anyone holds one, nobody stops it.
#[derive(Debug)]
pub(crate) struct UsersLock {
    file: File,
    path: PathBuf,
}

/// What one who leaves finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// Nobody else: the lock is now held alone.
    Last,
    OthersUseIt,
    /// The watchdog holds the lock alone.
    BeingStopped,
}

impl UsersLock {
    /// Makes the state directory where it is missing and takes a share of its lock. Waits while the
    /// server is being stopped, and begins anew if the directory went with it.
    pub(crate) fn join(state_dir: &Path) -> Result<(StateDir, Self), PrivatePostgresError> {
        for _ in 0..MAX_JOIN_ATTEMPTS {
            let attempt = StateDir::prepare(state_dir).and_then(|state_dir| {
                let path = state_dir.path().join(USERS_LOCK);
                let file = state_dir.open(USERS_LOCK).map_err(io_error("open", &path))?;
                Ok((state_dir, Self { file, path }))
            });
            let (state_dir, users) = match attempt {
                Err(PrivatePostgresError::Io { source, .. })
                    if source.kind() == io::ErrorKind::NotFound =>
                {
                    continue;
                }
                attempt => attempt?,
            };
            users.wait()?;
            if users.is_current()? {
                return Ok((state_dir, users));
            }
        }
        Err(PrivatePostgresError::RemovedTooOften { state_dir: state_dir.to_owned() })
    }

    /// Takes a share; waits while somebody holds the lock alone.
    pub(crate) fn wait(&self) -> Result<(), PrivatePostgresError> {
        uninterrupted(|| self.file.lock_shared()).map_err(io_error("lock", &self.path))
    }

    /// Whether the locked file is still the one the next process would open.
    pub(crate) fn is_current(&self) -> Result<bool, PrivatePostgresError> {
        let locked = self.file.metadata().map_err(io_error("read", &self.path))?;
        match fs::symlink_metadata(&self.path) {
            Ok(named) => Ok((named.dev(), named.ino()) == (locked.dev(), locked.ino())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(source) => Err(io_error("read", &self.path)(source)),
        }
    }

    /// Leaves a trace of this use, by which the watchdog knows that somebody came and went while
    /// it lingered. Called under the start lock.
    pub(crate) fn sign(&self) -> Result<(), PrivatePostgresError> {
        let now = SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        let mut file = &self.file;
        file.set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{now} {}", std::process::id()))
            .map_err(io_error("write", &self.path))
    }

    /// Gives the share up to find out who is left. Called under the start lock.
    pub(crate) fn leave(&self) -> Result<Leaving, PrivatePostgresError> {
        if attempt(self.file.try_lock(), &self.path)? {
            return Ok(Leaving::Last);
        }
        if attempt(self.file.try_lock_shared(), &self.path)? {
            // Here and not on drop, which comes after the start lock is given back: the next to
            // leave would still meet this one, and both would leave the server to the watchdog.
            self.file.unlock().map_err(io_error("unlock", &self.path))?;
            return Ok(Leaving::OthersUseIt);
        }
        Ok(Leaving::BeingStopped)
    }

    /// A copy of the lock for a child to hold on to, should this process be killed.
    pub(crate) fn for_child(&self) -> Result<Stdio, PrivatePostgresError> {
        self.file.try_clone().map(Stdio::from).map_err(io_error("share", &self.path))
    }
}

impl Drop for UsersLock {
    fn drop(&mut self) {
        // Said aloud and not left to the closing: a child that another thread has just forked
        // has the file open for a moment too.
        let _ = self.file.unlock();
    }
}

/// The right to initialise, start, join or leave.
#[derive(Debug)]
pub(crate) struct StartLock {
    file: File,
    path: PathBuf,
}

impl StartLock {
    pub(crate) fn acquire(state_dir: &StateDir) -> Result<Self, PrivatePostgresError> {
        let path = state_dir.path().join(START_LOCK);
        let file = state_dir.open(START_LOCK).map_err(io_error("open", &path))?;
        uninterrupted(|| file.lock()).map_err(io_error("lock", &path))?;
        Ok(Self { file, path })
    }

    /// A copy of the lock as a child's standard input: it holds the lock as long as it runs, even
    /// when this process is killed. Neither `initdb` nor `pg_ctl` reads it, and the server that
    /// `pg_ctl` leaves behind has its input from nowhere.
    pub(crate) fn for_child(&self) -> Result<Stdio, PrivatePostgresError> {
        self.file.try_clone().map(Stdio::from).map_err(io_error("share", &self.path))
    }
}

/// Whether a lock was to be had at once.
pub(crate) fn attempt(
    result: Result<(), TryLockError>,
    path: &Path,
) -> Result<bool, PrivatePostgresError> {
    match result {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(io_error("lock", path)(source)),
    }
}

fn uninterrupted(mut lock: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    loop {
        match lock() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}
