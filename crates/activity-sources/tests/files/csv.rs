//! What a spreadsheet may look like.

use std::collections::BTreeMap;

use activity_sources::RecordFile;
use activity_sources::csv::{self, CsvOptions};
use activity_sources::{Remedy, SourceError};
use serde_json::json;
use source_testkit::check_source;

use crate::file::{TestFile, at, run, try_run, week};

fn pairs(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(field, text)| ((*field).to_owned(), (*text).to_owned())).collect()
}

const MAP: &[(&str, &str)] = &[
    ("id", "Nr"),
    ("platform_user_id", "Who"),
    ("event_time", "When"),
    ("metadata.points", "Points"),
];
const SET: &[(&str, &str)] = &[("source", "workshop"), ("event_type", "session_held")];

fn options(map: &[(&str, &str)], set: &[(&str, &str)], skip_invalid: bool) -> CsvOptions {
    CsvOptions { name: None, skip_invalid, map: pairs(map), set: pairs(set) }
}

/// The file as CSV, two events a page.
fn source(file: &TestFile, skip_invalid: bool) -> RecordFile {
    let options = options(MAP, SET, skip_invalid);
    csv::open(&file.path, options).expect("a file").with_page_events(2)
}

const HEADER: &str = "Nr,Who,When,Points,artifact_url,Remark\n";

fn row(nr: usize, day: u32) -> String {
    format!("{nr},ada,2026-11-{day:02}T10:00:00Z,3,,\"a \"\"b\"\",\nc\"\n")
}

#[tokio::test]
async fn a_row_is_an_event() {
    let file = TestFile::new(format!("\u{feff}{HEADER}{}{}", row(1, 17), row(2, 18)));
    let all = run(&source(&file, false), None).await;
    assert_eq!((all.ids.join(" "), all.expected), ("1 2".to_owned(), Some(2)));
    let event = &all.pages[0].events[0];
    assert_eq!((event.source.as_str(), event.event_type.as_str()), ("workshop", "session_held"));
    assert_eq!(event.platform_user_id.as_str(), "ada");
    assert_eq!((&event.metadata, &event.artifact_url), (&Some(json!({"points": "3"})), &None));
    assert_eq!(
        (event.event_time, event.producer.as_str()),
        (at("2026-11-17T10:00:00Z"), "epoch-ledger/csv")
    );
    file.write(format!("\u{feff}{HEADER}{}{}{}", row(1, 17), row(2, 18), row(3, 19)));
    let more = run(&source(&file, false), Some(all.cursor())).await;
    assert_eq!((more.ids.join(" "), more.notices.len()), ("3".to_owned(), 0));
}

#[tokio::test]
async fn csv_conforms() {
    let days = [21, 2, 22, 17, 18, 21, 3, 20, 22, 17, 19];
    let rows: String = days.iter().enumerate().map(|(nr, day)| row(nr, *day)).collect();
    for text in [format!("{HEADER}{rows}"), format!("{HEADER}{rows}").replace('\n', "\r\n")] {
        let file = TestFile::new(text.trim_end());
        let checked = check_source(|| source(&file, false), week(), at("2026-11-20")).await;
        assert_eq!(checked, Ok(()));
    }
}

#[tokio::test]
async fn faults_are_told_by_line() {
    let bad = format!("{HEADER}{}3,ada\n\n{}5,,x,1,,\n", row(1, 17), row(4, 18));
    for text in [bad.clone(), bad.replace('\n', "\r\n"), bad.trim_end().to_owned()] {
        let file = TestFile::new(&text);
        let error = try_run(&source(&file, false), None, week()).await.expect_err("refused");
        let SourceError::Faults { listed, .. } = error else { panic!("{error}") };
        assert_eq!(listed.len(), 3, "{listed:?}");
        assert_eq!(listed[0], "line 4: has 2 cells and the header 6", "{text:?}");
        assert_eq!(listed[1], "line 8, platform_user_id: is missing", "{text:?}");
        assert!(listed[2].starts_with("line 8, event_time: must be a time"), "{listed:?}");
        let all = run(&source(&file, true), None).await;
        assert_eq!((all.ids.join(" "), all.tally.faulty), ("1 4".to_owned(), 2));
    }
    let open = format!("{HEADER}{}2,\"{}", row(1, 17), "x\n".repeat(1 << 20));
    for open in [open.as_str(), open.trim_end()] {
        let all = run(&source(&TestFile::new(open), true), None).await;
        assert_eq!((all.ids.join(" "), all.tally.faulty), ("1".to_owned(), 1));
        let said = &all.notices[0];
        assert!(said.contains("line 4: begins a row that is longer"), "{said}");
    }
}

/// A quote that was not closed swallows what follows: that is a fault, however the file ends. A short last
/// row is one that somebody still writes.
#[tokio::test]
async fn a_last_row_that_is_half_written_is_left_for_the_next_run() {
    let swallowing = format!("{HEADER}{}2,\"bob,2026-11-17T10:00:00Z,3,,\n3,a,b", row(1, 17));
    let error = try_run(&source(&TestFile::new(swallowing), false), None, week()).await;
    assert!(matches!(&error, Err(SourceError::Faults { .. })), "{error:?}");

    let (before, rest) = (format!("{HEADER}{}2,ada,2026-11", row(1, 17)), "-18T10:00:00Z,3,,x\n");
    let file = TestFile::new(&before);
    let first = run(&source(&file, false), None).await;
    assert_eq!((first.ids.join(" "), first.tally.faulty), ("1".to_owned(), 0));
    let said = "line 4: has 3 cells and the header 6; its line is not ended";
    assert!(first.notices[0].contains(said), "{:?}", first.notices);
    file.write(before + rest);
    let second = run(&source(&file, false), Some(first.cursor())).await;
    assert_eq!((second.ids.join(" "), second.notices.len()), ("2".to_owned(), 0));
}

#[tokio::test]
async fn what_the_header_lacks_is_named_with_what_it_has() {
    let file = TestFile::new(format!("{HEADER}{}", row(1, 17)));
    for (map, set, says) in [
        (MAP, &[][..], "nothing says what source is: map it to a column (`--map source=COLUMN`)"),
        (
            &[("id", "No")][..],
            SET,
            "there is no column \"No\"; the columns are: \"Nr\", \"Who\", \"When\", \"Points\", \
             \"artifact_url\", \"Remark\"",
        ),
    ] {
        let source = csv::open(&file.path, options(map, set, false)).expect("a file");
        let error = try_run(&source, None, week()).await.expect_err("refused");
        assert_eq!(error.remedy(), Remedy::Mend);
        assert!(error.to_string().contains(says), "{error}");
    }
    for (map, set, says) in [
        (
            &[("user_id", "Who")][..],
            SET,
            "\"user_id\" is no field of an event; the fields are: id,",
        ),
        (&[("source", "Who")][..], SET, "source is mapped to a column and also set; say one"),
    ] {
        let error = csv::open(&file.path, options(map, set, false)).expect_err("refused");
        assert!(error.to_string().contains(says), "{error}");
    }
}

#[tokio::test]
async fn columns_that_are_understood_otherwise_are_read_again() {
    let file = TestFile::new(format!("{HEADER}{}", row(1, 17)));
    let first = run(&source(&file, false), None).await;
    let other = [SET, &[("metadata.room", "a")]].concat();
    let other = csv::open(&file.path, options(MAP, &other, false)).expect("a file");
    let again = run(&other, Some(first.cursor())).await;
    assert_eq!(again.ids, ["1"]);
    assert!(again.notices[0].contains("understood otherwise"), "{:?}", again.notices);
}
