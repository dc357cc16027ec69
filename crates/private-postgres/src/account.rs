//! Who the server runs as. PostgreSQL refuses root, so root hands over to somebody else.

use std::{
    ffi::OsStr,
    io,
    os::unix::{ffi::OsStrExt as _, process::CommandExt as _},
    path::Path,
    process::{Command, Stdio},
};

use nix::unistd::{Gid, Uid, User};

use crate::error::PrivatePostgresError;

/// Root runs the server as the first of these that exists.
const SERVER_ACCOUNTS: [&str; 2] = ["postgres", "nobody"];

/// The user that owns the state directory and runs the server.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    uid: Uid,
    gid: Gid,
    name: String,
    is_other: bool,
}

impl Account {
    /// The account for a state directory: its owner. Root runs another user's server as that user,
    /// and leaves their files theirs; what is root's own goes to an account made for servers.
    pub(crate) fn for_owner(uid: u32, gid: u32) -> Result<Self, PrivatePostgresError> {
        let uid = Uid::from_raw(uid);
        if !Uid::effective().is_root() {
            return Ok(Self::own());
        }
        if uid.is_root() {
            return Self::for_server();
        }
        let user = User::from_uid(uid).ok().flatten();
        let gid = user.as_ref().map_or(Gid::from_raw(gid), |user| user.gid);
        let name = user.map_or_else(|| uid.to_string(), |user| user.name);
        Ok(Self { uid, gid, name, is_other: true })
    }

    fn for_server() -> Result<Self, PrivatePostgresError> {
        SERVER_ACCOUNTS
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self { uid: user.uid, gid: user.gid, name: user.name, is_other: true })
            .ok_or(PrivatePostgresError::NoServerAccount)
    }

    fn own() -> Self {
        let uid = Uid::effective();
        let name =
            User::from_uid(uid).ok().flatten().map_or_else(|| uid.to_string(), |user| user.name);
        Self { uid, gid: Gid::effective(), name, is_other: false }
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn uid(&self) -> u32 {
        self.uid.as_raw()
    }

    pub(crate) fn gid(&self) -> u32 {
        self.gid.as_raw()
    }

    /// Whether files this process makes have to be handed over.
    pub(crate) fn is_other(&self) -> bool {
        self.is_other
    }

    /// A command that runs as this account, away from the terminal's signals and silent.
    pub(crate) fn command(&self, program: &Path, dir: &Path) -> Command {
        let mut command = Command::new(program);
        command.current_dir(dir).process_group(0).env("LC_ALL", "C");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // PGDATA, PGPORT and their like are meant for another server.
        for (name, _) in std::env::vars_os().filter(|(name, _)| is_for_libpq(name)) {
            command.env_remove(name);
        }
        if self.is_other {
            // Dropping the user also drops root's further groups.
            command.uid(self.uid()).gid(self.gid());
        }
        command
    }

    /// Whether this account can work in a directory. Asked by trying, since access lists and
    /// mounts have a say that mode bits do not show.
    pub(crate) fn can_enter(&self, dir: &Path) -> Result<bool, PrivatePostgresError> {
        if !self.is_other {
            return Ok(true);
        }
        let shell = Path::new("/bin/sh");
        match self.command(shell, dir).args(["-c", ":"]).status() {
            Ok(status) => Ok(status.success()),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
            Err(source) => Err(self.cannot_run(shell)(source)),
        }
    }

    pub(crate) fn cannot_run(
        &self,
        program: &Path,
    ) -> impl FnOnce(io::Error) -> PrivatePostgresError {
        move |source| PrivatePostgresError::CannotRun {
            program: program.to_owned(),
            account: self.name.clone(),
            source,
        }
    }
}

fn is_for_libpq(name: &OsStr) -> bool {
    name.as_bytes().starts_with(b"PG")
}
