//! The program with a PostgreSQL of its own: found again, shared, and never left running.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::program::{Run, program, word};
use crate::repository::Repository;

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
        let began = Instant::now();
        while self.server_is_running() != running {
            assert!(began.elapsed() < Duration::from_secs(20), "running is not {running}");
            std::thread::sleep(Duration::from_millis(20));
        }
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
    for signal in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGKILL] {
        let mut child = state.start(&["collect", "git", path]);
        state.wait_until(true);
        std::thread::sleep(Duration::from_millis(700));
        kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
        let ended = child.wait().unwrap();
        if signal != Signal::SIGKILL && !ended.success() {
            assert_eq!(ended.code(), Some(130), "{signal}");
        }
        state.wait_until(false);
    }
    succeeded(&state.run(&["collect", "git", path]));
    let last = state.run(&["--json", "collect", "git", path]).json();
    assert_eq!((&last["inserted"], &last["conflicts"]["count"]), (&0.into(), &0.into()));
    let waiting = state.run(&["--json", "identity", "unresolved"]).json();
    assert_eq!(waiting["unresolved"][0]["event_count"], COMMITS);
}
