//! Lines of GH Archive between two sound ones, which are never lost.

#![no_main]

use activity_sources::gharchive::{ArchiveOptions, ArchiveSource};
use ledger_fuzz::{file_between, has, named, read};
use libfuzzer_sys::fuzz_target;

/// A line that tells of the comment 4294967290 or 4294967291.
fn comment(last: u32) -> String {
    format!(
        r#"{{"type":"IssueCommentEvent","repo":{{"id":1,"name":"acme/orchard"}},"created_at":"2026-11-17T10:00:00Z","payload":{{"action":"created","issue":{{"number":1}},"comment":{{"id":429496729{last},"user":{{"id":1,"login":"ada"}},"html_url":"https://github.com/acme/orchard/issues/1","created_at":"2026-11-17T10:00:00Z","updated_at":"2026-11-17T10:00:00Z"}}}}}}"#
    )
}

fuzz_target!(|bytes: &[u8]| {
    // What begins as a gzip file is the target gzip's; here a line always comes first.
    let path = file_between(&comment(0), bytes, &comment(1));
    let options = ArchiveOptions { files: named(&path), all: true, ..ArchiveOptions::default() };
    let source = ArchiveSource::open(options).expect("the options are right");
    let events = read(&source).expect("a broken line costs itself alone");
    for id in ["github:comment:4294967290", "github:comment:4294967291"] {
        assert!(has(&events, id), "{id} is lost");
    }
});
