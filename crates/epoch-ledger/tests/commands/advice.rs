//! What the program says without being asked, so that a slip is seen before it costs somebody.

use crate::program::{Program, word};
use crate::repository::Repository;

#[tokio::test]
async fn a_binding_that_finds_nobody_says_so() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    let before = program.json(&["identity", "bind", "git", "new@example.org", "new"]);
    assert_eq!(before["notices"].as_array().unwrap().len(), 0, "nothing is open yet: {before}");
    program.json(&["epoch", "open", "--from", "2026-11-09", "--to", "2026-11-23"]);
    program.json(&["collect", "git", word(repository.path())]);
    let slip = program.run(&["identity", "bind", "git", "adda@example.org", "ada"]);
    assert_eq!(slip.code, 0, "{slip:?}");
    assert!(slip.err.contains("no event of the git user \"adda@example.org\" waits"), "{slip:?}");
    let right = program.run(&["identity", "bind", "git", "ada@example.org", "ada"]);
    assert_eq!((right.code, right.err.as_str()), (0, ""), "{right:?}");
    let again = program.run(&["identity", "bind", "git", "ada@example.org", "ada"]);
    assert_eq!((again.code, again.err.as_str()), (0, ""), "{again:?}");
}

#[tokio::test]
async fn people_of_git_are_bound_in_lower_case_and_others_as_they_are() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    program.json(&["epoch", "open", "--from", "2026-11-09", "--to", "2026-11-23"]);
    program.json(&["collect", "git", word(repository.path())]);
    let bound = program.json(&["identity", "bind", "git", "Ada@Example.org", "ada"]);
    assert_eq!(bound["platform_user_id"], "ada@example.org");
    assert_eq!((&bound["resolved"], &bound["notices"]), (&4.into(), &serde_json::json!([])));
    let other = program.run(&["identity", "bind", "irc", "Ada", "ada"]);
    assert_eq!(other.code, 0, "{other:?}");
    assert!(other.err.contains("collects from no source \"irc\"; it knows: git"), "{other:?}");
    assert!(other.out.contains("irc Ada is ada"), "{other:?}");
}

/// The sentences of `epoch show`, which people read too.
fn missing(program: &Program) -> Vec<String> {
    let json = program.json(&["epoch", "show", "1"]);
    let sentences = json["missing"].as_array().unwrap().iter();
    let sentences: Vec<String> = sentences.map(|one| one.as_str().unwrap().to_owned()).collect();
    let shown = program.run(&["epoch", "show", "1"]).out;
    assert!(sentences.iter().all(|sentence| shown.contains(sentence)), "{shown}");
    assert_eq!(shown.contains("Missing, before"), !sentences.is_empty(), "{shown}");
    sentences
}

#[tokio::test]
async fn an_epoch_says_what_it_lacks_until_it_can_be_closed() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    let lacks = |expected: &[&str]| {
        let found = missing(&program);
        assert_eq!(found.len(), expected.len(), "{expected:?}: {found:?}");
        for (sentence, says) in found.iter().zip(expected) {
            assert!(sentence.contains(says), "{says}: {sentence}");
        }
    };
    program.json(&["epoch", "open", "--from", "2026-11-09", "--to", "2026-11-23"]);
    lacks(&["a base_issuance"]);
    program.json(&["collect", "git", word(repository.path())]);
    lacks(&["somebody to pay for 8 events", "a base_issuance"]);
    program.json(&["identity", "bind", "git", "ada@example.org", "ada"]);
    lacks(&["somebody to pay for 4 events", "proposed units: run", "a base_issuance"]);
    program.json(&["allocate", "propose"]);
    program.json(&["identity", "bind", "git", "lin@example.org", "lin"]);
    lacks(&[
        "somebody to pay for 2 events",
        "proposed units that match the events",
        "a base_issuance",
    ]);
    program.json(&["identity", "bind", "git", "grace@example.org", "grace"]);
    program.json(&["allocate", "propose"]);
    program.json(&["pool", "add", "base_issuance", "1"]);
    lacks(&[]);
    program.json(&["epoch", "close", "--yes"]);
    lacks(&[]);
}

#[tokio::test]
async fn an_empty_weight_table_is_not_taken_over() {
    let program = Program::new().await;
    program.json(&["epoch", "open", "--week", "2026-W46"]);
    program.json(&["epoch", "review"]);
    program.tamper("UPDATE epochs SET weight_config = '{}'").await;
    let opened = program.json(&["epoch", "open", "--week", "2026-W47"]);
    assert_eq!(opened["weights"]["git:commit_authored"], "1000", "{opened}");
    let notices = opened["notices"].to_string();
    assert!(notices.contains("epoch 1 has no weights to take over"), "{opened}");
    program.json(&["epoch", "review", "2"]);
    let next = program.json(&["epoch", "open", "--week", "2026-W48"]);
    assert_eq!((&next["weights"], &next["notices"]), (&opened["weights"], &serde_json::json!([])));
}
