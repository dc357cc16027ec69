//! Who ends the server when its last user is gone, however that user ended.

use std::{
    env,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::{
    error::{PrivatePostgresError, io_error},
    locks::{self, UsersLock},
    log,
    settings::{Lifetime, Settings},
    state_dir::{START_LOCK, StateDir, USERS_LOCK, WATCHDOG_LOCK},
};

const SCRIPT: &str = include_str!("watchdog.sh");
const SHELL: &str = "/bin/sh";

/// Programs that lock an open file as `flock(2)` does, best first.
const LOCK_PROGRAMS: [&str; 2] = ["flock", "perl"];
/// Looked through after `PATH`, which services have short.
const USUAL_DIRS: [&str; 3] = ["/usr/bin", "/bin", "/usr/local/bin"];

/// Sees that a watchdog waits for the server's users to leave.
///
/// The locks are opened here and handed over as descriptors, so that a watchdog is either there
/// with its lock held or not there; one that was killed lets go of it and is replaced by the next.
pub(crate) fn ensure(
    state_dir: &StateDir,
    settings: &Settings,
) -> Result<(), PrivatePostgresError> {
    ensure_with(&lock_program()?, state_dir, settings)
}

fn ensure_with(
    locker: &Path,
    state_dir: &StateDir,
    settings: &Settings,
) -> Result<(), PrivatePostgresError> {
    let open = |name| state_dir.open(name).map_err(io_error("open", &state_dir.path().join(name)));
    let own = open(WATCHDOG_LOCK)?;
    if !locks::attempt(own.try_lock(), &state_dir.path().join(WATCHDOG_LOCK))? {
        return Ok(());
    }
    let (users, start) = (open(USERS_LOCK)?, open(START_LOCK)?);
    let mut shell = script("watch", locker, state_dir, settings)?;
    // The shell puts the watchdog into the background and ends; init inherits and reaps it.
    run(shell.stdin(users).stdout(own).stderr(start), state_dir)
}

/// Ends the server for its last user, who holds its lock alone.
pub(crate) fn stop_now(
    state_dir: &StateDir,
    settings: &Settings,
    users: &UsersLock,
) -> Result<(), PrivatePostgresError> {
    let mut shell = script("now", &lock_program()?, state_dir, settings)?;
    run(shell.stdin(users.for_child()?), state_dir)?;
    if settings.lifetime == Lifetime::Throwaway {
        // The server's user has emptied it, but may lack the right to remove it from its parent.
        let _ = std::fs::remove_dir(state_dir.path());
    }
    Ok(())
}

fn script(
    mode: &str,
    locker: &Path,
    state_dir: &StateDir,
    settings: &Settings,
) -> Result<Command, PrivatePostgresError> {
    let users_lock = state_dir.path().join(USERS_LOCK);
    let inode = users_lock.symlink_metadata().map_err(io_error("read", &users_lock))?.ino();
    let data_is = match settings.lifetime {
        Lifetime::Kept => "keep",
        Lifetime::Throwaway => "remove",
    };
    let mut shell = state_dir.account().command(Path::new(SHELL), state_dir.path());
    shell.args(["-c", SCRIPT, "private-postgres-watchdog", mode]).arg(locker);
    shell.args([&whole_seconds(settings.linger).to_string(), data_is, &inode.to_string()]);
    Ok(shell)
}

fn run(shell: &mut Command, state_dir: &StateDir) -> Result<(), PrivatePostgresError> {
    let cannot_run = state_dir.account().cannot_run(Path::new(SHELL));
    let status = shell.status().map_err(cannot_run)?;
    if status.success() {
        return Ok(());
    }
    Err(log::failed(state_dir, "stopping the server", status))
}

fn lock_program() -> Result<PathBuf, PrivatePostgresError> {
    let found = LOCK_PROGRAMS.into_iter().find_map(installed);
    found.ok_or(PrivatePostgresError::NoLockProgram)
}

fn installed(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    env::split_paths(&path)
        .chain(USUAL_DIRS.map(PathBuf::from))
        .map(|dir| dir.join(program))
        .find(|program| program.is_absolute() && program.is_file())
}

fn whole_seconds(linger: Duration) -> u64 {
    linger.as_secs() + u64::from(linger.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use std::{thread, time::Instant};

    use super::*;

    /// The second lock program is used on machines unlike this one, so each is tried by itself,
    /// on a directory without a server. One that is not installed is reported and left out.
    #[test]
    fn either_lock_program_waits_for_the_last_user_and_then_ends_the_server() {
        let found: Vec<PathBuf> = LOCK_PROGRAMS.into_iter().filter_map(installed).collect();
        assert!(!found.is_empty());
        println!("tried: {found:?}");
        for locker in found {
            for linger in [Duration::ZERO, Duration::from_secs(1)] {
                let parent = open_temp_dir();
                let path = parent.path().join("state");
                let settings = Settings { linger, ..Settings::throwaway(&path) };
                let (state_dir, users) = UsersLock::join(&path).expect("join");
                ensure_with(&locker, &state_dir, &settings).expect("watch");

                thread::sleep(Duration::from_millis(200));
                assert!(path.join(USERS_LOCK).exists(), "{locker:?} does not wait");
                drop(users);
                wait_until_empty(&path);
            }
        }
    }

    fn open_temp_dir() -> tempfile::TempDir {
        let open = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        tempfile::Builder::new().permissions(open).tempdir().expect("make")
    }

    fn wait_until_empty(dir: &Path) {
        let deadline = Instant::now() + Duration::from_secs(30);
        while dir.read_dir().is_ok_and(|mut entries| entries.next().is_some()) {
            assert!(Instant::now() < deadline, "{} is not emptied", dir.display());
            thread::sleep(Duration::from_millis(10));
        }
    }

    #[test]
    fn a_linger_is_never_cut_short() {
        assert_eq!(whole_seconds(Duration::ZERO), 0);
        assert_eq!(whole_seconds(Duration::from_secs(10)), 10);
        assert_eq!(whole_seconds(Duration::from_millis(10)), 1);
    }
}
