//! `config`: what the program says of a plan. Nothing here has a database.

use std::path::Path;

use serde_json::json;
use tempfile::TempDir;

use crate::program::{Run, program, word};
use crate::repository::Repository;

/// Runs the program in a folder, where no state and no server may appear.
fn run(folder: &Path, words: &[&str]) -> Run {
    let state = folder.join("state");
    let mut command = program();
    command.current_dir(folder).env("EPOCH_LEDGER_STATE_DIR", &state).args(words);
    let run = command.output().unwrap().into();
    assert!(!state.exists(), "{words:?} needs no database");
    run
}

/// A folder with a plan of two sources of one repository, the second on that branch.
fn folder_with_plan(repository: &Repository, branch: &str) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let source = |id: &str, more: &str| {
        format!(
            "[[ledger.source]]\nid = \"{id}\"\nkind = \"git\"\npath = {:?}\n{more}\n",
            repository.path()
        )
    };
    let plan = format!(
        "[[ledger]]\nname = \"books\"\nbase_issuance = 10000\n[ledger.weights]\n\
         \"git:commit_authored\" = 1000\n{}{}",
        source("one", ""),
        source("two", &format!("branch = {branch:?}")),
    );
    std::fs::write(folder.path().join("epoch-ledger.toml"), plan).unwrap();
    folder
}

#[test]
fn a_plan_in_order_is_said_to_be() {
    let repository = Repository::with_history();
    let folder = folder_with_plan(&repository, "HEAD");
    let checked = run(folder.path(), &["config", "check"]);
    assert_eq!(checked.code, 0, "{checked:?}");
    assert_eq!(checked.out, "epoch-ledger.toml is in order: 1 ledger, 2 sources\n");
    let file = folder.path().join("epoch-ledger.toml");
    let checked = run(Path::new("/"), &["--json", "config", "check", "--config", word(&file)]);
    let expected = json!({ "file": word(&file), "ledgers": 1, "sources": 2, "notices": [] });
    assert_eq!(checked.json(), expected);
}

#[test]
fn a_source_that_cannot_be_opened_is_named() {
    let repository = Repository::with_history();
    let folder = folder_with_plan(&repository, "trunk");
    let checked = run(folder.path(), &["config", "check"]);
    assert_eq!(checked.code, 2, "{checked:?}");
    let lines: Vec<_> = checked.err.lines().collect();
    assert_eq!(lines[0], "error: epoch-ledger.toml has 1 fault");
    let named = "epoch-ledger.toml: ledger \"books\", source \"two\": ";
    assert!(lines[1].starts_with(named) && lines[1].contains("trunk"), "{checked:?}");
    assert_eq!((lines.len(), checked.out.as_str()), (2, ""));
}

#[test]
fn every_fault_has_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let plan = folder.path().join("plan.toml");
    std::fs::write(&plan, "[[ledger]]\nname = \"Books\"\nweights = {}\nbots = 1\n").unwrap();
    let faults = [
        "plan.toml:2:8: ledger.name: ledger name \"Books\" is not valid: it must begin with a \
         lower-case letter and hold only a-z, 0-9, '_', '-' and '.'",
        "plan.toml:4:8: ledger.bots: it must be a list of texts that are not empty, such as \
         [\"renovate*\"]",
    ];
    for command in ["check", "show"] {
        let told = run(folder.path(), &["config", command, "--config", "plan.toml"]);
        let expected = format!("error: plan.toml has 2 faults\n{}\n{}\n", faults[0], faults[1]);
        assert_eq!((told.code, told.err, told.out), (2, expected, String::new()));
    }
    let mut command = program();
    command.env("EPOCH_LEDGER_CONFIG", "plan.toml").current_dir(folder.path());
    let told: Run = command.args(["--json", "config", "check"]).output().unwrap().into();
    let error: serde_json::Value = serde_json::from_str(&told.err).unwrap();
    assert_eq!(error["error"]["faults"], json!(faults));
    assert_eq!(error["error"]["exit_code"], 2);
}

#[test]
fn a_plan_that_is_not_there_says_how_to_begin_one() {
    let folder = tempfile::tempdir().unwrap();
    let told = run(folder.path(), &["config", "check"]);
    assert_eq!(told.code, 2);
    assert_eq!(
        told.err,
        "error: epoch-ledger.toml cannot be read: No such file or directory (os error 2); name \
         another with `--config FILE`, or begin one with `epoch-ledger config example`\n"
    );
    let example = run(folder.path(), &["config", "example"]);
    assert_eq!(example.code, 0);
    std::fs::write(folder.path().join("epoch-ledger.toml"), example.out).unwrap();
    assert_eq!(run(folder.path(), &["config", "show"]).code, 0);
}

#[test]
fn what_is_in_force_is_a_plan_that_says_the_same() {
    let repository = Repository::with_history();
    let folder = folder_with_plan(&repository, "HEAD");
    let shown = run(folder.path(), &["config", "show"]);
    assert!(shown.out.contains("\nepoch_length = \"7days\"\n"), "{shown:?}");
    assert!(shown.out.contains("\nbase_issuance = 10000\n"), "{shown:?}");
    std::fs::write(folder.path().join("again.toml"), &shown.out).unwrap();
    let again = run(folder.path(), &["config", "show", "--config", "again.toml"]);
    assert_eq!(again.out, shown.out);
    let json = run(folder.path(), &["--json", "config", "show"]).json();
    let ledger = &json["ledger"][0];
    assert_eq!(ledger["base_issuance"], "10000");
    assert_eq!(ledger["weights"], json!({ "git:commit_authored": "1000" }));
    assert_eq!(ledger["source"][1]["branch"], "HEAD");
    assert_eq!(json["worker"]["lease"], "30s");
}
