//! The whole story, on throwaway servers of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Stdio;

use nix::sys::signal::Signal;
use serde_json::Value;
use tempfile::TempDir;

use crate::program::{Run, program, word};
use crate::repository::Repository;
use crate::terminal::{Terminal, send, wait, wait_for};

fn demo(arguments: &[&str]) -> Run {
    program().arg("demo").args(arguments).output().unwrap().into()
}

/// Units by author, as git counts commits. Bots are left out here as there.
fn shortlog(repository: &Repository, since: &str, until: &str) -> BTreeMap<String, i64> {
    let (since, until) = (format!("--since-as-filter={since}"), format!("--until={until}"));
    let lines = repository.git(&[], &["shortlog", "-sne", "--no-merges", &since, &until, "HEAD"]);
    let mut units = BTreeMap::new();
    for line in lines.lines().filter(|line| !line.contains("[bot]")) {
        let (count, person) = line.trim().split_once('\t').unwrap();
        let email = person.rsplit_once('<').unwrap().1.trim_end_matches('>').to_lowercase();
        *units.entry(email).or_default() += count.parse::<i64>().unwrap() * 1_000;
    }
    units
}

fn paid(result: &Value) -> BTreeMap<String, i64> {
    let rows = result["statement"]["payouts"].as_array().unwrap().iter();
    rows.map(|row| {
        let units = row["total_units"].as_str().unwrap().parse().unwrap();
        (row["user_id"].as_str().unwrap().to_owned(), units)
    })
    .filter(|(_, units)| *units > 0)
    .collect()
}

#[test]
fn the_demo_pays_what_git_shortlog_counts() {
    let repository = Repository::with_history();
    let run = demo(&["--json", "--repo", word(repository.path()), "--weeks", "2", "--pool", "997"]);
    assert_eq!(run.code, 0, "{run:?}");
    let result = run.json();
    assert_eq!(result["epoch"]["period_start"], "2026-11-09T00:00:00Z");
    assert_eq!(result["epoch"]["period_end"], "2026-11-23T00:00:00Z");
    let counted = shortlog(&repository, "2026-11-09T00:00:00Z", "2026-11-22T23:59:59Z");
    assert_eq!(paid(&result), counted);
    assert_eq!(counted.get("ada@example.org"), Some(&4_000));
    assert_eq!(counted.len(), 3);
    assert_eq!(result["collected"]["bots"], 1);
    assert_eq!(result["collected"]["before_since"], 1);
    let credits: i64 = result["statement"]["payouts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["amount_credits"].as_str().unwrap().parse::<i64>().unwrap())
        .sum();
    assert_eq!(credits, 997);
    assert_eq!(result["verification"]["verified"], true);
    assert!(!run.out.contains("hunter2") && !run.err.contains("hunter2"), "a credential is shown");
}

#[test]
fn the_demo_tells_people_the_story() {
    let repository = Repository::with_history();
    let run = demo(&["--repo", word(repository.path())]);
    assert_eq!(run.code, 0, "{run:?}");
    for part in ["Proposed", "Paid", "ada@example.org", "10000", "\nverified"] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    // Nobody looks at a terminal here, so nothing is coloured and no bar is drawn.
    assert!(!run.out.contains('\u{1b}') && !run.err.contains('\u{1b}'), "{run:?}");
}

#[test]
fn a_place_without_commits_is_said_to_be_one() {
    let folder = tempfile::tempdir().unwrap();
    let run = demo(&["--repo", word(folder.path())]);
    assert_eq!(run.code, 6, "{run:?}");
    assert!(run.err.contains("is not a git repository"), "{}", run.err);
    let empty = Repository::new();
    let run = demo(&["--repo", word(empty.path())]);
    assert_ne!(run.code, 0, "{run:?}");
    assert!(run.err.contains("no commits yet"), "{}", run.err);
}

/// A temporary folder of one demo's own, as open as the machine's: the server's user removes from it
/// what it made.
fn own_temporary_folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
    folder
}

/// The demo's folder, once its server is being made there.
fn is_begun(temporary: &Path) -> bool {
    let folder = fs::read_dir(temporary).unwrap().next();
    folder.is_some_and(|folder| folder.unwrap().path().join("server.log").exists())
}

/// Whether a process works in that folder, or was started with its name.
fn is_used_by_a_process(folder: &Path) -> bool {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes.map(|process| process.path()).any(|process| {
        let works_there =
            fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(folder));
        let words = fs::read(process.join("cmdline")).unwrap_or_default();
        works_there || String::from_utf8_lossy(&words).contains(word(folder))
    })
}

#[test]
fn an_interrupted_demo_leaves_nothing() {
    let repository = Repository::with_history();
    for (signal, code) in [(Signal::SIGKILL, -1), (Signal::SIGINT, 130), (Signal::SIGTERM, 130)] {
        let temporary = own_temporary_folder();
        let mut command = program();
        command.env("TMPDIR", temporary.path()).args(["demo", "--repo", word(repository.path())]);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        wait_for("the demo begins", || is_begun(temporary.path()));
        assert!(is_used_by_a_process(temporary.path()), "there is something to be left");
        send(&child, signal);
        assert_eq!(wait(&mut child), code, "{signal}");
        let mut said = String::new();
        child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let says = "interrupted; nothing of the demo stays";
        assert_eq!(said.contains(says), signal != Signal::SIGKILL, "{said}");
        wait_for("its folder is gone", || fs::read_dir(temporary.path()).unwrap().next().is_none());
        wait_for("its processes are gone", || !is_used_by_a_process(temporary.path()));
    }
}

#[test]
fn a_bar_is_drawn_on_a_terminal_and_nowhere_else() {
    let repository = Repository::with_history();
    let mut command = program();
    command.args(["demo", "--repo", word(repository.path())]);
    let ended = Terminal::start(command).end();
    assert_eq!(ended.code, 0, "{ended:?}");
    for part in ["github.com/acme/orchard refs/heads/main [", "━", "/s "] {
        assert!(ended.screen.contains(part), "no {part}: {}", ended.screen);
    }
    let piped = demo(&["--repo", word(repository.path())]);
    assert_eq!(piped.code, 0, "{piped:?}");
    assert!(!piped.err.contains('━') && !piped.err.contains("refs/heads/main ["), "{piped:?}");
}
