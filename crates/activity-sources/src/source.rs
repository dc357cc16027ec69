//! The port of a source: what every source of activity answers, and what it is asked.

use async_trait::async_trait;
use ledger_core::{CursorKey, SourceCursor, SourceName, Timestamp};

use crate::{Notice, SourceError, SourcePage};

/// A place activity is read from: a git repository, a forge, a file.
#[async_trait]
pub trait ActivitySource: Send + Sync {
    /// The source's name, which every event and cursor of it carries.
    fn name(&self) -> &SourceName;

    /// What can be read here now. An empty place has no streams and a notice that says so.
    ///
    /// # Errors
    /// When the place cannot be looked at.
    async fn streams(&self) -> Result<StreamList, SourceError>;

    /// Begins to read a stream from where the cursor stands; without a cursor, from its beginning.
    ///
    /// # Errors
    /// When the stream is not there, the cursor is not one of this source's, or the place is damaged.
    async fn read(
        &self,
        stream: &SourceStream,
        cursor: Option<&str>,
        window: CollectWindow,
    ) -> Result<Box<dyn StreamReader>, SourceError>;

    /// Whether a cursor that was stored under another scope stands in the history that is read here,
    /// so that the same facts would get other ids. A source whose ids come from the platform, and
    /// not from what a place is called, need not look.
    ///
    /// # Errors
    /// When the place cannot be looked at, or the cursor is not one of this source's.
    async fn shares_history_with(&self, _cursor: &SourceCursor) -> Result<bool, SourceError> {
        Ok(false)
    }
}

/// Reads one stream, once, to its end.
#[async_trait]
pub trait StreamReader: Send {
    /// How many facts ([`Tally::read`](crate::Tally::read), summed) this run will look at, where
    /// that is known: the length of a progress bar.
    fn expected_facts(&self) -> Option<u64>;

    /// The next page; `None` when the stream is read to its end.
    ///
    /// The caller stores a page's events and its cursor in one transaction before it asks for the
    /// next one. Whenever it stops, the next run goes on from the last stored cursor. There is always
    /// at least one page: with nothing new it has no events, and a cursor that is the stored one
    /// unless the source learnt something.
    ///
    /// # Errors
    /// When the place cannot be read. Asking again tries the same page again.
    async fn next_page(&mut self) -> Result<Option<SourcePage>, SourceError>;
}

/// One part of a source that is read, and remembered, on its own: a branch, an endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceStream {
    /// Under which key its cursor is kept.
    pub key: CursorKey,
}

/// The streams of a source, and what the operator should know about them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StreamList {
    /// What can be read.
    pub streams: Vec<SourceStream>,
    /// What the operator should read, for example that there is nothing to collect yet.
    pub notices: Vec<Notice>,
    /// What keeps streams from being listed that should be there. Those that are listed can be read.
    pub faults: Vec<SourceError>,
}

/// Which facts are wanted, and when they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CollectWindow {
    /// Where the books begin. Older facts are left out and counted. Moving it to an earlier moment
    /// makes the next run start over; moving it later does not take anything back.
    pub since: Timestamp,
    /// Where the open epoch ends. Facts from then on wait: the next epoch's run reads them.
    pub until: Timestamp,
    /// When this run reads, by the caller's clock. It becomes `retrieved_at` of every event.
    pub retrieved_at: Timestamp,
}
