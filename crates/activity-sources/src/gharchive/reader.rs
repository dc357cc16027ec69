//! Hands out the facts of an archive page by page, reading it once from where the run begins.

use std::sync::Arc;

use async_trait::async_trait;
use ledger_core::{SourceName, Timestamp};

use super::cursor::{ArchiveCursor, End};
use super::text::{Lines, MAX_LINE_BYTES, damage, lines_at};
use super::wanted::Wanted;
use crate::blocking::run_blocking;
use crate::bots::Bots;
use crate::file::{Fate, Position, Snapshot, Walk};
use crate::github::{ArchivedLine, Fact, Outcome, Place, read_line};
use crate::{CollectWindow, Notice, NoticeKind, SourceError, SourcePage, StreamReader, Tally};

/// How much text a page looks at, so that whoever stops in an archive with little of what is wanted
/// does not begin again.
const MAX_PAGE_BYTES: u64 = 256 * 1024 * 1024;

/// What a run reads, and how.
pub(super) struct Job {
    /// What the file is called.
    pub(super) place: String,
    pub(super) snapshot: Snapshot,
    pub(super) source: SourceName,
    pub(super) wanted: Arc<Wanted>,
    pub(super) bots: Arc<Bots>,
    pub(super) window: CollectWindow,
    pub(super) page_events: usize,
}

/// How far a run is. A page that could not be read leaves it as it was.
#[derive(Clone)]
pub(super) struct Progress {
    /// What is stored of it, but for how far it is.
    cursor: ArchiveCursor,
    walk: Walk,
    /// What the first page says besides its events.
    opening: Option<Notice>,
    notices_given: usize,
    /// How many facts said too little to be recorded.
    too_little: u64,
    is_done: bool,
}

impl Progress {
    pub(super) fn new(
        cursor: ArchiveCursor,
        opening: Option<Notice>,
        window: CollectWindow,
    ) -> Self {
        let walk = Walk::new(cursor.seen(), cursor.waiting.clone(), window);
        Self { cursor, walk, opening, notices_given: 0, too_little: 0, is_done: false }
    }
}

/// Reads an archive once.
pub(super) struct ArchiveReader {
    job: Arc<Job>,
    progress: Progress,
    /// Where the last page ended; `None` where the text must be opened again.
    lines: Option<Lines>,
}

impl ArchiveReader {
    pub(super) fn new(job: Job, progress: Progress) -> Self {
        Self { job: Arc::new(job), progress, lines: None }
    }
}

#[async_trait]
impl StreamReader for ArchiveReader {
    fn expected_facts(&self) -> Option<u64> {
        None
    }

    async fn next_page(&mut self) -> Result<Option<SourcePage>, SourceError> {
        if self.progress.is_done {
            return Ok(None);
        }
        let cursor = &self.progress.cursor;
        if self.lines.is_none() && cursor.is_done_until(self.job.window.until) {
            // A worker asks every hour, of every hour of a year.
            self.progress.is_done = true;
            return Ok(Some(SourcePage {
                next_cursor: cursor.to_value(),
                ..SourcePage::default()
            }));
        }
        let (job, progress, lines) =
            (Arc::clone(&self.job), self.progress.clone(), self.lines.take());
        let (page, progress, lines) = run_blocking(self.job.place.clone(), move || {
            let at = progress.walk.at();
            let lines = lines.map_or_else(|| lines_at(&job.snapshot, at), Ok);
            let lines = lines.map_err(|error| SourceError::unreadable(&job.place, &error))?;
            let reading =
                Reading { job: &job, lines, progress, page: SourcePage::default(), begins: at };
            reading.finish()
        })
        .await?;
        (self.progress, self.lines) = (progress, Some(lines));
        Ok(Some(page))
    }
}

/// A page while it is read.
struct Reading<'a> {
    job: &'a Job,
    lines: Lines,
    progress: Progress,
    page: SourcePage,
    begins: Position,
}

impl Reading<'_> {
    fn finish(mut self) -> Result<(SourcePage, Progress, Lines), SourceError> {
        let opening = self.progress.opening.take();
        self.page.say(opening, &mut self.progress.notices_given);
        let mut end = End::NotYet;
        while self.goes_on() {
            let from = self.lines.position();
            match self.lines.advance() {
                Ok(true) => self.look_at(from),
                Ok(false) if self.job.snapshot.length() == 0 => {
                    end = End::Broken;
                    self.end_early("is empty");
                }
                Ok(false) => (end, self.progress.is_done) = (End::Whole, true),
                Err(error) => {
                    let unreadable = SourceError::unreadable(&self.job.place, &error);
                    let how = damage(&error).ok_or(unreadable)?;
                    end = End::Broken;
                    self.end_early(&format!("{how} after line {}", from.line_breaks));
                }
            }
        }
        if self.progress.is_done {
            self.tell_what_says_too_little();
        }
        let Progress { walk, cursor, .. } = &self.progress;
        let cursor = cursor.seen_to(walk.seen(), end, walk.waiting());
        let Tally { bots, faulty, .. } = self.page.tally;
        self.page.tally.read = self.page.events.len() as u64 + bots + faulty;
        self.page.next_cursor = cursor.to_value();
        self.progress.cursor = cursor;
        Ok((self.page, self.progress, self.lines))
    }

    fn goes_on(&self) -> bool {
        let text = self.progress.walk.at().offset - self.begins.offset;
        !self.progress.is_done
            && self.page.events.len() < self.job.page_events
            && text < MAX_PAGE_BYTES
    }

    fn look_at(&mut self, from: Position) {
        let to = self.lines.position();
        let line = match self.lines.line().map(<[u8]>::trim_ascii) {
            Some([]) => Ok(ArchivedLine::Nothing),
            Some(line) => read_line(line, |repository| self.job.wanted.has(repository)),
            None => Err(format!("is longer than {MAX_LINE_BYTES} bytes")),
        };
        match line {
            Ok(ArchivedLine::Nothing) => self.progress.walk.advance(to),
            Ok(ArchivedLine::Fact(place, fact)) => {
                if self.is_wanted(from, to, fact.time) {
                    self.take(from, &place, &fact);
                }
            }
            Ok(ArchivedLine::TooLittle(time)) => {
                if self.is_wanted(from, to, time) {
                    self.progress.too_little += 1;
                    self.page.tally.faulty += 1;
                }
            }
            Err(problem) => {
                if self.progress.walk.step(from, to, None) == Fate::Faulty {
                    self.leave_out(from, &problem);
                }
            }
        }
    }

    fn is_wanted(&mut self, from: Position, to: Position, time: Timestamp) -> bool {
        let fate = self.progress.walk.step(from, to, Some(time));
        match fate {
            Fate::BeforeSince => self.page.tally.before_since += 1,
            Fate::Waits => self.page.tally.waiting += 1,
            Fate::Done | Fate::Faulty | Fate::Wanted => {}
        }
        fate == Fate::Wanted
    }

    fn take(&mut self, from: Position, place: &Place, fact: &Fact) {
        let Job { source, bots, window, .. } = self.job;
        match fact.outcome(place, source, bots, window.retrieved_at) {
            Outcome::Event(event) => self.page.events.push(*event),
            Outcome::Bot => self.page.tally.bots += 1,
            Outcome::Faulty(problem) => self.leave_out(from, &format!("{}: {problem}", fact.id)),
        }
    }

    fn leave_out(&mut self, from: Position, problem: &str) {
        self.page.tally.faulty += 1;
        let message =
            format!("{}, line {}: {problem}; the line was left out", self.job.place, from.line());
        self.say(message);
    }

    /// The text ends before its end.
    fn end_early(&mut self, how: &str) {
        self.progress.is_done = true;
        let message = format!(
            "{} {how}, and was read up to there. Fetch the file again and collect it again",
            self.job.place
        );
        self.say(message);
    }

    fn tell_what_says_too_little(&mut self) {
        let count = self.progress.too_little;
        if count > 0 {
            let message = format!(
                "{}: {count} events of pull requests do not say who opened them, which GitHub leaves \
                 out since October 2025, and were left out; `collect github` reads them",
                self.job.place
            );
            self.say(message);
        }
    }

    fn say(&mut self, message: String) {
        let notice = Notice::new(NoticeKind::FaultyFact, message);
        self.page.say([notice], &mut self.progress.notices_given);
    }
}
