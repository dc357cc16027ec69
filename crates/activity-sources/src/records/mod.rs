//! What file sources share: a file of records, each of which is one event.
//!
//! A format only takes a file apart into JSON values with line numbers. Everything else stands
//! here, once: the published schema and the ledger's types check each record; the whole file is
//! checked before the first page is handed out, so that a faulty line keeps all of it out; the
//! cursor goes on where a file has grown, and begins again where one was replaced.
//!
//! Ids come from the file. The same id twice is the same fact: the ledger keeps the first.

mod cursor;
mod event;
mod fault;
mod reader;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use ledger_core::{CursorKey, Sha256Hex, SourceName};
use serde_json::Value;

pub use self::event::{EVENT_SCHEMA, EventProblem, event_from_json};
pub(crate) use self::fault::Fault;

use self::cursor::FileCursor;
use self::reader::{FileReader, Job, Progress};
use crate::blocking::run_blocking;
use crate::file::{Fingerprint, Place, Position, Snapshot, Walk};
use crate::{
    ActivitySource, CollectWindow, MAX_PAGE_EVENTS, Notice, NoticeKind, SourceError, SourceStream,
    StreamList, StreamReader,
};

/// The one stream of a file.
const STREAM: &str = "events";

/// The longest record that is read, in bytes. What the ledger keeps of an event is much shorter.
pub(crate) const MAX_RECORD_BYTES: u64 = 1024 * 1024;

/// One record, as it stands in the file.
pub(crate) struct Record {
    /// Where it begins.
    pub(crate) from: Position,
    /// On which line, from 1.
    pub(crate) line: u64,
    /// What it says.
    pub(crate) content: Result<Value, Fault>,
}

/// Takes records off a file, one after the other.
pub(crate) trait Records {
    /// The next record; `None` at the end.
    fn next(&mut self) -> io::Result<Option<Record>>;

    /// The end of the last record.
    fn position(&self) -> Position;
}

/// How a file is taken apart into records.
pub(crate) trait Format: Send + Sync {
    /// Begins at the end of some record, or at the file's beginning.
    fn open<'a>(
        &'a self,
        snapshot: &'a Snapshot,
        at: Position,
        place: &str,
    ) -> Result<Box<dyn Records + 'a>, SourceError>;

    /// The `producer` of events that name none.
    fn producer(&self) -> &'static str;

    /// The fingerprint of what the operator said about how to understand the file.
    fn terms(&self) -> Option<Sha256Hex>;
}

/// A file of events: how to take it apart, and what to do about faults. [`crate::csv::open`] and
/// [`crate::ndjson::open`] find one.
pub struct RecordFile {
    source: SourceName,
    place: Arc<Place>,
    key: CursorKey,
    format: Arc<dyn Format>,
    skip_invalid: bool,
    page_events: usize,
}

impl fmt::Debug for RecordFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordFile").field("key", &self.key).finish_non_exhaustive()
    }
}

impl RecordFile {
    /// Finds the file; `-` is standard input, which is read to its end here.
    pub(crate) fn open(
        kind: &'static str,
        path: &Path,
        name: Option<String>,
        skip_invalid: bool,
        format: Arc<dyn Format>,
    ) -> Result<Self, SourceError> {
        let place = Place::find(path, name)?;
        let source = SourceName::new(kind).expect("the name of a format is a slug");
        let key = CursorKey::new(source.clone(), STREAM, &place.name).map_err(|error| {
            let problem = format!("{error}. Give the file a shorter, plainer name");
            SourceError::settings(kind, problem)
        })?;
        let (place, page_events) = (Arc::new(place), MAX_PAGE_EVENTS);
        Ok(Self { source, place, key, format, skip_invalid, page_events })
    }

    /// Makes pages smaller, for tests.
    #[must_use]
    pub fn with_page_events(mut self, page_events: usize) -> Self {
        self.page_events = page_events.clamp(1, MAX_PAGE_EVENTS);
        self
    }
}

#[async_trait]
impl ActivitySource for RecordFile {
    fn name(&self) -> &SourceName {
        &self.source
    }

    async fn streams(&self) -> Result<StreamList, SourceError> {
        let place = Arc::clone(&self.place);
        let snapshot = run_blocking(self.place.name.clone(), move || place.snapshot()).await?;
        let mut list = StreamList {
            streams: vec![SourceStream { key: self.key.clone() }],
            ..StreamList::default()
        };
        if snapshot.length() == 0 {
            let message = format!("{} is empty", self.place.name);
            list.notices.push(Notice::new(NoticeKind::NothingYet, message));
            list.streams.clear();
        }
        Ok(list)
    }

    async fn read(
        &self,
        stream: &SourceStream,
        cursor: Option<&str>,
        window: CollectWindow,
    ) -> Result<Box<dyn StreamReader>, SourceError> {
        if stream.key != self.key {
            let place = self.key.scope();
            let known = format!("This source reads {:?}", self.key.stream());
            return Err(SourceError::no_such_stream(place, &stream.key, known));
        }
        let cursor = cursor.map(|value| FileCursor::parse(&self.key, value)).transpose()?;
        let (place, format) = (Arc::clone(&self.place), Arc::clone(&self.format));
        let (skip_invalid, page_events) = (self.skip_invalid, self.page_events);
        run_blocking(self.place.name.clone(), move || {
            let job = Job {
                place: place.name.clone(),
                snapshot: place.snapshot()?,
                may_grow: place.may_grow(),
                format,
                window,
                skip_invalid,
                page_events,
            };
            let progress = begin(&job, cursor, place.is_nameless_input)?;
            let expected = job.check(progress.walk.clone())?;
            let reader = FileReader { job: Arc::new(job), progress, expected };
            Ok(Box::new(reader) as Box<dyn StreamReader>)
        })
        .await
    }
}

/// Where the run begins: where the cursor stands, unless that is no longer true.
fn begin(
    job: &Job,
    cursor: Option<FileCursor>,
    may_be_another: bool,
) -> Result<Progress, SourceError> {
    let (mut fingerprint, mut opening) = (Fingerprint::default(), Vec::new());
    let mut cursor = cursor;
    if let Some(stored) = &cursor {
        let read = fingerprint.extend_to(&job.snapshot, stored.offset);
        read.map_err(|error| SourceError::unreadable(&job.place, &error))?;
        let is_another = fingerprint.value() != stored.sha256;
        let why_anew = if is_another {
            let why = "what was read of it is no longer what it says";
            (!may_be_another).then(|| Notice::new(NoticeKind::PlaceLost, anew(&job.place, why)))
        } else if job.window.since < stored.since {
            let why =
                format!("the books now begin at {} and not at {}", job.window.since, stored.since);
            Some(Notice::new(NoticeKind::StartedOver, anew(&job.place, &why)))
        } else if job.format.terms() != stored.terms {
            let why = "its columns are understood otherwise than the last time";
            Some(Notice::new(NoticeKind::StartedOver, anew(&job.place, why)))
        } else {
            None
        };
        if is_another || why_anew.is_some() {
            (cursor, fingerprint) = (None, Fingerprint::default());
        }
        opening.extend(why_anew);
    }
    let (seen, waiting) = cursor.map(|cursor| (cursor.seen(), cursor.waiting)).unwrap_or_default();
    let walk = Walk::new(seen, waiting, job.window);
    Ok(Progress { walk, fingerprint, opening, notices_given: 0, is_done: false })
}

fn anew(place: &str, why: &str) -> String {
    format!(
        "{place}: {why}, so it is read again from its beginning; what is recorded already is \
         skipped by its id"
    )
}
