//! What is a fact, and whose.

use activity_sources::github::GithubSource;
use serde_json::{Value, json};
use source_testkit::{account, comment, issue, pull_request, release, review};

use crate::stage::{Books, ORCHARD, on, options, orchard, source, week};

#[tokio::test]
async fn each_fact_says_who_did_what_and_when() {
    let fake = orchard().await;
    let (time, later) = (on(17, "10:00:00"), on(18, "09:00:00"));
    fake.put_issue(ORCHARD, pull_request(1, &account(1, "Ada"), Some(&time), &later));
    fake.put_issue(ORCHARD, issue(2, &account(2, "bob"), Some(&time), &later));
    fake.put_comment(ORCHARD, comment(3, &account(3, "cyd"), &time));
    fake.put_release(ORCHARD, release(4, &account(4, "dan"), Some(&time)));
    fake.add_review(ORCHARD, 1, review(5, &account(5, "eve"), Some(&time)));
    let mut books = Books::default();
    books.collect(&source(&fake), week()).await.unwrap();
    let host = "127.0.0.1";
    let expected = [
        (format!("comment:{host}/3"), "issue_commented", 3),
        (format!("issue:{host}/{ORCHARD}:2"), "issue_closed", 2),
        (format!("pr:{host}/{ORCHARD}:1"), "pr_merged", 1),
        (format!("release:{host}/4"), "release_published", 4),
        (format!("review:{host}/5"), "review_submitted", 5),
    ];
    let mut events = books.events;
    events.sort_by_key(|event| event.id.to_string());
    assert_eq!(events.len(), expected.len());
    for (event, (id, event_type, by)) in events.iter().zip(expected) {
        assert_eq!(event.id.to_string(), format!("github:{id}"));
        assert_eq!(event.event_type.to_string(), event_type);
        assert_eq!(event.platform_user_id.to_string(), format!("{by}@{host}"));
        assert_eq!(event.event_time.to_string(), time);
        assert!(event.artifact_url.as_ref().unwrap().starts_with("https://github.com/acme/"));
        assert_eq!(event.metadata.as_ref().unwrap()["repository_id"], ORCHARD);
    }
    assert_eq!(events[2].platform_login.as_deref(), Some("Ada"));
}

#[tokio::test]
async fn what_is_no_contribution_is_left_out() {
    let fake = orchard().await;
    let time = on(17, "10:00:00");
    let put = |value: Value| {
        fake.put_issue(ORCHARD, value);
    };
    put(pull_request(1, &account(1, "ada"), None, &time));
    put(issue(2, &account(1, "ada"), None, &time));
    let mut reopened = issue(3, &account(1, "ada"), Some(&time), &time);
    reopened["state"] = json!("open");
    put(reopened);
    let mut rejected = pull_request(4, &account(1, "ada"), None, &time);
    (rejected["state"], rejected["closed_at"]) = (json!("closed"), json!(time));
    put(rejected);
    fake.add_review(ORCHARD, 1, review(1, &account(1, "ada"), Some(&time)));
    fake.add_review(ORCHARD, 1, review(2, &account(2, "bob"), None));
    fake.put_release(ORCHARD, release(1, &account(1, "ada"), None));
    let mut books = Books::default();
    books.collect(&source(&fake), week()).await.unwrap();
    assert_eq!(books.ids(), Vec::<String>::new());

    let mut dismissed = issue(5, &account(1, "ada"), Some(&time), &time);
    dismissed["state_reason"] = json!("not_planned");
    put(dismissed);
    books.collect(&source(&fake), week()).await.unwrap();
    let types: Vec<_> = books.events.iter().map(|event| event.event_type.to_string()).collect();
    assert_eq!(types, ["issue_dismissed"]);
}

#[tokio::test]
async fn bots_are_counted_and_left_out() {
    let fake = orchard().await;
    let time = on(17, "10:00:00");
    for (number, login) in [(1, "dependabot[bot]"), (2, "Renovate-acme"), (3, "ada")] {
        let one = issue(number, &account(number, login), Some(&time), &time);
        fake.put_issue(ORCHARD, one);
    }
    let mut app = account(4, "octo-app");
    app["type"] = json!("Bot");
    fake.put_issue(ORCHARD, issue(4, &app, Some(&time), &time));
    let mut options = options(&fake);
    options.bots = vec!["renovate*".to_owned()];
    let source = GithubSource::open(options).unwrap();
    let mut books = Books::default();
    books.collect(&source, week()).await.unwrap();
    assert_eq!((books.events.len(), books.tally.bots), (1, 3));
    books.collect(&source, week()).await.unwrap();
    assert_eq!((books.events.len(), books.tally.bots), (1, 3), "each is counted once");
}

#[tokio::test]
async fn an_account_that_is_gone_is_told() {
    let fake = orchard().await;
    let time = on(17, "10:00:00");
    fake.put_issue(ORCHARD, issue(1, &Value::Null, Some(&time), &time));
    fake.put_issue(ORCHARD, issue(2, &account(1, "ada"), Some(&time), &time));
    let mut books = Books::default();
    books.collect(&source(&fake), week()).await.unwrap();
    assert_eq!((books.events.len(), books.tally.faulty), (1, 1));
    let told = &books.notices[0].message;
    assert!(told.contains(":1 is left out: GitHub does not say whose it is"), "{told}");
}
