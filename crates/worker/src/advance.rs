//! From one epoch to the next: what is to be done now, and doing it.
//!
//! When a window is over, each source is collected once more, so that the last day's work is not
//! lost; then the epoch goes into review and the next one opens, in one transaction. A source that
//! fails holds this back for the grace that the operator gives, and no longer: counted from the end
//! of the window, but never before it was tried once since then, because a worker may have slept.
//! One that neither ends nor fails is given up that long after this worker saw the window over.

use std::time::Duration;

use ledger_core::{
    Epoch, InvalidValue, NewEpoch, OneLine, Period, SourceCollection, SourceId, Timestamp,
};
use ledger_port::{JobEnd, JobKey, JobQueue, LedgerPortError, RollOver, Task};

use crate::books::Books;

/// What is to be done about a ledger's epochs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing, until time passes.
    Nothing,
    /// The open epoch lacks its base issuance.
    AddBase(Epoch),
    /// The open epoch's window is over, and these sources have not been read to its end.
    CollectOnceMore(Epoch, Vec<SourceId>),
    /// Go on to the window.
    GoOn(Option<Epoch>, Period),
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
pub(crate) async fn next_step(books: &Books, now: Timestamp) -> Result<Step, AdvanceError> {
    let Some(open) = books.store.get_open_epoch().await? else {
        return without_open_epoch(books, now).await;
    };
    if books.lacks_base(open.id).await? {
        return Ok(Step::AddBase(open));
    }
    let end = open.period.end();
    if now < end {
        return Ok(Step::Nothing);
    }
    let collections = books.collections(open.id).await?;
    let ids = books.plan.sources.iter().map(|source| source.id.clone());
    let unread = ids.filter(|id| !collections.get(id).is_some_and(|one| one.covers(end)));
    let missing: Vec<SourceId> = unread.collect();
    let waited = books.waited_for(open.id, now) >= books.plan.last_collection_grace;
    let grace_ends = after(end, books.plan.last_collection_grace);
    let is_given_up =
        |id: &SourceId| waited || (now >= grace_ends && was_tried_since(end, collections.get(id)));
    if !missing.iter().all(is_given_up) {
        return Ok(Step::CollectOnceMore(open, missing));
    }
    let next = next_window(books, end, now)?;
    Ok(Step::GoOn(Some(open), next))
}

/// Whether a run failed after the window was over.
fn was_tried_since(end: Timestamp, collection: Option<&SourceCollection>) -> bool {
    let failure = collection.and_then(|one| one.failure.as_ref());
    failure.is_some_and(|one| one.failed_at >= end)
}

async fn without_open_epoch(books: &Books, now: Timestamp) -> Result<Step, AdvanceError> {
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

/// A moment later; the last moment there is where that is out of range.
pub(crate) fn after(moment: Timestamp, duration: Duration) -> Timestamp {
    let seconds = i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let later = moment.unix_seconds().saturating_add(seconds);
    let last = || Timestamp::from_unix_seconds(253_402_300_799).expect("the year 9999");
    Timestamp::from_unix_seconds(later).unwrap_or_else(|_| last())
}

/// Does what is to be done, step by step, until only time is missing.
pub(crate) async fn advance(
    books: &Books,
    queue: &dyn JobQueue,
    now: Timestamp,
    look_again: Duration,
) -> Result<JobEnd, AdvanceError> {
    loop {
        match next_step(books, now).await? {
            Step::Nothing => return Ok(JobEnd::Done),
            Step::AddBase(epoch) => books.add_base(epoch.id, now).await?,
            Step::CollectOnceMore(epoch, missing) => {
                ask_once_more(books, queue, &epoch, &missing).await?;
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
    epoch: &Epoch,
    missing: &[SourceId],
) -> Result<(), AdvanceError> {
    let collections = books.collections(epoch.id).await?;
    for id in missing {
        let was_tried = was_tried_since(epoch.period.end(), collections.get(id));
        let task = Task::CollectSource(id.clone());
        let key = JobKey { ledger: books.plan.name.clone(), task };
        if was_tried {
            queue.enqueue_job(&key).await?;
        } else {
            queue.revive_job(&key).await?;
        }
    }
    Ok(())
}

async fn go_on(books: &Books, over: Option<Epoch>, window: Period) -> Result<(), AdvanceError> {
    if let Some(over) = &over {
        books.propose(over.id).await?;
    }
    let next = NewEpoch { period: window, weights: books.plan.weights.clone() };
    let command = RollOver { over: over.map(|epoch| epoch.id), next };
    let opened = books.store.roll_over(&command).await?;
    tracing::info!(ledger = %books.plan.name, epoch = %opened.id, window = %opened.period, "opened");
    Ok(())
}
