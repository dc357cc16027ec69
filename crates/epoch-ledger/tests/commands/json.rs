//! What programs read: JSON, all of it, and nothing else.

use serde_json::Value;

use crate::program::{Program, Run, word};
use crate::repository::Repository;

fn with_json(program: &Program, arguments: &[&str]) -> Run {
    program.run(&[&["--json"], arguments].concat())
}

fn notices(json: &Value) -> Vec<&str> {
    json["notices"].as_array().unwrap().iter().map(|notice| notice.as_str().unwrap()).collect()
}

#[tokio::test]
async fn notes_are_in_the_result_and_not_beside_it() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    let opened =
        with_json(&program, &["epoch", "open", "--from", "2026-11-01", "--to", "9000-01-01"]);
    assert_eq!((opened.err.as_str(), notices(&opened.json())), ("", vec![]));
    program.json(&["collect", "git", word(repository.path())]);
    program.json(&["pool", "add", "base_issuance", "100"]);
    for arguments in [&["epoch", "close", "--dry-run"], &["epoch", "close", "--yes"]] {
        let run = with_json(&program, arguments);
        assert_eq!((run.code, run.err.as_str()), (0, ""), "{run:?}");
        let json = run.json();
        let notices = notices(&json);
        for says in ["still to come", "belong to nobody", "nobody has units"] {
            assert_eq!(notices.iter().filter(|one| one.contains(says)).count(), 1, "{notices:?}");
        }
    }
}

#[tokio::test]
async fn a_failure_is_one_json_object_with_the_notes_that_led_to_it() {
    let program = Program::new().await;
    program.json(&["epoch", "open", "--from", "2026-11-01", "--to", "9000-01-01"]);
    program.json(&["pool", "add", "base_issuance", "100"]);
    let run = with_json(&program, &["epoch", "close"]);
    assert_eq!((run.code, run.out.as_str()), (2, ""), "{run:?}");
    let json: Value = serde_json::from_str(&run.err).unwrap();
    assert_eq!(json["error"]["exit_code"], 2, "{json}");
    assert!(notices(&json).iter().any(|one| one.contains("still to come")), "{json}");
}

#[tokio::test]
async fn a_weight_is_a_string_that_keeps_every_digit_and_is_read_back() {
    let program = Program::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.json");
    // A reader of numbers as doubles would take it for …992.
    let weight = "git:commit_authored=9007199254740993";
    let week = ["epoch", "open", "--week", "2026-W46", "--weight", weight];
    let opened = program.json(&week);
    assert_eq!(opened["weights"]["git:commit_authored"], "9007199254740993", "{opened}");
    std::fs::write(&file, opened["weights"].to_string()).unwrap();
    program.json(&["epoch", "review"]);
    let next = ["epoch", "open", "--week", "2026-W47", "--weights", word(&file)];
    assert_eq!(program.json(&next)["weights"], opened["weights"]);
    for arguments in [&["epoch", "list"][..], &["epoch", "show", "1"]] {
        let run = with_json(&program, arguments);
        assert!(!run.out.contains(": 9007199254740993"), "{run:?}");
    }
}
