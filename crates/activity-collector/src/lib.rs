//! Drives a source into a ledger, page by page.
//!
//! The command line and the worker both collect; what collecting means stands here once: where the
//! books begin, that a page and its cursor are stored together, what is reported. It knows the port
//! of sources and the port of the store, and neither git nor PostgreSQL.

use activity_sources::{
    ActivitySource, CollectWindow, Notice, NoticeKind, SourceError, SourceStream, Tally,
};
use ledger_core::{Epoch, Timestamp};
use ledger_port::{
    ActivityLedgerStore, Clock, ConflictReport, IngestPage, LedgerPortError, PortResult, all_pages,
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
    /// Events of the epoch that belong to nobody after this run, whoever collected them.
    pub unresolved: u64,
    /// What the operator must read.
    pub notices: Vec<Notice>,
    /// How many notices were left out.
    pub notices_left_out: u64,
    /// Whether the run was told to stop before it came to its end.
    pub stopped: bool,
}

/// What a run came to, and how it ended.
#[derive(Debug)]
#[must_use]
pub struct Collected {
    /// What was read and stored, also where the run ended early.
    pub report: CollectReport,
    /// Why it did not read everything, if it did not.
    pub ended: Result<(), CollectError>,
}

/// Why a run ended early. What was stored before stays, and the next run goes on from there.
#[derive(Debug, thiserror::Error)]
pub enum CollectError {
    /// The place holds what was collected under another name.
    #[error(
        "{asked} holds the history that was collected as {known}: the same work would be paid \
         twice; nothing was read"
    )]
    SharedHistory {
        /// What the place is called now.
        asked: String,
        /// What it was called when it was collected.
        known: String,
    },
    /// The source cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] LedgerPortError),
}

impl Collected {
    /// Nothing was read, for this reason.
    pub fn nothing(error: CollectError) -> Self {
        Self { report: CollectReport::default(), ended: Err(error) }
    }
}

impl CollectError {
    /// Whether the other streams of the source can be read all the same.
    const fn is_of_one_stream(&self) -> bool {
        match self {
            Self::SharedHistory { .. } => true,
            Self::Source(error) => error.is_of_one_stream(),
            Self::Store(_) => false,
        }
    }
}

/// Hears how a run gets on.
pub trait Progress: Send {
    /// A stream begins; the number of facts it will look at, where that is known.
    fn stream_begins(&mut self, stream: &SourceStream, expected_facts: Option<u64>);
    /// So many more facts were looked at and stored.
    fn page_stored(&mut self, facts: u64);
    /// Whether to go on after the page that was just stored. A run that does not go on says so in
    /// [`CollectReport::stopped`].
    fn goes_on(&self) -> bool {
        true
    }
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
    let epochs = all_pages(|page| store.list_epochs(page)).await?;
    Ok(epochs.iter().map(|epoch| epoch.period.start()).min())
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
    /// What to do about a place whose history was collected under another name.
    pub shared_history: SharedHistory,
}

/// What to do about a place whose history was collected under another name: the same facts would get
/// other ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SharedHistory {
    /// Nothing is read; the error names the other name.
    #[default]
    IsRefused,
    /// It is read, and paid, as if it were new.
    IsNew,
}

impl Collector<'_> {
    /// Reads every stream of the source from where it stands to its end, each page and its cursor in
    /// one transaction, then gives out what bindings resolve. Running it again stores nothing twice.
    ///
    /// Where one stream is broken, the others are read first. However reading ends, what was stored
    /// stays and is given out: whoever closes the epoch before the next run pays what is there.
    pub async fn collect(
        &self,
        source: &dyn ActivitySource,
        progress: &mut dyn Progress,
    ) -> Collected {
        let mut report = CollectReport::default();
        let read = self.collect_streams(source, progress, &mut report).await;
        let given_out = self.give_out(&mut report).await;
        let ended = match (read, given_out) {
            (Err(error), Err(second)) => {
                let message = format!("what was read could not be given to people: {second}");
                report.notices.push(Notice::new(NoticeKind::NotDone, message));
                Err(error)
            }
            (read, given_out) => read.and(given_out),
        };
        Collected { report, ended }
    }

    async fn give_out(&self, report: &mut CollectReport) -> Result<(), CollectError> {
        report.resolved = self.store.resolve_activity_by_bindings(self.epoch.id).await?;
        report.unresolved = self.count_unresolved().await?;
        Ok(())
    }

    async fn collect_streams(
        &self,
        source: &dyn ActivitySource,
        progress: &mut dyn Progress,
        report: &mut CollectReport,
    ) -> Result<(), CollectError> {
        let list = source.streams().await?;
        report.notices.extend(list.notices);
        let mut broken: Vec<CollectError> = list.faults.into_iter().map(Into::into).collect();
        for stream in &list.streams {
            match self.collect_stream(source, stream, progress, report).await {
                Ok(()) => {}
                // What somebody must mend about one stream keeps no other from being read.
                Err(error) if error.is_of_one_stream() => broken.push(error),
                Err(error) => return Err(error),
            }
            if report.stopped {
                return Ok(());
            }
        }
        // The first is what the run ended by; who mends it wants to know of the others, too.
        let mut broken = broken.into_iter();
        let first = broken.next();
        let others = broken.map(|error| Notice::new(NoticeKind::NotDone, error.to_string()));
        report.notices.extend(others);
        first.map_or(Ok(()), Err)
    }

    async fn count_unresolved(&self) -> PortResult<u64> {
        let list = |page| self.store.list_unresolved_identities(self.epoch.id, page);
        let waiting = all_pages(list).await?;
        Ok(waiting.iter().map(|identity| identity.event_count).sum())
    }

    /// A stream that was never read under this name may be known under another one: a repository
    /// that was renamed, moved or cloned. Its facts would have new ids, and be paid again.
    async fn refuse_shared_history(
        &self,
        source: &dyn ActivitySource,
        stream: &SourceStream,
    ) -> Result<(), CollectError> {
        if self.shared_history == SharedHistory::IsNew {
            return Ok(());
        }
        for other in all_pages(|page| self.store.list_cursors(page)).await? {
            let is_another_place = other.key.source() == stream.key.source()
                && other.key.scope() != stream.key.scope();
            if is_another_place && source.shares_history_with(&other).await? {
                let (asked, known) = (stream.key.scope().to_owned(), other.key.scope().to_owned());
                return Err(CollectError::SharedHistory { asked, known });
            }
        }
        Ok(())
    }

    async fn collect_stream(
        &self,
        source: &dyn ActivitySource,
        stream: &SourceStream,
        progress: &mut dyn Progress,
        report: &mut CollectReport,
    ) -> Result<(), CollectError> {
        let stored = self.store.get_cursor(&stream.key).await?;
        if stored.is_none() {
            self.refuse_shared_history(source, stream).await?;
        }
        let cursor = stored.as_ref().map(|cursor| cursor.value.as_str());
        let window = CollectWindow {
            since: self.since,
            until: self.epoch.period.end(),
            retrieved_at: self.clock.now(),
        };
        let mut reader = source.read(stream, cursor, window).await?;
        progress.stream_begins(stream, reader.expected_facts());
        while let Some(page) = reader.next_page().await? {
            let ingest = IngestPage {
                epoch_id: self.epoch.id,
                events: page.events,
                cursor_key: stream.key.clone(),
                cursor_value: page.next_cursor,
            };
            let outcome = self.store.ingest_page(&ingest).await?;
            report.inserted += outcome.inserted;
            report.late += outcome.late;
            report.duplicates += outcome.duplicates;
            report.conflicts.count += outcome.conflicts.count;
            report.conflicts.first.extend(outcome.conflicts.first);
            report.conflicts.first.truncate(ledger_port::MAX_REPORTED_CONFLICTS);
            report.tally += page.tally;
            report.notices.extend(page.notices);
            report.notices_left_out += page.notices_left_out;
            progress.page_stored(page.tally.read);
            if !progress.goes_on() {
                report.stopped = true;
                break;
            }
        }
        Ok(())
    }
}
