//! Bad input gets a sentence that names the thing, and nothing is written.

use diesel_async::SimpleAsyncConnection as _;
use store_testkit::TestDatabase;

use crate::program::{Program, Run, program, word};
use crate::repository::Repository;

#[tokio::test]
async fn what_is_not_there_is_named() {
    let program = Program::new().await;
    let folder = tempfile::tempdir().unwrap();
    program.refused(4, "there is no ledger \"nope\"", &["--ledger", "nope", "epoch", "list"]);
    program.refused(
        4,
        "no epoch is open",
        &["collect", "git", word(Repository::with_history().path())],
    );
    program.refused(4, "there is no epoch 99", &["epoch", "show", "99"]);
    program.refused(4, "no epoch is closed yet", &["statement", "verify"]);
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    program.refused(6, "is not a git repository", &["collect", "git", word(folder.path())]);
    let repository = Repository::with_history();
    program.refused(6, "trunk", &["collect", "git", word(repository.path()), "--branch", "trunk"]);
    program.refused(3, "epoch 1 is open", &["statement", "verify", "1"]);
    program.refused(
        4,
        "\"ada\" has no allocation in epoch 1; units can be given to people with events",
        &["allocate", "override", "ada", "1", "--reason", "x"],
    );
}

/// Opens a week, with more to say about it.
fn open<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["epoch", "open", "--week", "2026-W47"], more].concat()
}

#[tokio::test]
async fn a_wrong_window_or_weight_opens_nothing() {
    let program = Program::new().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("weights.json");
    program.refused(
        2,
        "\"git:a=-1\" is not valid: it is negative",
        &open(&["--weight", "git:a=-1"]),
    );
    program.refused(2, "must be a whole number", &open(&["--weight", "git:a=1.5"]));
    program.refused(2, "write it as git:commit_authored=1000", &open(&["--weight", "git:a"]));
    program.refused(2, "given twice", &open(&["--weight", "git:a=1", "--weight", "git:a=2"]));
    program.refused(2, "weights.json", &open(&["--weights", word(&file)]));
    for (text, says) in [
        ("{", "EOF"),
        ("[]", "must be a JSON object"),
        ("{\"git:a\": 1.5}", "git:a: 1.5"),
        ("{\"git:a\": \"1.5\"}", "git:a"),
        ("{\"git:a\": 1, \"git:b\": 1, \"git:a\": 1}", "weight git:a is given twice"),
    ] {
        std::fs::write(&file, text).unwrap();
        program.refused(2, says, &open(&["--weights", word(&file)]));
    }
    program.refused(
        2,
        "must end after it begins",
        &["epoch", "open", "--from", "2026-11-16", "--to", "2026-11-09"],
    );
    program.refused(2, "no such week", &["epoch", "open", "--week", "2026-W60"]);
    assert_eq!(program.json(&["epoch", "list"])["epochs"].as_array().unwrap().len(), 0);
    program.json(&open(&[]));
    program.refused(3, "epoch 1 is still open", &["epoch", "open", "--week", "2026-W48"]);
    program.json(&["epoch", "review"]);
    program.refused(3, "overlaps epoch 1", &open(&[]));
}

#[tokio::test]
async fn money_that_does_not_add_up_is_refused() {
    let program = Program::new().await;
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    program.refused(3, "has no base_issuance", &["epoch", "close", "--yes"]);
    program.refused(2, "2^63-1", &["pool", "add", "top_up", "9223372036854775808"]);
    program.refused(2, "not valid JSON", &["pool", "add", "top_up", "1", "--inputs", "{"]);
    program.json(&["pool", "add", "base_issuance", "9223372036854775807"]);
    program.refused(3, "the sum of the pool components is larger", &["pool", "add", "top_up", "1"]);
    program.refused(3, "components never change", &["pool", "add", "base_issuance", "5"]);
    let list = program.json(&["pool", "list"]);
    assert_eq!(list["components"].as_array().unwrap().len(), 1);
    program.json(&["epoch", "close", "--yes"]);
    program.refused(3, "epoch 1 is closed", &["pool", "add", "top_up", "1", "--epoch", "1"]);
    program.refused(3, "epoch 1 is closed", &["allocate", "propose", "--epoch", "1"]);
}

#[tokio::test]
async fn names_are_checked_before_anything_is_done() {
    let program = Program::new().await;
    program.refused(2, "control character", &["identity", "bind", "git", "a@example.org", "a\nb"]);
    program.refused(2, "a-z", &["ledger", "create", "Not A Slug"]);
    program.refused(2, "--reason", &["allocate", "override", "ada", "1"]);
    program.refused(2, "unrecognized subcommand", &["bogus"]);
    program.json(&["identity", "bind", "git", "a@example.org", "ada"]);
    program.refused(
        3,
        "is bound to ada already",
        &["identity", "bind", "git", "a@example.org", "bob"],
    );
    let error = program.run(&["--json", "epoch", "show", "99"]);
    let json: serde_json::Value = serde_json::from_str(&error.err).unwrap();
    assert_eq!(json["error"]["exit_code"], 4);
}

fn against(url: &str, arguments: &[&str]) -> Run {
    program().env("DATABASE_URL", url).args(arguments).output().unwrap().into()
}

#[tokio::test]
async fn a_database_that_cannot_be_used_says_why() {
    for (url, code, says) in [
        ("postgres://me:hunter2@127.0.0.1:1/books", 6, "Connection refused"),
        ("postgres://me:hunter2@127.0.0.1:x/books", 2, "the database address is not valid"),
        ("hunter2", 2, "the database address is not valid"),
        ("mysql://me:hunter2@127.0.0.1/books", 2, "begins with mysql://; this program needs"),
        ("mysql://me:hunter2@127.0.0.1/books", 2, "postgres://"),
    ] {
        let run = against(url, &["epoch", "list"]);
        assert_eq!(run.code, code, "{run:?}");
        assert!(run.err.contains(says) && !run.err.contains("hunter2"), "{}", run.err);
    }
    let empty = TestDatabase::empty().await;
    let absent = empty.owner_url_text().replace("/test_", "/absent_");
    for arguments in [["epoch", "list"], ["db", "status"], ["db", "migrate"]] {
        let run = against(&absent, &arguments);
        assert_eq!(run.code, 6, "{run:?}");
        assert_eq!(run.err.matches("does not exist").count(), 1, "said once: {}", run.err);
        assert!(!run.err.contains("because"), "{}", run.err);
    }
    let run = against(&empty.owner_url_text(), &["epoch", "list"]);
    assert_eq!(run.code, 6, "{run:?}");
    assert!(run.err.contains("lacks 14 of this program's migrations"), "{}", run.err);
    assert!(against(&empty.owner_url_text(), &["db", "provision"]).out.contains("confirmed"));
    assert!(
        against(&empty.owner_url_text(), &["db", "migrate"]).out.contains("14 migrations applied")
    );
    assert!(against(&empty.owner_url_text(), &["db", "migrate"]).out.contains("up to date"));
    assert_eq!(against(&empty.service_url_text(), &["epoch", "list"]).code, 0);
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('20990101000000')";
    empty.owner().await.batch_execute(newer).await.unwrap();
    let run = against(&empty.owner_url_text(), &["epoch", "list"]);
    assert_eq!(run.code, 6, "{run:?}");
    assert!(
        run.err.contains("20990101000000") && run.err.contains("newer epoch-ledger"),
        "{}",
        run.err
    );
}

#[test]
fn every_command_explains_itself() {
    for command in [
        "demo",
        "db",
        "ledger",
        "epoch",
        "collect",
        "activity",
        "identity",
        "allocate",
        "pool",
        "statement",
    ] {
        let run: Run = program().args([command, "--help"]).output().unwrap().into();
        assert_eq!(run.code, 0, "{command}");
        assert!(run.out.contains("Usage: epoch-ledger"), "{command}: {}", run.out);
    }
    let version: Run = program().arg("--version").output().unwrap().into();
    assert_eq!(version.out.trim(), concat!("epoch-ledger ", env!("CARGO_PKG_VERSION")));
}
