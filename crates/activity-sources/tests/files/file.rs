//! Files to read, and what reading them comes to.

use std::path::{Path, PathBuf};

use activity_sources::RecordFile;
use activity_sources::ndjson::{self, NdjsonOptions};
use activity_sources::{ActivitySource, CollectWindow, SourceError, SourcePage, Tally};
use ledger_core::Timestamp;
use tempfile::TempDir;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// The week of 2026-11-16.
pub(crate) fn week() -> CollectWindow {
    CollectWindow {
        since: at("2026-11-01"),
        until: at("2026-11-23"),
        retrieved_at: at("2026-11-20T12:00:00Z"),
    }
}

/// A line about something on that day of November.
pub(crate) fn line(id: &str, day: u32) -> String {
    format!(
        r#"{{"id":"{id}","source":"workshop","event_type":"session_held","platform_user_id":"ada","event_time":"2026-11-{day:02}T10:00:00Z","metadata":{{"guests":12,"rooms":["a",{{"b":null}}]}}}}"#
    )
}

/// A file in a folder that goes away with it.
pub(crate) struct TestFile {
    _folder: TempDir,
    pub(crate) path: PathBuf,
}

impl TestFile {
    pub(crate) fn new(content: impl AsRef<[u8]>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("events");
        let file = Self { _folder: folder, path };
        file.write(content);
        file
    }

    pub(crate) fn write(&self, content: impl AsRef<[u8]>) {
        std::fs::write(&self.path, content).expect("a file");
    }

    /// The file as NDJSON, two events a page.
    pub(crate) fn ndjson(&self, skip_invalid: bool) -> RecordFile {
        ndjson(&self.path, skip_invalid)
    }
}

pub(crate) fn ndjson(path: &Path, skip_invalid: bool) -> RecordFile {
    let options = NdjsonOptions { name: None, skip_invalid };
    ndjson::open(path, options).expect("a file").with_page_events(2)
}

/// What a run handed out.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) ids: Vec<String>,
    pub(crate) pages: Vec<SourcePage>,
    pub(crate) tally: Tally,
    pub(crate) notices: Vec<String>,
    pub(crate) expected: Option<u64>,
}

impl Run {
    pub(crate) fn cursor(&self) -> &str {
        &self.pages.last().expect("a page").next_cursor
    }
}

pub(crate) async fn try_run(
    source: &dyn ActivitySource,
    cursor: Option<&str>,
    window: CollectWindow,
) -> Result<Run, SourceError> {
    let list = source.streams().await?;
    let mut reader = source.read(&list.streams[0], cursor, window).await?;
    let mut run = Run {
        ids: Vec::new(),
        pages: Vec::new(),
        tally: Tally::default(),
        notices: Vec::new(),
        expected: reader.expected_facts(),
    };
    while let Some(page) = reader.next_page().await? {
        run.ids.extend(page.events.iter().map(|event| event.id.to_string()));
        run.tally += page.tally;
        run.notices.extend(page.notices.iter().map(ToString::to_string));
        run.pages.push(page);
    }
    Ok(run)
}

pub(crate) async fn run(source: &dyn ActivitySource, cursor: Option<&str>) -> Run {
    try_run(source, cursor, week()).await.expect("a run")
}
