//! A repository under another name: nobody is paid twice.

use crate::program::{Program, word};
use crate::repository::Repository;

#[tokio::test]
async fn a_renamed_repository_is_refused_until_somebody_says_what_is_meant() {
    let (program, repository) = (Program::new().await, Repository::with_history());
    let path = word(repository.path());
    program.json(&["epoch", "open", "--from", "2026-11-09", "--to", "2026-11-23"]);
    let first = program.json(&["collect", "git", path]);
    assert_eq!(first["inserted"], 8);
    assert_eq!(first["unresolved"], 8);
    repository.git(&[], &["remote", "set-url", "origin", "https://github.com/NewOrg/Orchard"]);
    let says = "github.com/neworg/orchard holds the history that was collected as \
        github.com/acme/orchard: the same work would be paid twice; nothing was read; go on under \
        the old name with `--name github.com/acme/orchard`, or pay it again with \
        `--pay-shared-history`";
    program.refused(3, says, &["collect", "git", path]);

    // New work under the old name, as the message says.
    repository.commit("Ada", "ada@example.org", "2026-11-21T10:00:00Z", "After the move");
    let renamed = ["collect", "git", path, "--name", "github.com/acme/orchard"];
    assert_eq!(program.json(&renamed)["inserted"], 1);
    let again = program.json(&["collect", "git", path, "--pay-shared-history"]);
    assert_eq!(again["inserted"], 9);
    // Both names are known now, so neither is a surprise any more.
    assert_eq!(program.json(&["collect", "git", path])["inserted"], 0);
    assert_eq!(program.json(&renamed)["inserted"], 0);
}
