//! A state directory of a test, and what can be seen of the server in it from outside.

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use private_postgres::{Durability, Settings};
use tempfile::TempDir;

/// Long for a loaded machine; a test that works waits a fraction of it.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Place {
    // The server's user has to pass through, so the parent is open.
    _parent: TempDir,
    pub(crate) settings: Settings,
}

impl Place {
    /// A fast server that keeps its data and ends with its last user.
    pub(crate) fn kept() -> Self {
        Self::new("state", |dir| Settings {
            durability: Durability::Fast,
            ..Settings::durable(dir)
        })
    }

    pub(crate) fn new(name: &str, settings: impl FnOnce(PathBuf) -> Settings) -> Self {
        let parent = open_temp_dir();
        let settings = settings(parent.path().join(name));
        Self { _parent: parent, settings }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.settings.state_dir.join(name)
    }

    pub(crate) fn postmaster_pid(&self) -> Option<i32> {
        let text = fs::read_to_string(self.path("data/postmaster.pid")).ok()?;
        text.lines().next()?.parse().ok()
    }

    pub(crate) fn running_pid(&self) -> i32 {
        self.postmaster_pid().filter(|pid| is_alive(*pid)).expect("the server should run")
    }

    pub(crate) fn kill_server(&self) {
        kill(Pid::from_raw(self.running_pid()), Signal::SIGKILL).expect("kill the server");
    }

    /// Waits until neither server nor watchdog nor anything else works here.
    pub(crate) fn wait_until_deserted(&self) {
        wait_until("no process is left", || {
            self.processes().is_empty() && !self.postmaster_pid().is_some_and(is_alive)
        });
    }

    /// The processes that work in the state directory, with their command lines. Linux only;
    /// elsewhere none are seen, and only the server's own process is waited for.
    pub(crate) fn processes(&self) -> Vec<(i32, String)> {
        let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
        entries
            .filter_map(|entry| {
                let pid = entry.file_name().to_str()?.parse().ok()?;
                // By text: the directory of one who works in a removed one has no metadata.
                let dir = fs::read_link(entry.path().join("cwd")).ok()?;
                let text = dir.to_str()?.starts_with(self.settings.state_dir.to_str()?);
                let command_line = fs::read(entry.path().join("cmdline")).ok()?;
                text.then(|| (pid, String::from_utf8_lossy(&command_line).into_owned()))
            })
            .collect()
    }

    pub(crate) fn watchdogs(&self) -> Vec<i32> {
        let processes = self.processes().into_iter();
        processes
            .filter(|(_, line)| line.contains("private-postgres-watchdog"))
            .map(|(pid, _)| pid)
            .collect()
    }
}

pub(crate) fn open_temp_dir() -> TempDir {
    tempfile::Builder::new()
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()
        .expect("make a temporary directory")
}

/// Whether a process runs; one that nobody has reaped does not.
pub(crate) fn is_alive(pid: i32) -> bool {
    let is_zombie = fs::read_to_string(format!("/proc/{pid}/stat"))
        .is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" Z")));
    !is_zombie && !matches!(kill(Pid::from_raw(pid), None), Err(nix::errno::Errno::ESRCH))
}

pub(crate) fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Runs SQL through `psql`, from beside the server's binaries or from `PATH`.
pub(crate) fn query(bin_dir: &Path, url: &str, sql: &str) -> String {
    let beside = bin_dir.join("psql");
    let psql = if beside.exists() { beside } else { PathBuf::from("psql") };
    let output = Command::new(psql)
        .args(["--no-psqlrc", "--tuples-only", "--no-align", "--quiet", "-v", "ON_ERROR_STOP=1"])
        .args(["--dbname", url, "--command", sql])
        .output()
        .expect("run psql, which these tests need");
    assert!(output.status.success(), "{sql}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
