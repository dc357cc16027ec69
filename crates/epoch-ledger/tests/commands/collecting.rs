//! What is collected, into which epoch, and how often.

use crate::program::{Program, word};
use crate::repository::Repository;

#[tokio::test]
async fn collecting_again_inserts_nothing() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    let path = word(repository.path());
    program.json(&["epoch", "open", "--from", "2026-11-09", "--to", "2026-11-23"]);
    let first = program.json(&["collect", "git", path]);
    // Six commits of people, a merge, a co-author; the bot and the one from before are left out.
    assert_eq!(
        (&first["inserted"], &first["bots"], &first["before_since"]),
        (&8.into(), &1.into(), &1.into())
    );
    let again = program.json(&["collect", "git", path]);
    assert_eq!((&again["inserted"], &again["duplicates"]), (&0.into(), &0.into()));
    assert_eq!(
        program.json(&["activity", "list", "--limit", "0"])["events"].as_array().unwrap().len(),
        8
    );
}

#[tokio::test]
async fn a_commit_after_the_window_waits_and_an_old_one_comes_late() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    let path = word(repository.path());
    program.json(&["epoch", "open", "--week", "2026-W46"]);
    let first = program.json(&["collect", "git", path]);
    assert_eq!((&first["inserted"], &first["waiting"]), (&4.into(), &4.into()), "{first}");
    program.json(&["epoch", "review"]);
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    // Work from the first week that is merged only now.
    repository.git(&[], &["checkout", "--quiet", "-b", "late", "HEAD~3"]);
    repository.commit("Grace", "grace@example.org", "2026-11-11T10:00:00Z", "Found in a drawer");
    repository.git(&[], &["checkout", "--quiet", "main"]);
    let merge = ["merge", "--quiet", "--no-ff", "-m", "Merge late", "late"];
    repository.commit_with("Ada", "ada@example.org", "2026-11-22T23:59:59Z", &merge);
    let second = program.json(&["collect", "git", path]);
    assert_eq!((&second["inserted"], &second["late"]), (&6.into(), &1.into()), "{second}");
    let events = program.json(&["activity", "list", "--epoch", "latest", "--limit", "0"]);
    let late: Vec<&str> = events["events"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|event| event["late"] == true)
        .map(|event| event["metadata"]["subject"].as_str().unwrap())
        .collect();
    assert_eq!(late, ["Found in a drawer"]);
}
