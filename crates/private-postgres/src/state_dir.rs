//! The directory of one server: what lies in it, and that it belongs to the server's account.
//!
//! Root works in a directory that somebody else owns, so nothing here follows a link that the
//! owner may have put there, and nothing that already belongs to a third party is taken over.

use std::{
    fs::{self, DirBuilder, File, Metadata, OpenOptions, Permissions},
    io,
    os::unix::fs::{
        DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
    },
    path::{Path, PathBuf},
};

use nix::{libc, unistd::Uid};

use crate::{
    account::Account,
    error::{PrivatePostgresError, io_error},
};

/// The data directory.
pub(crate) const DATA: &str = "data";
/// Where `initdb` works; it becomes [`DATA`] only once it is whole.
pub(crate) const UNFINISHED_DATA: &str = "data.new";
/// The log of `initdb`, `pg_ctl` and the server.
pub(crate) const LOG: &str = "server.log";
/// The log of the run before.
pub(crate) const OLD_LOG: &str = "server.log.old";
pub(crate) const SOCKET: &str = "socket";
pub(crate) const USERS_LOCK: &str = "users.lock";
pub(crate) const START_LOCK: &str = "start.lock";
pub(crate) const WATCHDOG_LOCK: &str = "watchdog.lock";

const PRIVATE: u32 = 0o700;
const OTHERS_MAY_WRITE: u32 = 0o022;
const OTHERS_MAY_ANYTHING: u32 = 0o077;

/// A state directory that exists, and the account that owns it and runs its server.
#[derive(Debug, Clone)]
pub(crate) struct StateDir {
    path: PathBuf,
    account: Account,
}

impl StateDir {
    /// Makes the directory where it is missing, and sees that it is the account's alone.
    pub(crate) fn prepare(path: &Path) -> Result<Self, PrivatePostgresError> {
        let path = std::path::absolute(path).map_err(io_error("resolve", path))?;
        create_with_parents(&path).map_err(io_error("create", &path))?;
        let path = fs::canonicalize(&path).map_err(io_error("resolve", &path))?;
        // Asked in this order: another process hands the directory over before it fills it.
        let is_empty = is_empty(&path)?;
        let found = fs::symlink_metadata(&path).map_err(io_error("read", &path))?;
        let account = Account::for_owner(found.uid(), found.gid())?;
        if is_empty && is_mine(&found) {
            own(&path, &account).map_err(io_error("take over", &path))?;
        } else if found.uid() != account.uid() || found.mode() & OTHERS_MAY_WRITE != 0 {
            return Err(not_private(&path, &account));
        }
        let state_dir = Self { path, account };
        state_dir.check_entry()?;
        Ok(state_dir)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn account(&self) -> &Account {
        &self.account
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path.join(DATA)
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.path.join(LOG)
    }

    /// Opens a file of the directory for reading and writing; makes it where it is missing.
    pub(crate) fn open(&self, name: &str) -> io::Result<File> {
        self.open_with(name, OpenOptions::new().read(true).write(true))
    }

    pub(crate) fn open_to_append(&self, name: &str) -> io::Result<File> {
        self.open_with(name, OpenOptions::new().append(true))
    }

    fn open_with(&self, name: &str, options: &mut OpenOptions) -> io::Result<File> {
        let options = options.create(true).mode(0o600).custom_flags(libc::O_NOFOLLOW);
        let file = options.open(self.path.join(name))?;
        if self.account.is_other() && is_mine(&file.metadata()?) {
            fchown(&file, Some(self.account.uid()), Some(self.account.gid()))?;
        }
        Ok(file)
    }

    /// Makes a directory for the account alone, or checks that it is.
    pub(crate) fn private_dir(&self, path: &Path) -> Result<(), PrivatePostgresError> {
        match DirBuilder::new().mode(PRIVATE).create(path) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                return Err(io_error("create", path)(error));
            }
            _ => {}
        }
        let found = fs::symlink_metadata(path).map_err(io_error("read", path))?;
        let belongs = is_mine(&found) || found.uid() == self.account.uid();
        if !found.is_dir() || !belongs || found.mode() & OTHERS_MAY_ANYTHING != 0 {
            return Err(not_private(path, &self.account));
        }
        own(path, &self.account).map_err(io_error("take over", path))
    }

    /// Root may have named a place below its own home, where the account cannot go.
    fn check_entry(&self) -> Result<(), PrivatePostgresError> {
        if self.account.can_enter(&self.path)? {
            return Ok(());
        }
        let outermost_first = self.path.ancestors().collect::<Vec<_>>().into_iter().rev();
        let mut in_the_way = self.path.clone();
        for dir in outermost_first {
            if !self.account.can_enter(dir)? {
                in_the_way = dir.to_owned();
                break;
            }
        }
        // Only what is empty goes: a directory made in vain, by this call or an earlier one.
        let _ = fs::remove_dir(&self.path);
        Err(PrivatePostgresError::CannotEnter {
            dir: in_the_way,
            account: self.account.name().to_owned(),
        })
    }
}

/// Parents are made with the usual mode, whatever the umask: the account has to pass through them.
fn create_with_parents(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    for parent in path.ancestors().skip(1).collect::<Vec<_>>().into_iter().rev() {
        if !parent.is_dir() && create_unless_there(parent)? {
            fs::set_permissions(parent, Permissions::from_mode(0o755))?;
        }
    }
    create_unless_there(path).map(drop)
}

/// Whether this call made the directory.
fn create_unless_there(path: &Path) -> io::Result<bool> {
    match DirBuilder::new().mode(PRIVATE).create(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(error),
    }
}

fn is_empty(dir: &Path) -> Result<bool, PrivatePostgresError> {
    match fs::read_dir(dir) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        // Somebody else's; the owner is looked at next.
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
        Err(source) => Err(io_error("read", dir)(source)),
    }
}

fn is_mine(metadata: &Metadata) -> bool {
    metadata.uid() == Uid::effective().as_raw()
}

/// Hands one of this process's directories over to the account, and to it alone.
fn own(path: &Path, account: &Account) -> io::Result<()> {
    let only_dirs = libc::O_NOFOLLOW | libc::O_DIRECTORY;
    let dir = OpenOptions::new().read(true).custom_flags(only_dirs).open(path)?;
    if is_mine(&dir.metadata()?) {
        dir.set_permissions(Permissions::from_mode(PRIVATE))?;
        if account.is_other() {
            fchown(&dir, Some(account.uid()), Some(account.gid()))?;
        }
    }
    Ok(())
}

fn not_private(dir: &Path, account: &Account) -> PrivatePostgresError {
    PrivatePostgresError::NotPrivate { dir: dir.to_owned(), account: account.name().to_owned() }
}
