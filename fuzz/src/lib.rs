//! What every fuzz target does with bytes from outside: reads them as a source, and holds what comes
//! of it to what every event keeps to. A panic is a finding; so is a sound line that is lost.
//!
//! `just fuzz` runs every target for a while. To add one: its file in `fuzz_targets`, its `[[bin]]`.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use activity_sources::{ActivitySource, CollectWindow, SourceError};
use ledger_core::{NewActivityEvent, Timestamp};
use tempfile::TempDir;
use tokio::runtime::Runtime;

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime needs nothing")
});

static FOLDER: LazyLock<TempDir> =
    LazyLock::new(|| tempfile::tempdir().expect("the temporary folder takes one"));

/// A moment.
///
/// # Panics
/// When it is none.
pub fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// Everything that has a time.
pub fn always() -> CollectWindow {
    CollectWindow {
        since: at("1970-01-01"),
        until: at("2100-01-01"),
        retrieved_at: at("2026-11-22"),
    }
}

/// A file with that in it. There is one at a time.
///
/// # Panics
/// When the temporary folder is full.
pub fn file(content: &[u8]) -> PathBuf {
    let path = FOLDER.path().join("file");
    std::fs::write(&path, content).expect("the temporary folder takes it");
    path
}

/// A file with those bytes between two lines.
pub fn file_between(before: &str, bytes: &[u8], after: &str) -> PathBuf {
    file(&[before.as_bytes(), b"\n", bytes, b"\n", after.as_bytes(), b"\n"].concat())
}

/// Reads a source to its end, twice, and checks everything it hands out. The second time nothing is
/// left, but of a file that broke off, which is read again.
///
/// # Errors
/// What the source refuses, in one line for each fault.
///
/// # Panics
/// When an event, a notice or a cursor is not what the ledger takes.
pub fn read(source: &dyn ActivitySource) -> Result<Vec<NewActivityEvent>, SourceError> {
    RUNTIME.block_on(async {
        let mut events = Vec::new();
        for stream in source.streams().await?.streams {
            let (mut cursor, mut broke_off): (Option<String>, bool) = (None, false);
            for again in [false, true] {
                let mut notices = Vec::new();
                let mut reader = source.read(&stream, cursor.as_deref(), always()).await?;
                while let Some(page) = reader.next_page().await? {
                    assert!(page.notices.iter().all(|one| !one.message.contains('\n')));
                    assert!(!again || broke_off || page.events.is_empty(), "handed out twice");
                    page.events.iter().for_each(check);
                    events.extend(page.events);
                    notices.extend(page.notices);
                    cursor = Some(page.next_cursor);
                }
                broke_off = notices.iter().any(|one| one.message.contains("Fetch the file again"));
            }
        }
        Ok(events)
    })
}

/// What every event keeps to.
///
/// # Panics
/// When it does not.
pub fn check(event: &NewActivityEvent) {
    assert_eq!(event.check(), Ok(()));
    assert_eq!(event.payload_hash, event.canonical_payload_hash());
}

/// Whether an event with that id is among them.
pub fn has(events: &[NewActivityEvent], id: &str) -> bool {
    events.iter().any(|event| event.id.to_string() == id)
}

/// The file's name as the sources' options take it.
pub fn named(path: &Path) -> Vec<PathBuf> {
    vec![path.to_owned()]
}
