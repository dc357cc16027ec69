//! Drives a source into a ledger, page by page.
//!
//! The command line and the worker both collect; what collecting means stands here once: where the
//! books begin, that a page and its cursor are stored together, what is reported. It knows the port
//! of sources and the port of the store, and neither git nor PostgreSQL.

use activity_sources::{ActivitySource, CollectWindow, Notice, SourceError, SourceStream, Tally};
use ledger_core::{Epoch, NewActivityEvent, Timestamp};
use ledger_port::{
    ActivityLedgerStore, Clock, ConflictReport, IngestPage, InsertOutcome, LedgerPortError,
    PageRequest, PortResult,
};

/// What a run of a source came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CollectReport {
    /// Events stored now.
    pub inserted: u64,
    /// Events the ledger had already.
    pub duplicates: u64,
    /// Events the ledger had already with another payload.
    pub conflicts: ConflictReport,
    /// Of the events stored now, how many are from before the epoch's window.
    pub late: u64,
    /// What the source counted.
    pub tally: Tally,
    /// Unresolved events of the epoch that bindings gave to somebody now.
    pub resolved: u64,
    /// What the operator must read.
    pub notices: Vec<Notice>,
    /// How many notices were left out.
    pub notices_left_out: u64,
}

/// Why a run ended early. What was stored before stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] LedgerPortError),
}

/// Hears how a run gets on.
pub trait Progress: Send {
    /// A stream begins; the number of facts it will look at, where that is known.
    fn stream_begins(&mut self, stream: &SourceStream, expected_facts: Option<u64>);
    /// So many more facts were looked at and stored.
    fn page_stored(&mut self, facts: u64);
}

/// Says nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Progress for Silent {
    fn stream_begins(&mut self, _: &SourceStream, _: Option<u64>) {}
    fn page_stored(&mut self, _: u64) {}
}

/// Where the books of a ledger begin: the start of its first window. What happened before belongs
/// to no epoch, not even as a late arrival. `None` where there is no epoch.
///
/// # Errors
/// When the store cannot be read.
pub async fn books_begin(store: &dyn ActivityLedgerStore) -> PortResult<Option<Timestamp>> {
    let mut first: Option<Timestamp> = None;
    let mut request = PageRequest::first();
    loop {
        let page = store.list_epochs(request).await?;
        let earliest = page.items.iter().map(|epoch| epoch.period.start()).min();
        first = first.into_iter().chain(earliest).min();
        let Some(key) = page.next else { return Ok(first) };
        request = PageRequest::after(key);
    }
}

/// Collects one source into one epoch.
pub struct Collector<'a> {
    /// Where events go.
    pub store: &'a dyn ActivityLedgerStore,
    /// By which clock.
    pub clock: &'a dyn Clock,
    /// Into which epoch.
    pub epoch: &'a Epoch,
    /// Facts from before this are outside the books. See [`books_begin`].
    pub since: Timestamp,
}

impl Collector<'_> {
    /// Reads every stream of the source from where it stands to its end, each page and its cursor in
    /// one transaction, then gives out what bindings resolve. Running it again stores nothing twice.
    ///
    /// # Errors
    /// When the source or the store refuses. Pages stored before stay.
    pub async fn collect(
        &self,
        source: &dyn ActivitySource,
        progress: &mut dyn Progress,
    ) -> Result<CollectReport, CollectError> {
        let mut report = CollectReport::default();
        let list = source.streams().await?;
        report.notices.extend(list.notices);
        for stream in &list.streams {
            self.collect_stream(source, stream, progress, &mut report).await?;
        }
        report.resolved = self.store.resolve_activity_by_bindings(self.epoch.id).await?;
        Ok(report)
    }

    async fn collect_stream(
        &self,
        source: &dyn ActivitySource,
        stream: &SourceStream,
        progress: &mut dyn Progress,
        report: &mut CollectReport,
    ) -> Result<(), CollectError> {
        let stored = self.store.get_cursor(&stream.key).await?;
        let cursor = stored.as_ref().map(|cursor| cursor.value.as_str());
        let window = CollectWindow {
            since: self.since,
            until: self.epoch.period.end(),
            retrieved_at: self.clock.now(),
        };
        let mut reader = source.read(stream, cursor, window).await?;
        progress.stream_begins(stream, reader.expected_facts());
        while let Some(page) = reader.next_page().await? {
            let began = self.clock.now();
            let ingest = IngestPage {
                epoch_id: self.epoch.id,
                events: page.events,
                cursor_key: stream.key.clone(),
                cursor_value: page.next_cursor,
            };
            let outcome = self.store.ingest_page(&ingest).await?;
            report.late += self.count_late(&ingest.events, &outcome, began).await?;
            report.inserted += outcome.inserted;
            report.duplicates += outcome.duplicates;
            report.conflicts.count += outcome.conflicts.count;
            report.conflicts.first.extend(outcome.conflicts.first);
            report.conflicts.first.truncate(ledger_port::MAX_REPORTED_CONFLICTS);
            report.tally += page.tally;
            report.notices.extend(page.notices);
            report.notices_left_out += page.notices_left_out;
            progress.page_stored(page.tally.read);
        }
        Ok(())
    }

    /// How many of the page's events are late and were stored now. Where the whole page is new that
    /// needs no look-up.
    async fn count_late(
        &self,
        events: &[NewActivityEvent],
        outcome: &InsertOutcome,
        began: Timestamp,
    ) -> PortResult<u64> {
        let late = events.iter().filter(|event| self.epoch.is_late(event.event_time));
        if outcome.inserted == 0 {
            return Ok(0);
        }
        let mut count = 0;
        let is_all_new = outcome.duplicates == 0 && outcome.conflicts.count == 0;
        for event in late {
            let is_new = is_all_new
                || self.store.get_activity_event(&event.id).await?.is_some_and(|stored| {
                    stored.epoch_id == self.epoch.id && stored.ingested_at >= began
                });
            count += u64::from(is_new);
        }
        Ok(count)
    }
}
