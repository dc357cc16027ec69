//! Appends events.

mod known;
mod remembered;
mod rows;
mod run;
mod surprise;
mod windows;

pub(crate) use remembered::Remembered;

use async_trait::async_trait;
use diesel::result::{DatabaseErrorKind, Error as DieselError};
use diesel_async::{AsyncConnection, AsyncPgConnection};
use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesOrdered;
use ledger_core::{Epoch, EpochId, LedgerId, NewActivityEvent, Period, Sha256Hex, Timestamp};
use ledger_port::{
    ActivityConflict, EpochNotFoundPortError, InsertOutcome, LedgerPortError, PortResult,
};

use self::known::{Which, find};
use self::rows::{Fresh, Target};
use self::run::Run;
use super::{EpochLock, ROWS_PER_STATEMENT, count, find_epoch, lock_writable_epoch, writable};
use crate::transaction::{Command, TxError};

/// How many statements are under way: the next one is made while PostgreSQL works on the last.
const SENT_AT_ONCE: usize = 2;

/// Appends any number of events to an epoch.
pub(crate) struct InsertEvents<'a> {
    pub(super) ledger_id: LedgerId,
    pub(super) epoch_id: EpochId,
    events: &'a [NewActivityEvent],
    /// Positions of the call, by event id: everybody inserts in this order, so that two callers
    /// with the same events wait for each other once and never in a circle.
    order: Vec<usize>,
    now: Timestamp,
}

impl<'a> InsertEvents<'a> {
    /// Checks every event before anything is sent.
    pub(crate) fn new(
        ledger_id: LedgerId,
        epoch_id: EpochId,
        events: &'a [NewActivityEvent],
        now: Timestamp,
    ) -> PortResult<Self> {
        for (index, event) in events.iter().enumerate() {
            event.check().map_err(|fault| LedgerPortError::InvalidEvent {
                index,
                event_id: event.id.clone(),
                fault,
            })?;
        }
        let mut order: Vec<usize> = (0..events.len()).collect();
        // Stable: of two events with one id, the first of the call stays. Keys that lie together are sorted in
        // half the time, in which PostgreSQL has nothing to do yet.
        order.sort_by_cached_key(|at| events[*at].id.as_str());
        Ok(Self { ledger_id, epoch_id, events, order, now })
    }

    /// The ids, in the order in which everybody locks them.
    pub(super) fn sorted_ids(&self) -> Vec<&str> {
        self.order.iter().map(|at| self.events[*at].id.as_str()).collect()
    }

    fn refuse_later_events(&self, period: Period) -> PortResult<()> {
        let period_end = period.end();
        let later =
            self.events.iter().enumerate().find(|(_, event)| event.event_time >= period_end);
        match later {
            None => Ok(()),
            Some((index, event)) => Err(LedgerPortError::EventAfterEpoch {
                index,
                event_id: event.id.clone(),
                event_time: event.event_time,
                epoch_id: self.epoch_id,
                period_end,
            }),
        }
    }

    const fn target(&self, period: Period) -> Target {
        let Self { ledger_id, epoch_id, now, .. } = *self;
        let (starts, ingested_at) = (period.start().as_datetime(), now.as_datetime());
        Target { ledger_id, epoch_id, starts, ingested_at }
    }

    /// Inserts some of them, and finds out about those that were skipped.
    async fn insert(
        &self,
        tx: &mut AsyncPgConnection,
        target: Target,
        positions: &[usize],
        done: &mut Done,
    ) -> Result<(), TxError> {
        let events = positions.iter().map(|at| &self.events[*at]);
        let fresh = target.insert(tx, events.clone()).await?;
        done.fresh += fresh;
        if fresh.inserted != positions.len() {
            // Whoever inserted the others has committed by now, so this statement sees them.
            let found = find(tx, self.ledger_id, events, Which::Conflicting).await?;
            done.conflicts(positions, found);
        }
        Ok(())
    }

    /// As [`Self::insert`], where probably none is there. `false` where one is: then none of them went in.
    async fn insert_new(
        &self,
        tx: &mut AsyncPgConnection,
        target: Target,
        statements: &[&[usize]],
        done: &mut Done,
    ) -> Result<bool, TxError> {
        let insert_all = async |tx: &mut AsyncPgConnection| {
            let mut under_way = FuturesOrdered::new();
            let mut fresh = Fresh::default();
            let mut rest = statements.iter();
            loop {
                while under_way.len() < SENT_AT_ONCE
                    && let Some(positions) = rest.next()
                {
                    let events = positions.iter().map(|at| &self.events[*at]);
                    under_way.push_back(target.insert_new(tx, events));
                }
                let Some(next) = under_way.try_next().await? else {
                    return Ok::<_, TxError>(fresh);
                };
                fresh += next;
            }
        };
        // A savepoint: what went in before one that is there goes out again, and nothing else.
        match tx.transaction(insert_all).await {
            Ok(fresh) => {
                done.fresh += fresh;
                Ok(true)
            }
            Err(TxError::Database(error)) if is_known(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// As [`Self::insert`], where most are probably there: an INSERT that skips a row costs more than
    /// a look.
    async fn insert_unknown(
        &self,
        tx: &mut AsyncPgConnection,
        target: Target,
        positions: &[usize],
        done: &mut Done,
    ) -> Result<(), TxError> {
        let events = positions.iter().map(|at| &self.events[*at]);
        let found = find(tx, self.ledger_id, events, Which::Known).await?;
        let mut is_known = vec![false; positions.len()];
        for known in &found {
            is_known[known.place] = true;
        }
        done.conflicts(positions, found);
        let unknown = positions.iter().zip(is_known).filter(|(_, is_known)| !is_known);
        let unknown: Vec<usize> = unknown.map(|(at, _)| *at).collect();
        if unknown.is_empty() { Ok(()) } else { self.insert(tx, target, &unknown, done).await }
    }

    fn outcome(&self, done: Done) -> InsertOutcome {
        let Done { fresh: Fresh { inserted, late }, mut conflicts } = done;
        conflicts.sort_unstable();
        let skipped = self.events.len() - inserted;
        let mut outcome = InsertOutcome {
            inserted: count(inserted),
            late: count(late),
            duplicates: count(skipped - conflicts.len()),
            ..InsertOutcome::default()
        };
        for (position, stored_hash) in conflicts {
            let event = &self.events[position];
            outcome.conflicts.push(ActivityConflict {
                event_id: event.id.clone(),
                stored_hash,
                refused_hash: event.payload_hash.clone(),
            });
        }
        outcome
    }
}

/// Whether an event that was said to be new was not. The id is all that is unique of an event.
const fn is_known(error: &DieselError) -> bool {
    matches!(error, DieselError::DatabaseError(DatabaseErrorKind::UniqueViolation, _))
}

/// What was done so far.
#[derive(Default)]
struct Done {
    fresh: Fresh,
    /// Positions of the call, and the hash that is stored.
    conflicts: Vec<(usize, Sha256Hex)>,
}

impl Done {
    fn conflicts(&mut self, positions: &[usize], found: Vec<known::Known>) {
        let conflicting = found.into_iter().filter_map(|known| {
            known.other_hash.map(|stored_hash| (positions[known.place], stored_hash))
        });
        self.conflicts.extend(conflicting);
    }
}

#[async_trait]
impl Command for InsertEvents<'_> {
    type Output = InsertOutcome;
    const NAME: &'static str = "insert_activity_events";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<InsertOutcome, TxError> {
        let epoch =
            lock_writable_epoch(tx, self.ledger_id, self.epoch_id, EpochLock::Shared).await?;
        self.refuse_later_events(epoch.period)?;
        let target = self.target(epoch.period);
        let mut done = Done::default();
        let statements: Vec<&[usize]> = self.order.chunks(ROWS_PER_STATEMENT).collect();
        let mut rest = statements.as_slice();
        let mut run = Run::default();
        while let Some(positions) = rest.first() {
            if let Some(stretch) = run.all_new() {
                let (next, after) = rest.split_at(stretch.min(rest.len()));
                if self.insert_new(tx, target, next, &mut done).await? {
                    run.were_new();
                    rest = after;
                    continue;
                }
                run.met_known();
            }
            let before = done.fresh.inserted;
            if run.are_known() {
                self.insert_unknown(tx, target, positions, &mut done).await?;
            } else {
                self.insert(tx, target, positions, &mut done).await?;
            }
            run.goes_on(positions.len(), done.fresh.inserted - before);
            rest = &rest[1..];
        }
        Ok(self.outcome(done))
    }
}

/// Appends as many events as one statement carries, and by that statement alone: it commits by itself, and
/// the guard of the table locks the epoch after the rows are in, and refuses where it is closed.
pub(crate) struct InsertFew<'a> {
    insert: &'a InsertEvents<'a>,
    remembered: &'a Remembered,
}

impl InsertEvents<'_> {
    /// The same as one statement, where it can be one.
    pub(crate) const fn as_few<'a>(&'a self, remembered: &'a Remembered) -> Option<InsertFew<'a>> {
        if self.events.len() > ROWS_PER_STATEMENT {
            return None;
        }
        Some(InsertFew { insert: self, remembered })
    }
}

impl InsertFew<'_> {
    /// The epoch's window. Refusals are told by a fresh look at the epoch.
    async fn window(&self, tx: &mut AsyncPgConnection) -> Result<Period, TxError> {
        let Self { insert, remembered: Remembered { windows, .. } } = self;
        if let Some(window) = windows.find(insert.ledger_id, insert.epoch_id)
            && insert.refuse_later_events(window).is_ok()
        {
            return Ok(window);
        }
        let window = self.writable_epoch(tx).await?.period;
        insert.refuse_later_events(window)?;
        windows.remember(insert.ledger_id, insert.epoch_id, window);
        Ok(window)
    }

    /// Inserts those that are not there, by one statement. An event that comes alone is probably new, and is
    /// said to be: where it is known, the statement is refused, and the next one looks.
    async fn insert(
        &self,
        tx: &mut AsyncPgConnection,
        target: Target,
        done: &mut Done,
    ) -> Result<(), TxError> {
        let Self { insert, remembered: Remembered { surprise, .. } } = self;
        if let [only] = insert.events
            && surprise.is_over()
        {
            match target.insert_new_one(tx, only).await {
                Ok(fresh) => {
                    done.fresh += fresh;
                    return Ok(());
                }
                Err(error) if is_known(&error) => surprise.happened(),
                Err(error) => return Err(error.into()),
            }
        }
        insert.insert(tx, target, &insert.order, done).await
    }

    /// A closed epoch takes nothing, known or not.
    async fn writable_epoch(&self, tx: &mut AsyncPgConnection) -> Result<Epoch, TxError> {
        let InsertEvents { ledger_id, epoch_id, .. } = *self.insert;
        let epoch = find_epoch(tx, ledger_id, epoch_id).await?;
        Ok(writable(epoch.ok_or(EpochNotFoundPortError { epoch_id })?)?)
    }
}

#[async_trait]
impl Command for InsertFew<'_> {
    type Output = InsertOutcome;
    const NAME: &'static str = InsertEvents::NAME;
    const IS_ONE_STATEMENT: bool = true;

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<InsertOutcome, TxError> {
        let Self { insert, remembered } = self;
        let mut done = Done::default();
        if !insert.events.is_empty() {
            let target = insert.target(self.window(tx).await?);
            if let Err(error) = self.insert(tx, target, &mut done).await {
                // The epoch may have been closed. It is looked at when this is run again.
                remembered.windows.forget(insert.ledger_id, insert.epoch_id);
                return Err(error);
            }
        }
        if done.fresh.inserted == 0 {
            // The guard had nothing to look at.
            self.writable_epoch(tx).await?;
        }
        Ok(insert.outcome(done))
    }
}
