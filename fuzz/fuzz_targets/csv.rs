//! Rows under a sound header: whatever they are, they are events or faults.

#![no_main]

use activity_sources::SourceError;
use activity_sources::csv::{CsvOptions, open};
use ledger_fuzz::{file, has, read};
use libfuzzer_sys::fuzz_target;

/// A header with every field, and a row.
const BEGINNING: &[u8] = b"id,source,event_type,platform_user_id,event_time,platform_login,artifact_url,metadata.points\nfirst-of-all,w,held,ada,2026-11-17T10:00:00Z,,,\n";

fuzz_target!(|bytes: &[u8]| {
    let path = file(&[BEGINNING, bytes].concat());
    let source = open(&path, CsvOptions { skip_invalid: true, ..CsvOptions::default() });
    let events = read(&source.expect("the header is right")).expect("faulty rows are left out");
    assert!(has(&events, "first-of-all"), "the first row is lost");
    let source = open(&path, CsvOptions::default()).expect("the header is right");
    match read(&source) {
        Ok(all) => assert_eq!(all, events, "nothing was left out"),
        Err(SourceError::Faults { count, .. }) => assert!(count > 0),
        Err(other) => panic!("{other}"),
    }
});
