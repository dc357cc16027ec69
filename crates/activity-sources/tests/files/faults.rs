//! What is wrong with a file, said by line and field.

use activity_sources::{Remedy, SourceError};

use crate::file::{TestFile, line, run, try_run, week};

/// The faults of a file with a sound line around this one.
async fn faults_of(text: &[u8]) -> Vec<String> {
    let content = [line("1", 17).as_bytes(), b"\n", text, b"\n", line("3", 17).as_bytes()].concat();
    let file = TestFile::new(content);
    match try_run(&file.ndjson(false), None, week()).await {
        Err(SourceError::Faults { listed, .. }) => listed,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn each_fault_names_its_line_and_its_field() {
    let with = |from: &str, to: &str| line("2", 17).replace(from, to);
    let slug = "must begin with a lower-case letter and hold only a-z, 0-9, '_', '-' and '.'";
    for (text, says) in [
        (with(r#""id":"2","#, ""), "line 2, id: is missing".to_owned()),
        (with(r#""id":"2""#, r#""id":"""#), "line 2, id: what stands there is shorter".to_owned()),
        (with("workshop", "Work:shop"), format!("line 2, source: {slug}")),
        (with("session_held", "a b"), format!("line 2, event_type: {slug}")),
        (with("T10:00:00Z", ""), "line 2, event_time: must be a time with its offset".to_owned()),
        (with("00Z", "00"), "line 2, event_time: must be a time with its offset".to_owned()),
        (with("-11-17", "-13-17"), "line 2, event_time: must be a time".to_owned()),
        (with(r#""id":"2""#, r#""id":2"#), "line 2, id: what stands there is not of".to_owned()),
        (
            with(r#""id""#, r#""user_id":"me","id""#),
            "line 2, user_id: a file does not say who is paid".to_owned(),
        ),
        (
            with(r#""id""#, r#""points":1,"id""#),
            "line 2, points: no event has such a field".to_owned(),
        ),
        (
            with(r#":"ada""#, r#":"a\u0000""#),
            "line 2, platform_user_id: \"a\\0\" cannot be used".to_owned(),
        ),
        (with("12", "9007199254740993"), "line 2, metadata: holds 9007199254740993".to_owned()),
        (with("12", r#""\u0000""#), "line 2, metadata: holds the character U+0000".to_owned()),
        (
            with("12", &format!("{}{}", "[".repeat(40), "]".repeat(40))),
            "line 2, metadata: nests deeper than 32".to_owned(),
        ),
        (with("12", &"[".repeat(9_999)), "line 2: is not JSON: recursion limit".to_owned()),
        ("{".to_owned(), "line 2: is not JSON: EOF while parsing an object at column 1".to_owned()),
        ("[]".to_owned(), "line 2: what stands there is not of type \"object\"".to_owned()),
        ("\0".to_owned(), "line 2: is not JSON".to_owned()),
        (" ".repeat(1 << 20) + "{}", "line 2: is longer than 1048576 bytes".to_owned()),
    ] {
        let faults = faults_of(text.as_bytes()).await;
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].starts_with(&says), "{:?} is not {says:?}", faults[0]);
    }
    assert_eq!(faults_of(b"{\"id\":\"\xff\"}").await, ["line 2: is not UTF-8 from byte 8"]);
    assert_eq!(faults_of(b"{}").await.len(), 5);
}

#[tokio::test]
async fn a_faulty_line_keeps_all_out_unless_it_is_left_out() {
    let mut lines: Vec<String> = (1..=5).map(|id| line(&id.to_string(), 17)).collect();
    lines[3] = "{".to_owned();
    let file = TestFile::new(lines.join("\n"));
    let error = try_run(&file.ndjson(false), None, week()).await.expect_err("refused");
    assert_eq!(error.remedy(), Remedy::Mend);
    let all = run(&file.ndjson(true), None).await;
    assert_eq!(all.ids, ["1", "2", "3", "5"]);
    assert_eq!((all.tally.read, all.tally.faulty, all.expected), (5, 1, Some(5)));
    assert_eq!(all.notices.len(), 1);
    assert!(all.notices[0].contains("line 4: is not JSON"), "{:?}", all.notices);
    let again = run(&file.ndjson(true), Some(all.cursor())).await;
    assert_eq!((again.ids.len(), again.tally.faulty, again.notices.len()), (0, 0, 0));
}

#[tokio::test]
async fn many_faults_are_counted_and_some_are_told() {
    let file = TestFile::new("[]\n".repeat(50));
    let error = try_run(&file.ndjson(false), None, week()).await.expect_err("refused");
    let text = error.to_string();
    assert_eq!(text.lines().count(), 23, "{text}");
    assert!(text.contains("\n  line 20: ") && text.contains("\n  and 30 more\n"), "{text}");
    let all = run(&file.ndjson(true), None).await;
    let left_out: u64 = all.pages.iter().map(|page| page.notices_left_out).sum();
    assert_eq!((all.tally.faulty, all.notices.len(), left_out), (50, 20, 30));
}
