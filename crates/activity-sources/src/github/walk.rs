//! Which facts of a list are wanted now: what earlier runs left, and what is new.
//!
//! A list is read in the order in which its things were last changed, and nothing happens after its
//! thing was changed. So whatever was changed before the window's end holds only what is wanted now;
//! from there on a run *looks ahead*: what happened in the window and was changed later is handed out
//! too, and what waits is left to the next epoch's run, which begins at the window's end again.
//!
//! Whoever reads on begins a little before where the last run ended, because GitHub shows some
//! changes late; what was done of those moments is known by its id.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use ledger_core::Timestamp;

use super::cursor::{Ahead, GithubCursor};
use crate::CollectWindow;

/// How long before the end of the last run a run begins, in seconds. So late may GitHub show a change.
const OVERLAP_SECONDS: i64 = 60;

/// The most bytes that a cursor keeps of the ids of what is done already. Where that is too little,
/// facts are handed out again and skipped by their ids.
const MAX_RECENT_BYTES: usize = 48_000;

/// What a time and its punctuation take beside an id.
const TIME_BYTES: usize = 32;

/// What becomes of a fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// An earlier run, or an earlier page, has done with it.
    Done,
    /// It is older than the books.
    BeforeSince,
    /// It becomes an event now.
    Wanted,
    /// It waits for a later epoch.
    Waits,
    /// It says that it happened after its thing was last changed.
    Impossible,
}

/// Goes through a list in the order of its changes.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    window: CollectWindow,
    /// Changes before this are done.
    floor: Option<Timestamp>,
    /// How far an earlier run looked ahead.
    looked: Option<Ahead>,
    /// The cursor to store now.
    cursor: GithubCursor,
    /// Where it stands.
    at: Option<Timestamp>,
}

impl Walk {
    pub(super) fn new(cursor: GithubCursor, window: CollectWindow) -> Self {
        let looked = cursor.ahead;
        let from = match looked {
            Some(ahead) if ahead.until == window.until => Some(ahead.at),
            _ => cursor.seen,
        };
        let floor = from.map(|from| earlier(from, OVERLAP_SECONDS));
        Self { window, floor, looked, cursor, at: None }
    }

    /// From which change on the list is to be read.
    pub(super) fn begins(&self) -> Timestamp {
        self.floor.unwrap_or_else(|| earlier(self.window.since, OVERLAP_SECONDS))
    }

    /// What becomes of a fact that happened then, of a thing that was last changed then.
    pub(super) fn step(&mut self, id: &str, changed: Timestamp, time: Timestamp) -> Fate {
        let was_looked_at = self.looked.is_some_and(|ahead| {
            time < ahead.until && changed < earlier(ahead.at, OVERLAP_SECONDS)
        });
        if was_looked_at || Some(changed) < self.floor || self.cursor.recent.contains_key(id) {
            return Fate::Done;
        }
        if time >= self.window.until {
            // It would be behind the next run already, so that it waited for nobody.
            let is_reached = changed >= earlier(self.window.until, OVERLAP_SECONDS);
            return if is_reached { Fate::Waits } else { Fate::Impossible };
        }
        if time < self.window.since {
            return Fate::BeforeSince;
        }
        self.cursor.recent.insert(id.to_owned(), changed);
        Fate::Wanted
    }

    /// A thing is done with all that belongs to it. What may still change within its second is not.
    pub(super) fn mark(&mut self, thing: &str, changed: Timestamp) {
        if changed < earlier(self.window.retrieved_at, OVERLAP_SECONDS) {
            self.cursor.recent.insert(thing.to_owned(), changed);
        }
    }

    /// Whether a thing was marked, and was not changed since.
    pub(super) fn is_marked(&self, thing: &str, changed: Timestamp) -> bool {
        self.cursor.recent.get(thing) == Some(&changed)
    }

    /// Everything up to that change was looked at.
    pub(super) fn advance(&mut self, changed: Timestamp) {
        // A clock that is ahead of ours must not hide what is changed until then.
        let changed = changed.min(self.window.retrieved_at);
        self.at = self.at.max(Some(changed));
        let floor = earlier(changed, OVERLAP_SECONDS);
        self.cursor.recent.retain(|_, changed| *changed >= floor);
        let GithubCursor { seen, ahead, .. } = &mut self.cursor;
        let until = self.window.until;
        if changed >= until {
            *seen = (*seen).max(Some(until));
            let at = ahead.filter(|ahead| ahead.until == until).map(|ahead| ahead.at);
            *ahead = Some(Ahead { until, at: at.map_or(changed, |at| at.max(changed)) });
        } else {
            *seen = (*seen).max(Some(changed));
            *ahead = ahead.filter(|ahead| *seen < Some(ahead.at));
        }
    }

    /// Whether whatever could still be shown late for what was read has been shown by now.
    pub(super) fn is_settled(&self) -> bool {
        let settled = earlier(self.window.retrieved_at, 2 * OVERLAP_SECONDS);
        self.cursor.ahead.is_none() && self.cursor.seen < Some(settled)
    }

    /// The cursor to store now.
    pub(super) fn cursor(&self) -> GithubCursor {
        GithubCursor { recent: self.recent(), etag: None, ..self.cursor.clone() }
    }

    /// The newest of what is done and will be read again; what spares requests comes first.
    fn recent(&self) -> BTreeMap<String, Timestamp> {
        let mut newest: Vec<_> = self.cursor.recent.iter().collect();
        newest.sort_by_key(|(id, changed)| (Reverse(**changed), id.starts_with("github:"), *id));
        let mut left = MAX_RECENT_BYTES;
        let fits = newest.into_iter().take_while(|(id, _)| {
            let size = id.len() + TIME_BYTES;
            let fits = size <= left;
            left = left.saturating_sub(size);
            fits
        });
        fits.map(|(id, changed)| (id.clone(), *changed)).collect()
    }
}

/// That many seconds before, in whole seconds as GitHub writes them.
fn earlier(moment: Timestamp, seconds: i64) -> Timestamp {
    // Only the first minutes of the year 1 have no such moment.
    Timestamp::from_unix_seconds(moment.unix_seconds().saturating_sub(seconds)).unwrap_or(moment)
}
