//! The program with a PostgreSQL of its own: found again, shared, and never left running.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::program::{Run, program, word};
use crate::repository::Repository;
use crate::terminal::{send, wait, wait_for};

/// A state directory in the temporary folder, where the server's user can reach it.
struct State(PathBuf);

impl State {
    fn new(name: &str) -> Self {
        let unique = format!("epoch-ledger-cli-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(unique))
    }

    fn run(&self, arguments: &[&str]) -> Run {
        program().env("EPOCH_LEDGER_STATE_DIR", &self.0).args(arguments).output().unwrap().into()
    }

    fn start(&self, arguments: &[&str]) -> Child {
        let mut command = program();
        command.env("EPOCH_LEDGER_STATE_DIR", &self.0).args(arguments);
        command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    }

    fn server_is_running(&self) -> bool {
        let Ok(file) = fs::read_to_string(self.0.join("data/postmaster.pid")) else { return false };
        let pid = file.lines().next().and_then(|line| line.trim().parse().ok());
        pid.is_some_and(|pid| kill(Pid::from_raw(pid), None).is_ok())
    }

    fn wait_until(&self, running: bool) {
        wait_for(&format!("running is {running}"), || self.server_is_running() == running);
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.wait_until(false);
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn succeeded(run: &Run) {
    assert_eq!(run.code, 0, "{run:?}");
}

/// So many commits of one week, made quickly.
fn large_repository(commits: usize) -> Repository {
    use std::io::Write as _;
    let repository = Repository::new();
    let mut import = std::process::Command::new("git")
        .current_dir(repository.path())
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = import.stdin.take().unwrap();
    let monday = 1_763_337_600 + 364 * 86_400;
    for number in 0..commits {
        let when = monday + number;
        write!(
            stdin,
            "commit refs/heads/main\ncommitter Ada <ada@example.org> {when} +0000\ndata 4\nwork\n"
        )
        .unwrap();
    }
    drop(stdin);
    assert!(import.wait().unwrap().success());
    repository
}

fn has_files(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some())
}

#[test]
fn the_books_are_there_at_the_next_run_and_no_server_is_left() {
    let state = State::new("again");
    succeeded(&state.run(&["epoch", "open", "--week", "2026-W47"]));
    assert!(!state.server_is_running(), "it has stopped when the program ends");
    assert!(has_files(&state.0));
    let (first, second) = (state.start(&["epoch", "list"]), state.start(&["epoch", "show"]));
    for mut child in [first, second] {
        assert!(child.wait().unwrap().success());
    }
    let list = state.run(&["--json", "epoch", "list"]).json();
    assert_eq!(list["epochs"][0]["period_start"], "2026-11-16T00:00:00Z");
}

#[test]
fn whoever_is_stopped_in_the_middle_goes_on_later() {
    const COMMITS: usize = 12_000;
    let (state, repository) = (State::new("killed"), large_repository(COMMITS));
    let path = word(repository.path());
    succeeded(&state.run(&["epoch", "open", "--week", "2026-W47"]));
    let mut interrupted = 0;
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let mut child = state.start(&["collect", "git", path]);
        state.wait_until(true);
        std::thread::sleep(Duration::from_millis(700));
        send(&child, signal);
        // On a fast machine it may have been done.
        match wait(&mut child) {
            0 => {}
            -1 => assert_eq!(signal, Signal::SIGKILL),
            code => {
                assert_eq!(code, 130, "{signal}");
                interrupted += 1;
            }
        }
        state.wait_until(false);
    }
    assert!(interrupted > 0, "everyone was done before its signal; give them more commits");
    succeeded(&state.run(&["collect", "git", path]));
    let last = state.run(&["--json", "collect", "git", path]).json();
    assert_eq!((&last["inserted"], &last["conflicts"]["count"]), (&0.into(), &0.into()));
    let waiting = state.run(&["--json", "identity", "unresolved"]).json();
    assert_eq!(waiting["unresolved"][0]["event_count"], COMMITS);
}

#[test]
fn a_command_that_fails_leaves_no_server_either() {
    let state = State::new("failing");
    assert_eq!(state.run(&["epoch", "show", "99"]).code, 4);
    assert!(!state.server_is_running(), "it has stopped when the program ends");
    assert_eq!(state.run(&["--ledger", "nope", "epoch", "list"]).code, 4);
    assert!(!state.server_is_running(), "it has stopped when the program ends");
}

#[test]
fn where_no_postgresql_is_found_it_says_what_to_install() {
    let (parent, nowhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let state = parent.path().join("state");
    let mut command = program();
    command.env("EPOCH_LEDGER_STATE_DIR", &state).env("EPOCH_LEDGER_PG_BIN", nowhere.path());
    let run: Run = command.args(["epoch", "list"]).output().unwrap().into();
    assert_eq!(run.code, 6, "{run:?}");
    for advice in [word(nowhere.path()), "apt-get install postgresql", "DATABASE_URL"] {
        assert!(run.err.contains(advice), "{advice}: {}", run.err);
    }
    assert!(!state.exists(), "nothing is made");
}

/// Binaries of PostgreSQL that never say which version they are.
fn binaries_that_hang(folder: &Path) {
    for name in ["initdb", "pg_ctl", "postgres"] {
        let script = format!(
            "#!/bin/sh\necho $$ >{0}/pid.new; mv {0}/pid.new {0}/pid\nexec sleep 60\n",
            word(folder)
        );
        fs::write(folder.join(name), script).unwrap();
        fs::set_permissions(folder.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
}

#[test]
fn a_signal_does_not_wait_for_a_server_that_is_starting() {
    for signal in [Signal::SIGINT, Signal::SIGTERM] {
        let (state, binaries) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        binaries_that_hang(binaries.path());
        let mut command = program();
        command.env("EPOCH_LEDGER_STATE_DIR", state.path());
        command.env("EPOCH_LEDGER_PG_BIN", binaries.path()).args(["epoch", "list"]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let pid = binaries.path().join("pid");
        wait_for("the binaries are asked", || pid.exists());
        send(&child, signal);
        // Before the minute is over, in which the version is waited for.
        assert_eq!(wait(&mut child), 130, "{signal}");
        let hanging: i32 = fs::read_to_string(pid).unwrap().trim().parse().unwrap();
        kill(Pid::from_raw(hanging), Signal::SIGKILL).unwrap();
    }
}
