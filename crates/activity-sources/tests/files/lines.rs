//! What a line may look like.

use serde_json::json;

use crate::file::{TestFile, at, line, run};

#[tokio::test]
async fn a_line_is_an_event() {
    let mut text = json!({
        "id": "w:1", "source": "workshop", "event_type": "session_held",
        "platform_user_id": "ada@example.org", "event_time": "2026-11-17T12:30:00+02:00",
        "platform_login": "Ada", "artifact_url": "https://example.org/1",
        "metadata": {"guests": 12}, "producer": "calendar", "producer_version": "7"
    });
    let file = TestFile::new(text.to_string());
    let first = run(&file.ndjson(false), None).await;
    let event = &first.pages[0].events[0];
    assert_eq!(event.id.as_str(), "w:1");
    assert_eq!((event.source.as_str(), event.event_type.as_str()), ("workshop", "session_held"));
    assert_eq!(event.platform_user_id.as_str(), "ada@example.org");
    assert_eq!(event.event_time, at("2026-11-17T10:30:00Z"));
    assert_eq!(event.retrieved_at, at("2026-11-20T12:00:00Z"));
    assert_eq!(event.platform_login.as_deref(), Some("Ada"));
    assert_eq!(event.artifact_url.as_deref(), Some("https://example.org/1"));
    assert_eq!(event.metadata, Some(json!({"guests": 12})));
    assert_eq!((event.producer.as_str(), event.producer_version.as_str()), ("calendar", "7"));
    assert_eq!((&event.user_id, &event.payload_hash), (&None, &event.canonical_payload_hash()));
    for field in ["platform_login", "artifact_url", "metadata", "producer", "producer_version"] {
        text.as_object_mut().expect("an object").remove(field);
    }
    file.write(text.to_string());
    let event = run(&file.ndjson(false), None).await.pages[0].events[0].clone();
    assert_eq!((event.platform_login, event.artifact_url, event.metadata), (None, None, None));
    assert_eq!(event.producer, "epoch-ledger/ndjson");
    assert_eq!(event.producer_version, env!("CARGO_PKG_VERSION"));
}

#[tokio::test]
async fn marks_line_ends_and_blank_lines_are_taken_as_they_come() {
    let (one, two) = (line("1", 17), line("2", 18));
    for text in [
        format!("{one}\n{two}\n"),
        format!("{one}\n{two}"),
        format!("{one}\r\n\r\n{two}\r\n"),
        format!("\u{feff}{one}\n{two}\n"),
        format!("\n\n  \n{one}\n\t\n{two}\n\n\n"),
    ] {
        let file = TestFile::new(&text);
        let all = run(&file.ndjson(false), None).await;
        assert_eq!(all.ids, ["1", "2"], "{text:?}");
        assert_eq!((all.tally.read, all.expected), (2, Some(2)));
        assert!(run(&file.ndjson(false), Some(all.cursor())).await.ids.is_empty());
    }
    let file = TestFile::new("\n \n");
    let nothing = run(&file.ndjson(false), None).await;
    assert_eq!((nothing.ids.len(), nothing.pages.len()), (0, 1));
}

#[tokio::test]
async fn an_empty_file_has_no_stream_and_says_so() {
    use activity_sources::{ActivitySource as _, NoticeKind};
    let file = TestFile::new("");
    let list = file.ndjson(false).streams().await.expect("a list");
    assert_eq!((list.streams.len(), list.notices[0].kind), (0, NoticeKind::NothingYet));
}
