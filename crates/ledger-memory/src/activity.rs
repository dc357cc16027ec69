//! The append-only facts.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream;
use ledger_core::{
    ActivityEvent, Epoch, EpochId, EventId, EventKind, NewActivityEvent, Timestamp, UserId,
};
use ledger_port::{
    ActivityConflict, ActivityCount, ActivityFilter, ActivityKey, ActivityStore, ActivityStream,
    InsertOutcome, LedgerPortError, Page, PageRequest, PortResult,
};

use crate::MemoryStore;
use crate::books::{Books, page};

impl Books {
    pub(crate) fn insert_activity_events(
        &mut self,
        epoch_id: EpochId,
        events: &[NewActivityEvent],
        now: Timestamp,
    ) -> PortResult<InsertOutcome> {
        check_events(events)?;
        let epoch = self.unclosed_epoch(epoch_id)?.clone();
        check_within_epoch(&epoch, events)?;
        let mut outcome = InsertOutcome::default();
        for event in events {
            self.insert_activity_event(&epoch, event, now, &mut outcome);
        }
        Ok(outcome)
    }

    /// ACTIVITY_IDEMPOTENT: whatever came first stays, in whichever epoch it is.
    fn insert_activity_event(
        &mut self,
        epoch: &Epoch,
        event: &NewActivityEvent,
        now: Timestamp,
        outcome: &mut InsertOutcome,
    ) {
        match self.events.get(&event.id) {
            None => {
                let (epoch_id, event) = (epoch.id, event.clone());
                let stored = ActivityEvent { epoch_id, event, ingested_at: now };
                outcome.inserted += 1;
                outcome.late += u64::from(epoch.is_late(stored.event.event_time));
                self.events.insert(stored.event.id.clone(), stored);
            }
            Some(known) if known.event.payload_hash == event.payload_hash => {
                outcome.duplicates += 1;
            }
            Some(known) => outcome.conflicts.push(ActivityConflict {
                event_id: event.id.clone(),
                stored_hash: known.event.payload_hash.clone(),
                refused_hash: event.payload_hash.clone(),
            }),
        }
    }

    /// The events of an epoch, in the order of [`ActivityKey`].
    pub(crate) fn events_of(&self, epoch_id: EpochId) -> PortResult<Vec<&ActivityEvent>> {
        self.epoch(epoch_id)?;
        let mut events: Vec<_> =
            self.events.values().filter(|event| event.epoch_id == epoch_id).collect();
        events.sort_by_key(|event| ActivityKey::of(event));
        Ok(events)
    }

    /// Those of them that fit a filter.
    fn found_events_of(
        &self,
        epoch_id: EpochId,
        filter: &ActivityFilter,
    ) -> PortResult<Vec<&ActivityEvent>> {
        let epoch = self.epoch(epoch_id)?;
        let mut events = self.events_of(epoch_id)?;
        events.retain(|event| fits(filter, &event.event, epoch));
        Ok(events)
    }

    fn count_activity(
        &self,
        epoch_id: EpochId,
        user_id: Option<&UserId>,
    ) -> PortResult<Vec<ActivityCount>> {
        let epoch = self.epoch(epoch_id)?;
        let mut counts: BTreeMap<(Timestamp, EventKind), ActivityCount> = BTreeMap::new();
        for event in self.events_of(epoch_id)?.into_iter().map(|event| &event.event) {
            if user_id.is_some() && event.user_id.as_ref() != user_id {
                continue;
            }
            let (day, kind) = (event.event_time.start_of_day(), event.kind());
            let count = counts.entry((day, kind.clone())).or_insert(ActivityCount {
                day,
                kind,
                events: 0,
                unresolved: 0,
                late: 0,
            });
            count.events += 1;
            count.unresolved += u64::from(event.user_id.is_none());
            count.late += u64::from(epoch.is_late(event.event_time));
        }
        Ok(counts.into_values().collect())
    }

    /// Those of them that belong to nobody yet.
    pub(crate) fn unresolved_events_of(
        &self,
        epoch_id: EpochId,
    ) -> PortResult<Vec<&ActivityEvent>> {
        let mut events = self.events_of(epoch_id)?;
        events.retain(|event| event.event.user_id.is_none());
        Ok(events)
    }
}

fn fits(filter: &ActivityFilter, event: &NewActivityEvent, epoch: &Epoch) -> bool {
    let is_unresolved = event.user_id.is_none();
    let is_late = epoch.is_late(event.event_time);
    filter.user_id.as_ref().is_none_or(|asked| event.user_id.as_ref() == Some(asked))
        && filter.source.as_ref().is_none_or(|asked| event.source == *asked)
        && filter.event_type.as_ref().is_none_or(|asked| event.event_type == *asked)
        && filter.is_unresolved.is_none_or(|asked| is_unresolved == asked)
        && filter.is_late.is_none_or(|asked| is_late == asked)
}

pub(crate) fn check_events(events: &[NewActivityEvent]) -> PortResult<()> {
    for (index, event) in events.iter().enumerate() {
        event.check().map_err(|fault| {
            let event_id = event.id.clone();
            LedgerPortError::InvalidEvent { index, event_id, fault }
        })?;
    }
    Ok(())
}

/// ACTIVITY_WITHIN_EPOCH. An event from before the window is a late arrival and is fine.
fn check_within_epoch(epoch: &Epoch, events: &[NewActivityEvent]) -> PortResult<()> {
    let period_end = epoch.period.end();
    let after_end = |event: &NewActivityEvent| event.event_time >= period_end;
    match events.iter().enumerate().find(|(_, event)| after_end(event)) {
        None => Ok(()),
        Some((index, event)) => Err(LedgerPortError::EventAfterEpoch {
            index,
            event_id: event.id.clone(),
            event_time: event.event_time,
            epoch_id: epoch.id,
            period_end,
        }),
    }
}

#[async_trait]
impl ActivityStore for MemoryStore {
    async fn insert_activity_events(
        &self,
        epoch_id: EpochId,
        events: &[NewActivityEvent],
    ) -> PortResult<InsertOutcome> {
        self.write(|books, now| books.insert_activity_events(epoch_id, events, now))
    }

    async fn get_activity_event(&self, event_id: &EventId) -> PortResult<Option<ActivityEvent>> {
        Ok(self.read(|books| books.events.get(event_id).cloned()))
    }

    async fn get_activity_for_epoch(
        &self,
        epoch_id: EpochId,
        request: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>> {
        self.read(|books| Ok(page(books.events_of(epoch_id)?, &request, ActivityKey::of)))
    }

    async fn get_unresolved_activity(
        &self,
        epoch_id: EpochId,
        request: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>> {
        self.read(|books| {
            Ok(page(books.unresolved_events_of(epoch_id)?, &request, ActivityKey::of))
        })
    }

    async fn find_activity(
        &self,
        epoch_id: EpochId,
        filter: &ActivityFilter,
        request: PageRequest<ActivityKey>,
    ) -> PortResult<Page<ActivityEvent, ActivityKey>> {
        self.read(|books| {
            Ok(page(books.found_events_of(epoch_id, filter)?, &request, ActivityKey::of))
        })
    }

    async fn count_activity(
        &self,
        epoch_id: EpochId,
        user_id: Option<&UserId>,
    ) -> PortResult<Vec<ActivityCount>> {
        self.read(|books| books.count_activity(epoch_id, user_id))
    }

    /// "Bounded memory" means nothing where all is in memory; what counts is that the stream is of
    /// the moment of the call, so it takes a copy.
    async fn stream_activity_for_epoch(&self, epoch_id: EpochId) -> PortResult<ActivityStream> {
        let events: Vec<ActivityEvent> = self.read(|books| {
            PortResult::Ok(books.events_of(epoch_id)?.into_iter().cloned().collect())
        })?;
        Ok(stream::iter(events).map(Ok).boxed())
    }
}
