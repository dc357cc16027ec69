//! What is there, for people and for programs.

use serde_json::Value;

use crate::program::{Program, word};
use crate::repository::Repository;

/// Runs it for people, then for programs; answers the result, after the words were seen in both.
fn both(program: &Program, words: &[&str], arguments: &[&str]) -> Value {
    let run = program.run(arguments);
    assert_eq!(run.code, 0, "{arguments:?}: {run:?}");
    let json = program.json(arguments);
    for word in words {
        assert!(run.out.contains(word), "{arguments:?}: no {word} in {}", run.out);
        assert!(json.to_string().contains(word), "{arguments:?}: no {word} in {json}");
    }
    json
}

#[tokio::test]
async fn the_database_says_which_migrations_it_has() {
    let program = Program::new().await;
    let status = both(&program, &["_create_baseline", "applied"], &["db", "status"]);
    assert_eq!(status["current"], true, "{status}");
    assert_eq!(status["unknown"].as_array().unwrap().len(), 0);
    assert_eq!(program.json(&["db", "migrate"])["applied"].as_array().unwrap().len(), 0);
    assert_eq!(program.json(&["db", "provision"])["state"], "confirmed");
}

#[tokio::test]
async fn ledgers_are_created_once_and_listed() {
    let program = Program::new().await;
    let id = both(&program, &["orchard"], &["ledger", "create", "orchard"])["id"].clone();
    assert_eq!(program.json(&["ledger", "create", "orchard"])["id"], id);
    let list = both(&program, &["default", "orchard", id.as_str().unwrap()], &["ledger", "list"]);
    assert_eq!(list["ledgers"].as_array().unwrap().len(), 2, "{list}");
    program.json(&["--ledger", "orchard", "epoch", "open", "--week", "2026-W46"]);
    assert_eq!(program.json(&["epoch", "list"])["epochs"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn people_events_and_units_are_listed() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    program.json(&["epoch", "open", "--from", "2026-11-09", "--to", "2026-11-23"]);
    program.json(&["collect", "git", word(repository.path())]);
    let waiting = ["activity", "list", "--unresolved", "--limit", "0"];
    let unresolved = both(&program, &["lin@example.org", "On the side"], &waiting);
    assert_eq!(unresolved["events"].as_array().unwrap().len(), 8, "{unresolved}");
    let first = program.json(&["activity", "list", "--unresolved", "--limit", "3"]);
    assert_eq!((first["events"].as_array().unwrap().len(), &first["more"]), (3, &true.into()));
    program.json(&["identity", "bind", "git", "ada@example.org", "ada"]);
    let left = program.json(&waiting);
    assert_eq!(left["events"].as_array().unwrap().len(), 4, "{left}");
    both(&program, &["git", "ada@example.org", "ada"], &["identity", "list"]);

    program.json(&["allocate", "propose"]);
    let list = both(&program, &["ada"], &["allocate", "list"]);
    assert_eq!(list["allocations"][0]["proposed_units"], "4000", "{list}");
    let decide = ["allocate", "override", "ada", "5000", "--reason", "ran the workshop"];
    both(&program, &["ada", "ran the workshop"], &decide);
    let back = both(&program, &["ada"], &["allocate", "override", "ada", "--take-back"]);
    assert_eq!(back["final_units"], Value::Null, "{back}");
    assert!(!program.run(&["allocate", "list"]).out.contains("workshop"));
}

#[tokio::test]
async fn a_statement_is_shown() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    program.json(&["epoch", "open", "--from", "2026-11-09", "--to", "2026-11-23"]);
    program.json(&["collect", "git", word(repository.path())]);
    program.json(&["identity", "bind", "git", "ada@example.org", "ada"]);
    program.json(&["allocate", "propose"]);
    program.json(&["pool", "add", "base_issuance", "997"]);
    let closed = program.json(&["epoch", "close", "--yes"]);
    let hash = closed["statement"]["allocation_set_hash"].as_str().unwrap();
    let shown = both(&program, &["ada", "997", "1.000000", hash], &["statement", "show"]);
    assert_eq!(shown["payouts"], closed["statement"]["payouts"]);
    both(&program, &["ada", "997"], &["statement", "show", "1"]);
}

#[tokio::test]
async fn weights_come_from_a_file() {
    let program = Program::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.json");
    std::fs::write(&file, r#"{"git:commit_authored": 2500, "github:pr_merged": "8000"}"#).unwrap();
    let open = ["epoch", "open", "--week", "2026-W46", "--weights", word(&file)];
    let opened = program.run(&open);
    assert!(opened.code == 0 && opened.out.contains("2.500"), "{opened:?}");
    let shown = both(&program, &["github:pr_merged"], &["epoch", "show"]);
    assert_eq!(shown["weights"]["github:pr_merged"], "8000", "{shown}");
}
