//! From one epoch to the next: what is to be done now, and doing it.
//!
//! When a window is over, each source is collected once more, so that the last day's work is not
//! lost; then the epoch goes into review and the next one opens, in one transaction. A source that
//! fails holds this back for the grace that the operator gives, and no longer: counted from the end
//! of the window, but never before it was tried once since then, because a worker may have slept.
//! One that neither ends nor fails is given up that long after this worker saw the window over.

use std::time::Duration;

use ledger_core::{EpochId, InvalidValue, NewEpoch, OneLine, Period, SourceId, Timestamp};
use ledger_port::{JobEnd, JobKey, JobQueue, LedgerPortError, PortResult, RollOver, Task};

use crate::books::{Books, OpenEpoch, open_epoch};
use crate::moments::after;

/// What is to be done about a ledger's epochs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step<'a> {
    /// Nothing, until time passes.
    Nothing,
    /// The open epoch lacks its base issuance.
    AddBase(EpochId),
    /// The open epoch's window is over, and these sources have not been read to its end.
    CollectOnceMore(&'a OpenEpoch, Vec<SourceId>),
    /// Go on from the open epoch, where there is one, to the window.
    GoOn(Option<EpochId>, Period),
}

/// Why epochs cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdvanceError {
    #[error(transparent)]
    Store(#[from] LedgerPortError),
    #[error(transparent)]
    Calendar(#[from] InvalidValue),
    #[error(
        "the last window ended at {ended}, more than max_catch_up ({max}) windows ago; each would \
         get an epoch and its base issuance. If that is meant, raise max_catch_up; if not, open an \
         epoch by hand"
    )]
    TooFarBehind { ended: Timestamp, max: u32 },
}

/// What is to be done at that moment.
pub(crate) async fn next_step<'a>(
    books: &Books,
    open: Option<&'a OpenEpoch>,
    now: Timestamp,
) -> Result<Step<'a>, AdvanceError> {
    let Some(open) = open else { return without_open_epoch(books, now).await };
    let (id, end) = (open.epoch.id, open.epoch.period.end());
    if books.lacks_base(id).await? {
        return Ok(Step::AddBase(id));
    }
    if now < end {
        return Ok(Step::Nothing);
    }
    let ids = books.plan.sources.iter().map(|source| source.id.clone());
    let unread = ids.filter(|id| !open.collection(id).is_some_and(|one| one.covers(end)));
    let missing: Vec<SourceId> = unread.collect();
    let waited = books.waited_for(id, now) >= books.plan.last_collection_grace;
    let grace_ends = after(end, books.plan.last_collection_grace);
    let is_given_up =
        |id: &SourceId| waited || (now >= grace_ends && was_tried_since_over(open, id));
    if !missing.iter().all(is_given_up) {
        return Ok(Step::CollectOnceMore(open, missing));
    }
    Ok(Step::GoOn(Some(id), next_window(books, end, now)?))
}

/// Whether a run failed after the window was over.
fn was_tried_since_over(open: &OpenEpoch, source: &SourceId) -> bool {
    let failure = open.collection(source).and_then(|one| one.failure.as_ref());
    failure.is_some_and(|one| one.failed_at >= open.epoch.period.end())
}

async fn without_open_epoch(books: &Books, now: Timestamp) -> Result<Step<'static>, AdvanceError> {
    let next = match books.books_end().await? {
        None => books.plan.calendar.window_holding(now)?,
        // An admin put the current epoch into review early: its window still runs.
        Some(end) if now < end => return Ok(Step::Nothing),
        Some(end) => next_window(books, end, now)?,
    };
    Ok(Step::GoOn(None, next))
}

/// The window after `end`, unless too many of them have passed.
fn next_window(books: &Books, end: Timestamp, now: Timestamp) -> Result<Period, AdvanceError> {
    let next = books.plan.calendar.window_after(end)?;
    let (mut window, max) = (next, books.plan.max_catch_up);
    for _ in 0..max {
        if now < window.end() {
            return Ok(next);
        }
        window = books.plan.calendar.window_after(window.end())?;
    }
    if now < window.end() { Ok(next) } else { Err(AdvanceError::TooFarBehind { ended: end, max }) }
}

/// Does what is to be done, step by step, until only time is missing.
pub(crate) async fn advance(
    books: &Books,
    queue: &dyn JobQueue,
    now: Timestamp,
    look_again: Duration,
) -> Result<JobEnd, AdvanceError> {
    loop {
        let open = open_epoch(books.store.as_ref()).await?;
        match next_step(books, open.as_ref(), now).await? {
            Step::Nothing => return Ok(JobEnd::Done),
            Step::AddBase(epoch_id) => books.add_base(epoch_id, now).await?,
            Step::CollectOnceMore(open, missing) => {
                ask_once_more(books, queue, open, &missing).await?;
                let names: Vec<&str> = missing.iter().map(SourceId::as_str).collect();
                let waits_for = format!("the last collection of {}", names.join(", "));
                return Ok(JobEnd::Later { after: look_again, waits_for: OneLine::of(&waits_for) });
            }
            Step::GoOn(over, window) => go_on(books, over, window).await?,
        }
    }
}

/// Asks for a last collection. One that was set aside gets one more chance when the window is over,
/// and not one each time that somebody looks.
async fn ask_once_more(
    books: &Books,
    queue: &dyn JobQueue,
    open: &OpenEpoch,
    missing: &[SourceId],
) -> PortResult<()> {
    for id in missing {
        let task = Task::CollectSource(id.clone());
        let key = JobKey { ledger: books.plan.name.clone(), task };
        if was_tried_since_over(open, id) {
            queue.enqueue_job(&key).await?;
        } else {
            queue.revive_job(&key).await?;
        }
    }
    Ok(())
}

async fn go_on(books: &Books, over: Option<EpochId>, window: Period) -> PortResult<()> {
    if let Some(over) = over {
        books.propose(over).await?;
    }
    let next = NewEpoch { period: window, weights: books.plan.weights.clone() };
    let command = RollOver { over, next };
    let opened = books.store.roll_over(&command).await?;
    tracing::info!(ledger = %books.plan.name, epoch = %opened.id, window = %opened.period, "opened");
    Ok(())
}
