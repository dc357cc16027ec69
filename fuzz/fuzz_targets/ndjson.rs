//! Lines of JSON between two sound ones: faults are listed, or left out, and nothing else is lost.

#![no_main]

use activity_sources::SourceError;
use activity_sources::ndjson::{NdjsonOptions, open};
use ledger_fuzz::{file_between, has, read};
use libfuzzer_sys::fuzz_target;

fn line(id: &str) -> String {
    format!(
        r#"{{"id":"{id}","source":"w","event_type":"held","platform_user_id":"ada","event_time":"2026-11-17T10:00:00Z"}}"#
    )
}

fuzz_target!(|bytes: &[u8]| {
    let path = file_between(&line("first-of-all"), bytes, &line("last-of-all"));
    let options = |skip_invalid| NdjsonOptions { name: None, skip_invalid };
    let source = open(&path, options(true)).expect("the file is there");
    let events = read(&source).expect("faulty lines are left out");
    for id in ["first-of-all", "last-of-all"] {
        assert!(has(&events, id), "{id} is lost");
    }
    let source = open(&path, options(false)).expect("the file is there");
    match read(&source) {
        Ok(all) => assert_eq!(all, events, "nothing was left out"),
        Err(SourceError::Faults { count, .. }) => assert!(count > 0),
        Err(other) => panic!("{other}"),
    }
});
