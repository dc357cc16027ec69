//! Hands out the planned commits page by page.

use std::collections::VecDeque;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use async_trait::async_trait;

use super::cursor::Position;
use super::events::{CommitEvents, Context, EventMaker};
use super::plan::Plan;
use super::repository::GitRepository;
use crate::blocking::run_blocking;
use crate::{Notice, SourceError, SourcePage, StreamReader, Tally};

/// How many commits a thread takes at a time. Neighbours share trees, which the cache then has.
const COMMITS_PER_TURN: usize = 16;

/// The most threads that count lines.
const MAX_THREADS: usize = 8;

/// How many bytes of decoded objects each thread keeps.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// Reads a branch once.
pub(super) struct GitReader {
    repository: Arc<GitRepository>,
    context: Arc<Context>,
    plan: Plan,
    page_events: usize,
    /// How many of the planned commits were made into events.
    made: usize,
    /// Commits that are made and not yet on a page.
    ready: VecDeque<(Position, CommitEvents)>,
    /// What the first page says besides its commits.
    opening: Option<(Tally, Vec<Notice>)>,
    notices_given: usize,
    is_done: bool,
}

impl GitReader {
    pub(super) fn new(
        repository: Arc<GitRepository>,
        context: Context,
        mut plan: Plan,
        page_events: usize,
    ) -> Self {
        let opening = Some((plan.tally, std::mem::take(&mut plan.notices)));
        Self {
            repository,
            context: Arc::new(context),
            plan,
            page_events,
            made: 0,
            ready: VecDeque::new(),
            opening,
            notices_given: 0,
            is_done: false,
        }
    }

    /// Makes events of the next commits, unless a page's worth is ready.
    async fn make_ready(&mut self) -> Result<(), SourceError> {
        let left = &self.plan.positions[self.made..];
        if self.ready.len() >= self.page_events || left.is_empty() {
            return Ok(());
        }
        let batch = left[..left.len().min(self.page_events)].to_vec();
        let (repository, context) = (Arc::clone(&self.repository), Arc::clone(&self.context));
        let place = self.repository.place.name.clone();
        let made = run_blocking(place, move || {
            let made = make_all(&repository, &context, &batch)?;
            Ok(batch.into_iter().zip(made).collect::<Vec<_>>())
        })
        .await?;
        self.made += made.len();
        self.ready.extend(made);
        Ok(())
    }

    /// Moves ready commits onto the page until it is full. A commit is never split.
    fn fill(&mut self, page: &mut SourcePage) -> Option<Position> {
        let (mut last, mut commits) = (None, 0);
        while let Some((position, commit)) = self.ready.front_mut() {
            let full = page.events.len() + commit.events.len() > self.page_events
                || commits == self.page_events;
            if full && last.is_some() {
                break;
            }
            let commit = std::mem::take(commit);
            last = Some(*position);
            self.ready.pop_front();
            commits += 1;
            page.tally += commit.tally;
            page.events.extend(commit.events);
            page.say(commit.notices, &mut self.notices_given);
        }
        last
    }
}

#[async_trait]
impl StreamReader for GitReader {
    fn expected_facts(&self) -> Option<u64> {
        u64::try_from(self.plan.positions.len()).ok()
    }

    async fn next_page(&mut self) -> Result<Option<SourcePage>, SourceError> {
        if self.is_done {
            return Ok(None);
        }
        self.make_ready().await?;
        let mut page = SourcePage::default();
        if let Some((tally, notices)) = self.opening.take() {
            page.tally += tally;
            page.say(notices, &mut self.notices_given);
        }
        let last = self.fill(&mut page);
        self.is_done = self.ready.is_empty() && self.made == self.plan.positions.len();
        page.next_cursor = match last {
            Some(position) if !self.is_done => self.plan.cursor_through(position),
            _ => self.plan.final_cursor(),
        };
        Ok(Some(page))
    }
}

/// Makes the events of these commits, on as many threads as help, in their order.
fn make_all(
    repository: &GitRepository,
    context: &Context,
    batch: &[Position],
) -> Result<Vec<CommitEvents>, SourceError> {
    let turns = batch.len().div_ceil(COMMITS_PER_TURN);
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let next = AtomicUsize::new(0);
    let mut made = thread::scope(|scope| {
        let workers: Vec<_> = (0..processors.min(MAX_THREADS).min(turns))
            .map(|_| scope.spawn(|| work(repository, context, batch, &next)))
            .collect();
        let results = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        results.flatten().collect::<Vec<_>>()
    });
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, events)| events).collect()
}

type Made = (usize, Result<CommitEvents, SourceError>);

/// Takes turns until none is left, or a commit cannot be read.
fn work(
    repository: &GitRepository,
    context: &Context,
    batch: &[Position],
    next: &AtomicUsize,
) -> Vec<Made> {
    let mut repo = repository.local();
    repo.object_cache_size(CACHE_BYTES);
    let mut maker = EventMaker::new(repository, &repo, context);
    let mut made = Vec::new();
    loop {
        let from = next.fetch_add(COMMITS_PER_TURN, Ordering::Relaxed);
        if from >= batch.len() {
            return made;
        }
        for (at, (_, id)) in batch.iter().enumerate().skip(from).take(COMMITS_PER_TURN) {
            let events = maker.read(*id);
            let failed = events.is_err();
            made.push((at, events));
            if failed {
                next.store(batch.len(), Ordering::Relaxed);
                return made;
            }
        }
    }
}
