//! Answers that are not GitHub's.

use activity_sources::SourceError;
use serde_json::{Value, json};
use source_testkit::{Instead, account, comment, issue, release};

use crate::stage::{Books, ORCHARD, on, orchard, source, week};

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_refused_by_name() {
    let fake = orchard().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000)).into_bytes();
    for (body, says) in [
        (deep, "recursion limit exceeded"),
        (b"<html>maintenance</html>".to_vec(), "expected value"),
        (b"{\"message\": 1}".to_vec(), "expected a sequence"),
        (b"[\"\xff\xfe\"]".to_vec(), "invalid unicode code point"),
        (b"[{\"number\": 1".to_vec(), "EOF while parsing"),
        (vec![b' '; 33 * 1_024 * 1_024], "longer than 33554432 bytes"),
        (Vec::new(), "EOF while parsing"),
    ] {
        let whole = json!({ "id": ORCHARD }).to_string().into_bytes();
        fake.answer_instead(Instead { status: 200, body: whole, ..Instead::default() });
        fake.answer_instead(Instead { status: 200, body, ..Instead::default() });
        let mut books = Books::default();
        let error = books.collect(&source(&fake), week()).await.unwrap_err();
        assert!(matches!(error, SourceError::Unreadable { .. }), "{error}");
        let said = error.to_string();
        assert!(said.contains("127.0.0.1 repositories/1296269/issues"), "{said}");
        assert!(said.contains(says), "{said} is not {says}");
        assert!(books.events.is_empty() && books.cursors.is_empty());
    }
}

#[tokio::test]
async fn a_broken_thing_costs_itself_alone() {
    let fake = orchard().await;
    let time = on(17, "10:00:00");
    let sound = issue(1, &account(1, "ada"), Some(&time), &time);
    let changed = |key: &str, value: Value| {
        let mut broken = issue(2, &account(1, "ada"), Some(&time), &time);
        broken[key] = value;
        broken
    };
    let list = json!([
        sound,
        changed("number", json!("two")),
        changed("number", json!(-2)),
        changed("closed_at", json!("yesterday")),
        changed("user", json!({ "id": "1", "login": "ada" })),
        changed("user", json!([])),
        changed("updated_at", Value::Null),
        Value::Null,
        [],
        "issue",
    ]);
    let whole = json!({ "id": ORCHARD }).to_string().into_bytes();
    for body in [whole, list.to_string().into_bytes()] {
        fake.answer_instead(Instead { status: 200, body, ..Instead::default() });
    }
    let mut books = Books::default();
    books.collect(&source(&fake), week()).await.unwrap();
    assert_eq!(books.ids(), [format!("github:issue:127.0.0.1/{ORCHARD}:1")]);
    assert_eq!((books.tally.faulty, books.notices.len()), (9, 9));
    for notice in &books.notices {
        assert!(notice.message.contains("an issue"), "{notice}");
        assert!(notice.message.contains("is not what was expected"), "{notice}");
        assert!(!notice.message.contains('\n'), "{notice}");
    }
}

#[tokio::test]
async fn odd_texts_become_fit_for_the_ledger() {
    let fake = orchard().await;
    let time = on(17, "10:00:00");
    fake.put_comment(ORCHARD, comment(1, &account(1, "a\u{0}b\nc"), &time));
    fake.put_comment(ORCHARD, comment(2, &account(2, &"x".repeat(5_000)), &time));
    let mut linked = release(3, &account(3, ""), Some(&time));
    linked["html_url"] = json!("javascript:alert(1)");
    fake.put_release(ORCHARD, linked);
    let mut books = Books::default();
    books.collect(&source(&fake), week()).await.unwrap();
    let events = &books.events;
    assert_eq!(events.len(), 3);
    assert_eq!(events[0].platform_login.as_deref(), Some("a\u{fffd}b\u{fffd}c"));
    assert!(events[1].platform_login.as_ref().unwrap().len() <= 256);
    assert_eq!((&events[2].platform_login, &events[2].artifact_url), (&None, &None));
}
