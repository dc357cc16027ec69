//! Hands out the events of a file page by page.

use std::sync::Arc;

use async_trait::async_trait;
use ledger_core::NewActivityEvent;

use super::cursor::FileCursor;
use super::event::event_of;
use super::fault::{Fault, FaultList};
use super::{Format, MAX_RECORD_BYTES, Record};
use crate::blocking::run_blocking;
use crate::file::{Fate, Fingerprint, Position, Snapshot, Walk};
use crate::{CollectWindow, Notice, NoticeKind, SourceError, SourcePage, StreamReader};

/// What a run reads, and how.
pub(super) struct Job {
    /// What the file is called.
    pub(super) place: String,
    pub(super) snapshot: Snapshot,
    /// Whether somebody may still write to it.
    pub(super) may_grow: bool,
    pub(super) format: Arc<dyn Format>,
    pub(super) window: CollectWindow,
    pub(super) skip_invalid: bool,
    pub(super) page_events: usize,
}

impl Job {
    fn event(&self, record: Record) -> Result<NewActivityEvent, Vec<Fault>> {
        let value = record.content.map_err(|fault| vec![fault])?;
        event_of(record.line, &value, self.format.producer(), self.window.retrieved_at)
    }

    /// What is wrong with a record of which somebody still writes the end, if this is one: it cannot be taken apart,
    /// and begins on the file's last line, which is not ended. As a fault it would be left out for good, and its
    /// rest read as a line. One that a run has looked at before stays what it was then.
    fn unfinished(
        &self,
        record: &Record,
        to: Position,
        seen: Position,
    ) -> Result<Option<String>, SourceError> {
        let Err(fault) = &record.content else { return Ok(None) };
        let is_last = to.offset == self.snapshot.length()
            && to.line() == record.line
            && to.offset - record.from.offset <= MAX_RECORD_BYTES;
        if !self.may_grow || !is_last || record.from.offset < seen.offset {
            return Ok(None);
        }
        let is_ended = self.snapshot.is_last_line_ended();
        let is_ended = is_ended.map_err(|error| SourceError::unreadable(&self.place, &error))?;
        Ok((!is_ended).then(|| fault.to_string()))
    }

    /// Reads the whole file without recording anything. How many records the walk will want.
    ///
    /// # Errors
    /// When there is a fault and faults are not to be skipped.
    pub(super) fn check(&self, mut walk: Walk) -> Result<u64, SourceError> {
        let unreadable = |error| SourceError::unreadable(&self.place, &error);
        let mut records = self.format.open(&self.snapshot, Default::default(), &self.place)?;
        let (mut faults, mut wanted) = (FaultList::default(), 0);
        while let Some(record) = records.next().map_err(unreadable)? {
            let (from, to) = (record.from, records.position());
            if self.unfinished(&record, to, walk.seen())?.is_some() {
                break;
            }
            let event = self.event(record);
            let time = event.as_ref().ok().map(|event| event.event_time);
            if from.offset >= walk.at().offset
                && matches!(walk.step(from, to, time), Fate::Wanted | Fate::Faulty)
            {
                wanted += 1;
            }
            faults.extend(event.err().into_iter().flatten());
        }
        if faults.count == 0 || self.skip_invalid {
            return Ok(wanted);
        }
        Err(faults.into_error(&self.place))
    }

    /// Reads one page from where the progress stands.
    fn read_page(&self, progress: &mut Progress) -> Result<SourcePage, SourceError> {
        let unreadable = |error| SourceError::unreadable(&self.place, &error);
        let mut page = SourcePage::default();
        page.say(std::mem::take(&mut progress.opening), &mut progress.notices_given);
        let mut records = self.format.open(&self.snapshot, progress.walk.at(), &self.place)?;
        let mut end = None;
        while page.events.len() < self.page_events {
            let Some(record) = records.next().map_err(unreadable)? else {
                progress.is_done = true;
                break;
            };
            let from = record.from;
            let seen = progress.walk.seen();
            if let Some(problem) = self.unfinished(&record, records.position(), seen)? {
                let message = format!(
                    "{}, {problem}; its line is not ended, so it is left for the next run",
                    self.place
                );
                let notice = Notice::new(NoticeKind::UnfinishedFact, message);
                page.say([notice], &mut progress.notices_given);
                (progress.is_done, end) = (true, Some(from));
                break;
            }
            let event = self.event(record);
            let time = event.as_ref().ok().map(|event| event.event_time);
            match (progress.walk.step(from, records.position(), time), event) {
                (Fate::Wanted, Ok(event)) => page.events.push(event),
                (Fate::Faulty, Err(faults)) => self.leave_out(faults, progress, &mut page)?,
                (Fate::BeforeSince, _) => page.tally.before_since += 1,
                (Fate::Waits, _) => page.tally.waiting += 1,
                _ => {}
            }
        }
        progress.walk.advance(end.unwrap_or_else(|| records.position()));
        page.tally.read = page.events.len() as u64 + page.tally.faulty;
        let seen = progress.walk.seen();
        progress.fingerprint.extend_to(&self.snapshot, seen.offset).map_err(unreadable)?;
        page.next_cursor = FileCursor::new(
            self.window.since,
            self.format.terms(),
            seen,
            progress.fingerprint.value(),
            progress.walk.waiting(),
        )
        .to_value();
        Ok(page)
    }

    /// A line that was sound when the file was checked may be changed by now.
    fn leave_out(
        &self,
        faults: Vec<Fault>,
        progress: &mut Progress,
        page: &mut SourcePage,
    ) -> Result<(), SourceError> {
        if !self.skip_invalid {
            let mut list = FaultList::default();
            list.extend(faults);
            return Err(list.into_error(&self.place));
        }
        page.tally.faulty += 1;
        let notices = faults.into_iter().map(|fault| {
            let message = format!("{}, {fault}; the line was left out", self.place);
            Notice::new(NoticeKind::FaultyFact, message)
        });
        page.say(notices, &mut progress.notices_given);
        Ok(())
    }
}

/// How far a run is. A page that could not be read leaves it as it was.
#[derive(Clone)]
pub(super) struct Progress {
    pub(super) walk: Walk,
    pub(super) fingerprint: Fingerprint,
    /// What the first page says besides its events.
    pub(super) opening: Vec<Notice>,
    pub(super) notices_given: usize,
    pub(super) is_done: bool,
}

/// Reads a file once.
pub(super) struct FileReader {
    pub(super) job: Arc<Job>,
    pub(super) progress: Progress,
    pub(super) expected: u64,
}

#[async_trait]
impl StreamReader for FileReader {
    fn expected_facts(&self) -> Option<u64> {
        Some(self.expected)
    }

    async fn next_page(&mut self) -> Result<Option<SourcePage>, SourceError> {
        if self.progress.is_done {
            return Ok(None);
        }
        let (job, mut progress) = (Arc::clone(&self.job), self.progress.clone());
        let (page, progress) = run_blocking(self.job.place.clone(), move || {
            let page = job.read_page(&mut progress)?;
            Ok((page, progress))
        })
        .await?;
        self.progress = progress;
        Ok(Some(page))
    }
}
