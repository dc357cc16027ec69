//! Limits, failures and refusals.

use std::time::Duration;

use activity_sources::github::{GithubSource, Token};
use activity_sources::{ActivitySource as _, CollectWindow, Remedy, SourceError};
use source_testkit::{FakeGithub, Instead, account, issue, pull_request, review};

use crate::stage::{Books, ORCHARD, at, on, options, orchard, source, week};

fn some_issues(fake: &FakeGithub) {
    for number in 1..=3 {
        let closed = on(17, &format!("10:00:0{number}"));
        fake.put_issue(ORCHARD, issue(number, &account(1, "ada"), Some(&closed), &closed));
    }
}

#[tokio::test]
async fn a_bad_token_fails_at_once_and_says_so() {
    let fake = orchard().await;
    fake.require_token("good");
    for token in [None, Some("bad")] {
        let mut options = options(&fake);
        options.token = token.map(Token::new);
        let source = GithubSource::open(options).unwrap();
        let error = source.streams().await.unwrap_err();
        assert!(matches!(error, SourceError::Denied { .. }), "{error:?}");
        assert_eq!(error.remedy(), Remedy::Mend);
        let said = error.to_string();
        assert!(said.contains("does not accept the token (Bad credentials)"), "{said}");
        assert!(!said.contains("bad") && !format!("{source:?}").contains("bad"), "{said}");
        assert_eq!(fake.asked().len(), 1, "it is not tried again");
    }
    let mut options = options(&fake);
    options.token = Some(Token::new("good\n"));
    assert_eq!(GithubSource::open(options).unwrap().streams().await.unwrap().streams.len(), 3);
}

#[tokio::test]
async fn a_limit_that_is_used_up_is_waited_for_by_the_servers_clock() {
    let fake = orchard().await;
    some_issues(&fake);
    fake.limit(Some(0));
    let error = source(&fake).streams().await.unwrap_err();
    // The fake's reset is 900 s after its answer, and the second of the reset is still before it.
    assert_eq!(error.remedy(), Remedy::Wait(Duration::from_secs(901)), "{error}");
    assert!(error.to_string().contains("asks to wait 901 s: the rate limit is used up"), "{error}");
}

#[tokio::test]
async fn a_small_limit_still_reaches_the_end() {
    let fake = orchard().await;
    for number in 1..=90 {
        let merged = on(17, &format!("{:02}:{:02}:00", 10 + number / 30, number % 30 * 2));
        let by = account(1, "ada");
        fake.put_issue(ORCHARD, pull_request(number, &by, Some(&merged), &merged));
        fake.add_review(ORCHARD, number, review(number, &account(2, "bob"), Some(&merged)));
    }
    let (source, mut books) = (source(&fake), Books::default());
    let mut hours = 0;
    loop {
        hours += 1;
        assert!(hours < 20, "it does not get on: {}", books.events.len());
        fake.limit(Some(25));
        match books.collect(&source, week()).await {
            Ok(()) => break,
            Err(error) => assert!(matches!(error, SourceError::Throttled { .. }), "{error}"),
        }
    }
    assert!(hours > 3, "one limit was enough");
    assert_eq!(books.events.len(), 180);
    let mut ids = books.ids();
    ids.dedup();
    assert_eq!(ids.len(), 180);
}

#[tokio::test]
async fn other_ways_to_ask_for_patience_are_understood() {
    let fake = orchard().await;
    some_issues(&fake);
    let body = |text: &str| format!("{{\"message\": \"{text}\"}}").into_bytes();
    for (status, headers, text, expected) in [
        (403, vec![("retry-after", "77".to_owned())], "slow down", 77),
        (429, vec![("retry-after", "5".to_owned())], "slow down", 5),
        (503, vec![("retry-after", "9".to_owned())], "we are sorry", 9),
        (429, vec![], "too many", 60),
        (403, vec![], "You have exceeded a secondary rate limit.", 60),
    ] {
        fake.answer_instead(Instead { status, headers, body: body(text), ..Instead::default() });
        let error = source(&fake).streams().await.unwrap_err();
        assert_eq!(error.remedy(), Remedy::Wait(Duration::from_secs(expected)), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
    let headers = vec![("retry-after", "0".to_owned())];
    fake.answer_instead(Instead { status: 403, headers, body: body("now"), ..Instead::default() });
    let error = source(&fake).streams().await.unwrap_err();
    assert_eq!(
        error.remedy(),
        Remedy::TryAgain,
        "such waits are not waited for without end: {error}"
    );
}

#[tokio::test]
async fn a_repository_that_cannot_be_found_keeps_no_other_from_being_listed() {
    let fake = orchard().await;
    let mut both = options(&fake);
    both.repositories.insert(0, "acme/another".to_owned());
    let source = GithubSource::open(both).unwrap();
    for (status, expected) in [
        (404, "repos/acme/another is not there. "),
        (410, "repos/acme/another is not there. "),
        (403, "repos/acme/another may not be read (why). Give the token read access to it"),
        (451, "repos/acme/another is blocked (why). "),
    ] {
        let body = br#"{"message": "why"}"#.to_vec();
        fake.answer_instead(Instead { status, body, ..Instead::default() });
        let list = source.streams().await.unwrap();
        assert_eq!((list.streams.len(), list.faults.len()), (3, 1), "{list:?}");
        assert_eq!(list.faults[0].remedy(), Remedy::Mend, "{list:?}");
        let said = list.faults[0].to_string();
        assert!(said.contains(expected), "{said}");
    }
    let mut options = options(&fake);
    options.organization = Some("nowhere".to_owned());
    let list = GithubSource::open(options).unwrap().streams().await.unwrap();
    assert_eq!((list.streams.len(), list.faults.len()), (3, 1), "{list:?}");
    // With a token that is not accepted, nothing else would be answered either.
    fake.answer_instead(Instead { status: 401, ..Instead::default() });
    assert!(matches!(source.streams().await, Err(SourceError::Denied { .. })));
}

#[tokio::test]
async fn a_failure_in_the_middle_loses_nothing() {
    let fake = orchard().await;
    for number in 1..=150 {
        let closed = on(17, &format!("10:{:02}:{:02}", number / 60, number % 60));
        fake.put_issue(ORCHARD, issue(number, &account(1, "ada"), Some(&closed), &closed));
    }
    let (source, books) = (source(&fake), Books::default());
    let stream = &source.streams().await.unwrap().streams[0];
    let mut reader = books.reader(&source, stream, week()).await.unwrap();
    let mut events = reader.next_page().await.unwrap().unwrap().events.len();
    for status in [502, 500] {
        let after = Duration::from_millis(100);
        fake.answer_instead(Instead { status, after, ..Instead::default() });
        let error = reader.next_page().await.expect_err("it failed");
        assert_eq!(error.remedy(), Remedy::TryAgain, "{error}");
        assert!(error.to_string().contains(&format!("it answers {status}")), "{error}");
    }
    while let Some(page) = reader.next_page().await.unwrap() {
        events += page.events.len();
    }
    assert_eq!(events, 150);
}

#[tokio::test]
async fn a_server_that_is_gone_is_told() {
    let fake = orchard().await;
    let source = source(&fake);
    drop(fake);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let error = source.streams().await.unwrap_err();
    assert_eq!(error.remedy(), Remedy::TryAgain);
    let said = error.to_string();
    assert!(said.starts_with("127.0.0.1 repos/acme/orchard cannot be read: "), "{said}");
}

/// Collects with so many requests at a time until all is read; how often that was.
async fn by_and_by(fake: &FakeGithub, books: &mut Books, window: CollectWindow, limit: u64) -> u32 {
    let source = source(fake);
    for hours in 1..30 {
        fake.limit(Some(limit));
        match books.collect(&source, window).await {
            Ok(()) => return hours,
            Err(error) => assert!(matches!(error, SourceError::Throttled { .. }), "{error}"),
        }
    }
    panic!("it does not get on: {} events", books.events.len());
}

#[tokio::test]
async fn what_was_changed_all_at_once_is_read_by_and_by() {
    let fake = orchard().await;
    for number in 1..=70 {
        let merged = on(17, &format!("10:00:{:02}", number % 50));
        let by = account(1, "ada");
        fake.put_issue(ORCHARD, pull_request(number, &by, Some(&merged), &merged));
        fake.add_review(ORCHARD, number, review(number, &account(2, "bob"), Some(&merged)));
    }
    let mut books = Books::default();
    assert!(by_and_by(&fake, &mut books, week(), 25).await > 2);
    assert_eq!(books.events.len(), 140);
}

#[tokio::test]
async fn what_waits_does_not_keep_what_is_wanted_from_being_read() {
    let fake = orchard().await;
    let ended = CollectWindow { until: at("2026-11-20"), ..week() };
    for number in 1..=70 {
        let time = on(20, &format!("{:02}:{:02}:00", 10 + number / 30, number % 30 * 2));
        let happened = if number == 70 { on(19, "10:00:00") } else { time.clone() };
        let by = account(1, "ada");
        fake.put_issue(ORCHARD, pull_request(number, &by, Some(&happened), &time));
        fake.add_review(ORCHARD, number, review(number, &account(2, "bob"), Some(&happened)));
    }
    let mut books = Books::default();
    assert!(by_and_by(&fake, &mut books, ended, 25).await > 2);
    assert_eq!(books.events.len(), 2, "of the last one");
    by_and_by(&fake, &mut books, week(), 25).await;
    let mut ids = books.ids();
    ids.dedup();
    assert_eq!((ids.len(), books.events.len()), (140, 140));
}

#[tokio::test]
async fn nobody_else_gets_the_token() {
    let (fake, stranger) = (orchard().await, orchard().await);
    let mut options = options(&fake);
    options.token = Some(Token::new("ghp_secret"));
    let asking = GithubSource::open(options.clone()).unwrap();
    let location = vec![("location", format!("{}/repos/acme/orchard", stranger.api()))];
    fake.answer_instead(Instead { status: 302, headers: location, ..Instead::default() });
    let error = asking.streams().await.unwrap_err();
    assert!(error.to_string().contains("sends the request on to another host"), "{error}");
    assert_eq!(stranger.asked(), []);

    let body = br#"{"message": "I know ghp_secret"}"#.to_vec();
    fake.answer_instead(Instead { status: 500, body, ..Instead::default() });
    let said = asking.streams().await.unwrap_err().to_string();
    assert!(said.contains("I know …") && !said.contains("ghp_secret"), "{said}");

    options.api = Some("http://git.example.org".to_owned());
    let error = GithubSource::open(options).unwrap_err();
    assert!(error.to_string().contains("only sent over https"), "{error}");
}

#[tokio::test]
async fn a_list_without_end_is_refused() {
    let fake = orchard().await;
    some_issues(&fake);
    let source = source(&fake);
    let next = || vec![("link", "<http://x/>; rel=\"next\"".to_owned())];
    let whole = format!("{{\"id\": {ORCHARD}}}").into_bytes();
    for body in [b"[]".to_vec(), format!("[{}0]", "0,".repeat(100)).into_bytes()] {
        fake.answer_instead(Instead { status: 200, body: whole.clone(), ..Instead::default() });
        fake.answer_instead(Instead { status: 200, body, headers: next(), ..Instead::default() });
        let error = Books::default().collect(&source, week()).await.unwrap_err();
        assert!(error.to_string().contains("more are said to follow"), "{error}");
    }
}

#[tokio::test]
async fn a_review_that_comes_while_the_list_is_read_waits_for_its_epoch() {
    let fake = orchard().await;
    let ended = CollectWindow { until: at("2026-11-20"), ..week() };
    let (listed, submitted) = (on(19, "10:00:00"), on(20, "00:00:05"));
    fake.put_issue(ORCHARD, pull_request(1, &account(1, "ada"), Some(&listed), &listed));
    fake.add_review(ORCHARD, 1, review(1, &account(2, "bob"), Some(&submitted)));
    let (source, mut books) = (source(&fake), Books::default());
    books.collect(&source, ended).await.unwrap();
    assert_eq!((books.events.len(), books.tally.waiting, books.tally.faulty), (1, 1, 0));
    fake.put_issue(ORCHARD, pull_request(1, &account(1, "ada"), Some(&listed), &submitted));
    books.collect(&source, week()).await.unwrap();
    assert!(books.ids().contains(&"github:review:127.0.0.1/1".to_owned()), "{:?}", books.ids());
}
