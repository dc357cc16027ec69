//! Activity from GitHub, from the command to the statement.

use serde_json::json;
use source_testkit::{FakeGithub, Instead, account, issue, pull_request, review};

use crate::program::Program;

const ORCHARD: u64 = 1_296_269;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_on_github_is_paid() {
    let (program, fake) = (Program::new().await, FakeGithub::start().await);
    let time = "2026-11-17T10:00:00Z";
    fake.name(ORCHARD, "acme/orchard");
    fake.put_issue(ORCHARD, pull_request(1, &account(1, "ada"), Some(time), time));
    fake.put_issue(ORCHARD, issue(2, &account(3, "dependabot[bot]"), Some(time), time));
    fake.add_review(ORCHARD, 1, review(5, &account(2, "bob"), Some(time)));
    let (merged, reviewed) = ("github:pr_merged=3000", "github:review_submitted=1000");
    let open = ["epoch", "open", "--week", "2026-W47", "--weight", merged, "--weight", reviewed];
    program.json(&open);
    let collect = ["collect", "github", "Acme/Orchard", "--api", fake.api()];
    let report = program.json(&collect);
    assert_eq!((&report["inserted"], &report["bots"]), (&2.into(), &1.into()), "{report}");
    let again = program.json(&collect);
    assert_eq!((&again["inserted"], &again["conflicts"]["count"]), (&0.into(), &0.into()));
    for (number, who) in [(1, "ada"), (2, "bob")] {
        let platform_user = format!("{number}@127.0.0.1");
        let bound = program.json(&["identity", "bind", "github", &platform_user, who]);
        assert_eq!((&bound["resolved"], &bound["notices"]), (&1.into(), &json!([])), "{bound}");
    }
    program.json(&["allocate", "propose"]);
    program.json(&["pool", "add", "base_issuance", "400"]);
    let closed = program.run(&["epoch", "close", "--yes"]);
    assert_eq!(closed.code, 0, "{closed:?}");
    let paid = program.json(&["statement", "show"]);
    let payouts = paid["payouts"].to_string();
    assert!(payouts.contains("\"300\"") && payouts.contains("\"100\""), "{paid}");
    assert_eq!(program.run(&["statement", "verify"]).code, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_github_refuses_is_told() {
    let (program, fake) = (Program::new().await, FakeGithub::start().await);
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    program.refused(2, "OWNER/NAME", &["collect", "github"]);
    program.refused(2, "is no repository", &["collect", "github", "acme"]);
    let collect = ["collect", "github", "acme/orchard", "--api", fake.api()];
    program.refused(6, "repos/acme/orchard is not there", &collect);
    let headers = vec![("retry-after", "77".to_owned())];
    fake.answer_instead(Instead { status: 429, headers, ..Instead::default() });
    program.refused(6, "127.0.0.1 asks to wait 77 s", &collect);
    let mut unset = collect.to_vec();
    unset.extend(["--token-env", "EPOCH_LEDGER_TEST_NO_SUCH_VARIABLE"]);
    program.refused(2, "is empty or not set", &unset);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_may_not_be_read_keeps_no_other_from_it() {
    let (program, fake) = (Program::new().await, FakeGithub::start().await);
    let time = "2026-11-17T10:00:00Z";
    for (id, name) in [(1, "acme/closed"), (2, "acme/orchard")] {
        fake.name(id, name).put_issue(id, issue(1, &account(1, "ada"), Some(time), time));
    }
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    let repositories = serde_json::json!([{ "id": 1 }, { "id": 2 }]).to_string().into_bytes();
    fake.answer_instead(Instead { status: 200, body: repositories, ..Instead::default() });
    fake.answer_instead(Instead { status: 403, ..Instead::default() });
    let collect = ["collect", "github", "--organization", "acme", "--api", fake.api()];
    program.refused(6, "repositories/1/issues may not be read", &collect);
    let events = program.json(&["activity", "list"])["events"].clone();
    assert_eq!(events.as_array().map(Vec::len), Some(1), "{events}");
}

/// Whoever closes before the next collection pays what is there, and to whom it belongs.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_read_before_a_collection_broke_off_belongs_to_people() {
    let (program, fake) = (Program::new().await, FakeGithub::start().await);
    let time = "2026-11-17T10:00:00Z";
    fake.name(ORCHARD, "acme/orchard");
    fake.put_issue(ORCHARD, issue(1, &account(1, "ada"), Some(time), time));
    program.json(&["epoch", "open", "--week", "2026-W47"]);
    program.json(&["identity", "bind", "github", "1@127.0.0.1", "ada"]);
    // The repository is found and its issues are read; then it asks to wait.
    let collect = ["collect", "github", "acme/orchard", "--api", fake.api()];
    fake.limit(Some(2));
    program.refused(6, "127.0.0.1 asks to wait", &collect);
    let events = program.json(&["activity", "list"])["events"].clone();
    assert_eq!(events[0]["user_id"], "ada", "{events}");

    // A repository that is not there is told, and the other one is read.
    fake.limit(None).put_issue(ORCHARD, issue(2, &account(1, "ada"), Some(time), time));
    let named = ["acme/another", "acme/orchard", "acme/third", "--api", fake.api()];
    let run = program.run(&[&["collect", "github"], &named[..]].concat());
    assert_eq!(run.code, 6, "{run:?}");
    for said in
        ["repos/acme/another is not there", "repos/acme/third is not there", "1 event stored"]
    {
        assert!(run.err.contains(said), "{said}: {}", run.err);
    }
    let events = program.json(&["activity", "list"])["events"].clone();
    let users: Vec<_> = events.as_array().unwrap().iter().map(|one| &one["user_id"]).collect();
    assert_eq!(users, ["ada", "ada"], "{events}");
}
