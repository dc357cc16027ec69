//! A GitHub with a repository, and runs over it.

use std::collections::BTreeMap;

use activity_sources::github::{GithubOptions, GithubSource};
use activity_sources::{
    ActivitySource, CollectWindow, Notice, SourceError, SourceStream, StreamReader, Tally,
};
use ledger_core::{CursorKey, NewActivityEvent, Timestamp};
use source_testkit::FakeGithub;

/// The repository that most tests use.
pub(crate) const ORCHARD: u64 = 1_296_269;

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// A moment of the week.
pub(crate) fn on(day: u32, time: &str) -> String {
    format!("2026-11-{day:02}T{time}Z")
}

pub(crate) fn week() -> CollectWindow {
    CollectWindow {
        since: at("2026-11-16"),
        until: at("2026-11-23"),
        retrieved_at: at("2026-11-22T18:00:00Z"),
    }
}

pub(crate) async fn orchard() -> FakeGithub {
    let fake = FakeGithub::start().await;
    fake.name(ORCHARD, "acme/orchard");
    fake
}

pub(crate) fn options(fake: &FakeGithub) -> GithubOptions {
    GithubOptions {
        repositories: vec!["acme/orchard".to_owned()],
        api: Some(fake.api().to_owned()),
        ..GithubOptions::default()
    }
}

pub(crate) fn source(fake: &FakeGithub) -> GithubSource {
    GithubSource::open(options(fake)).expect("the options can be used")
}

/// What some runs came to, and where they stand.
#[derive(Debug, Default)]
pub(crate) struct Books {
    pub(crate) cursors: BTreeMap<CursorKey, String>,
    pub(crate) events: Vec<NewActivityEvent>,
    pub(crate) tally: Tally,
    pub(crate) notices: Vec<Notice>,
}

impl Books {
    /// Reads everything there is, and keeps each page with its cursor as the collector does.
    pub(crate) async fn collect(
        &mut self,
        source: &impl ActivitySource,
        window: CollectWindow,
    ) -> Result<(), SourceError> {
        for stream in source.streams().await?.streams {
            let mut reader = self.reader(source, &stream, window).await?;
            while let Some(page) = reader.next_page().await? {
                self.events.extend(page.events);
                self.tally += page.tally;
                self.notices.extend(page.notices);
                self.cursors.insert(stream.key.clone(), page.next_cursor);
            }
        }
        Ok(())
    }

    pub(crate) async fn reader(
        &self,
        source: &impl ActivitySource,
        stream: &SourceStream,
        window: CollectWindow,
    ) -> Result<Box<dyn StreamReader>, SourceError> {
        let cursor = self.cursors.get(&stream.key).map(String::as_str);
        source.read(stream, cursor, window).await
    }

    /// The ids of all events, sorted; with what was handed out twice twice.
    pub(crate) fn ids(&self) -> Vec<String> {
        let mut ids: Vec<_> = self.events.iter().map(|event| event.id.to_string()).collect();
        ids.sort();
        ids
    }
}
