//! The whole story, on throwaway servers of its own.

use std::collections::BTreeMap;
use std::process::Stdio;

use serde_json::Value;

use crate::program::{Run, program, word};
use crate::repository::Repository;

fn demo(arguments: &[&str]) -> Run {
    program().arg("demo").args(arguments).output().unwrap().into()
}

fn left_behind() -> usize {
    let entries = std::fs::read_dir(std::env::temp_dir()).unwrap();
    entries
        .filter(|entry| {
            let name = entry.as_ref().unwrap().file_name();
            name.to_string_lossy().starts_with("epoch-ledger-demo-")
        })
        .count()
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

#[test]
fn an_interrupted_demo_leaves_nothing() {
    let repository = Repository::with_history();
    let before = left_behind();
    let mut child = program()
        .args(["demo", "--repo", word(repository.path())])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(600));
    child.kill().unwrap();
    child.wait().unwrap();
    for _ in 0..100 {
        if left_behind() <= before {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    panic!("a demo's folder is left in the temporary folder");
}
