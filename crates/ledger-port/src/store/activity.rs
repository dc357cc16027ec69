//! The append-only facts.

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use ledger_core::{
    ActivityEvent, EpochId, EventId, EventKind, EventType, NewActivityEvent, Sha256Hex, SourceName,
    Timestamp, UserId,
};

use crate::{Page, PageRequest, PortResult};

/// The order of events: by time, then bytewise by id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityKey {
    /// When it happened.
    pub event_time: Timestamp,
    /// Its id.
    pub event_id: EventId,
}

impl ActivityKey {
    /// The event's place in the order.
    pub fn of(event: &ActivityEvent) -> Self {
        Self { event_time: event.event.event_time, event_id: event.event.id.clone() }
    }
}

/// The most conflicts that one answer spells out.
pub const MAX_REPORTED_CONFLICTS: usize = 100;

/// An event whose id is known, but with another payload. The first one stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActivityConflict {
    /// The id.
    pub event_id: EventId,
    /// The fingerprint that the ledger has.
    pub stored_hash: Sha256Hex,
    /// The fingerprint that was refused.
    pub refused_hash: Sha256Hex,
}

/// How many conflicts there were, and the first of them in the order of the call.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ConflictReport {
    /// How many.
    pub count: u64,
    /// The first, at most [`MAX_REPORTED_CONFLICTS`].
    pub first: Vec<ActivityConflict>,
}

impl ConflictReport {
    /// Adds one more.
    pub fn push(&mut self, conflict: ActivityConflict) {
        self.count += 1;
        if self.first.len() < MAX_REPORTED_CONFLICTS {
            self.first.push(conflict);
        }
    }
}

/// What became of the events of a call: `inserted`, `duplicates` and `conflicts` add up to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InsertOutcome {
    /// Stored now.
    pub inserted: u64,
    /// Of those stored now, how many are from before the epoch's window: late arrivals.
    pub late: u64,
    /// Known already, in this ledger or earlier in the same call, with the same payload; skipped.
    pub duplicates: u64,
    /// Known already with another payload; skipped.
    pub conflicts: ConflictReport,
}

/// Which events of an epoch. Every condition must hold; without any, all events.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ActivityFilter {
    /// Of this person.
    pub user_id: Option<UserId>,
    /// From this source.
    pub source: Option<SourceName>,
    /// Of this type.
    pub event_type: Option<EventType>,
    /// `true`: of nobody yet. `false`: of somebody.
    pub is_unresolved: Option<bool>,
    /// `true`: from before the epoch's window. `false`: from within it.
    pub is_late: Option<bool>,
}

/// How many events of one kind happened on one day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ActivityCount {
    /// Midnight UTC, at which the day begins.
    pub day: Timestamp,
    /// The kind.
    pub kind: EventKind,
    /// How many, those of nobody included.
    pub events: u64,
    /// How many of them belong to nobody yet.
    pub unresolved: u64,
    /// How many of them are from before the epoch's window.
    pub late: u64,
}

/// Events one by one, in the order of [`ActivityKey`]. It holds a connection while it lives, and
/// borrows nothing, so that it can be the body of an answer.
pub type ActivityStream = BoxStream<'static, PortResult<ActivityEvent>>;

/// Appends and reads facts.
#[async_trait]
pub trait ActivityStore: Send + Sync {
    /// Appends any number of events to an epoch that is not closed, in one transaction.
    ///
    /// An event id that the ledger has already, in whichever epoch, is skipped and counted
    /// (ACTIVITY_IDEMPOTENT); so calling it twice is safe. Refuses a missing epoch
    /// (`EpochNotFound`), a closed one (`EpochClosed`), and the whole call where one event is not
    /// valid (`InvalidEvent`) or from after the epoch's window (`EventAfterEpoch`); then nothing is
    /// written. An event from before the window is a late arrival and is taken.
    async fn insert_activity_events(
        &self,
        epoch_id: EpochId,
        events: &[NewActivityEvent],
    ) -> PortResult<InsertOutcome>;

    /// One event of this ledger, or `None`.
    async fn get_activity_event(&self, event_id: &EventId) -> PortResult<Option<ActivityEvent>>;

    /// The events of an epoch, in the order of [`ActivityKey`].
    ///
    /// Refuses a missing epoch (`EpochNotFound`).
    async fn get_activity_for_epoch(
        &self,
        epoch_id: EpochId,
        page: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>>;

    /// The events of an epoch that belong to nobody yet, in the order of [`ActivityKey`].
    ///
    /// Refuses a missing epoch (`EpochNotFound`).
    async fn get_unresolved_activity(
        &self,
        epoch_id: EpochId,
        page: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>>;

    /// The events of an epoch that fit a filter, in the order of [`ActivityKey`].
    ///
    /// Refuses a missing epoch (`EpochNotFound`).
    async fn find_activity(
        &self,
        epoch_id: EpochId,
        filter: &ActivityFilter,
        page: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>>;

    /// How many events of each kind happened on each day, by day and kind; of one person or of all.
    /// The answer has a row for a day and a kind, and no more however many events there are.
    ///
    /// Refuses a missing epoch (`EpochNotFound`).
    async fn count_activity(
        &self,
        epoch_id: EpochId,
        user_id: Option<&UserId>,
    ) -> PortResult<Vec<ActivityCount>>;

    /// Every event of an epoch, one by one, as of the moment when the call returns, in bounded
    /// memory. Whoever reads slower than the store's longest statement gets an error in the middle.
    ///
    /// Refuses a missing epoch (`EpochNotFound`).
    async fn stream_activity_for_epoch(&self, epoch_id: EpochId) -> PortResult<ActivityStream>;
}
