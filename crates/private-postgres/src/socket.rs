//! Where the server's socket lies.

use std::{
    env,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::{Path, PathBuf},
};

use crate::{
    error::PrivatePostgresError,
    state_dir::{SOCKET, StateDir},
    url::PORT,
};

/// What the address of a socket holds on the strictest system, macOS: 104 bytes with the final zero.
const MAX_SOCKET_PATH_BYTES: usize = 103;

/// How `watchdog.sh` knows a fallback by its name.
const FALLBACK_PREFIX: &str = "private-pg-";

/// Makes and returns the directory for the socket: in the state directory, or a fallback where that
/// path is too long. Only a start comes here; who joins reads the place in `postmaster.pid`.
pub(crate) fn prepare(state_dir: &StateDir) -> Result<PathBuf, PrivatePostgresError> {
    let beside = state_dir.path().join(SOCKET);
    let chosen = if fits(&beside) { beside } else { fallback(state_dir)? };
    state_dir.private_dir(&chosen)?;
    Ok(chosen)
}

fn fallback(state_dir: &StateDir) -> Result<PathBuf, PrivatePostgresError> {
    let mut hasher = DefaultHasher::new();
    (state_dir.path(), state_dir.account().uid()).hash(&mut hasher);
    let name = format!("{FALLBACK_PREFIX}{:016x}", hasher.finish());

    for parent in temporary_dirs(state_dir.account().is_other()) {
        let dir = parent.join(&name);
        if fits(&dir) && parent.is_dir() && state_dir.account().can_enter(&parent)? {
            return Ok(dir);
        }
    }
    Err(PrivatePostgresError::NoSocketDir { state_dir: state_dir.path().to_owned() })
}

/// The runtime directory is its owner's alone, so it serves only a server of the same user.
fn temporary_dirs(is_other_user: bool) -> impl Iterator<Item = PathBuf> {
    let runtime_dir = env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    runtime_dir
        .filter(|dir| dir.is_absolute() && !is_other_user)
        .into_iter()
        .chain([env::temp_dir(), PathBuf::from("/tmp")])
}

/// Whether PostgreSQL takes this directory: `unix_socket_directories` is a list with commas and
/// quotes, and the whole address has to fit.
fn fits(dir: &Path) -> bool {
    let Some(text) = dir.to_str() else { return false };
    let address_bytes = text.len() + format!("/.s.PGSQL.{PORT}").len();
    address_bytes <= MAX_SOCKET_PATH_BYTES
        && text.chars().all(|c| c.is_alphanumeric() || "/-._+".contains(c))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_awkward_paths_do_not_fit() {
        assert!(fits(Path::new("/var/lib/epoch-ledger/socket")));
        assert!(fits(Path::new(&format!("/{}", "a".repeat(88)))));
        assert!(!fits(Path::new(&format!("/{}", "a".repeat(89)))));
        for awkward in ["/a,b", "/a b", "/a\"b", "/a'b", "/a$b"] {
            assert!(!fits(Path::new(awkward)), "{awkward}");
        }
    }
}
