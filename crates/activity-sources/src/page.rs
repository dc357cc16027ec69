//! What a source hands out: pages of events, what was counted, what the operator must read.

use std::fmt;
use std::ops::AddAssign;

use ledger_core::NewActivityEvent;

/// The most events of one page.
pub const MAX_PAGE_EVENTS: usize = 1_000;

/// The most notices that one run spells out; the rest are counted.
pub const MAX_NOTICES: usize = 20;

/// Some events, and where the stream stands after them. Both are stored in one transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourcePage {
    /// At most [`MAX_PAGE_EVENTS`], oldest first. May be empty.
    pub events: Vec<NewActivityEvent>,
    /// The cursor to store with them.
    pub next_cursor: String,
    /// What this page counted; a run is the sum of its pages.
    pub tally: Tally,
    /// What the operator must read, at most [`MAX_NOTICES`] in a run.
    pub notices: Vec<Notice>,
    /// How many notices of this page were left out because the run had given enough.
    pub notices_left_out: u64,
}

impl SourcePage {
    /// Gives notices until the run has given enough, and counts the rest. `given` is the run's.
    pub(crate) fn say(&mut self, notices: impl IntoIterator<Item = Notice>, given: &mut usize) {
        for notice in notices {
            if *given < MAX_NOTICES {
                *given += 1;
                self.notices.push(notice);
            } else {
                self.notices_left_out += 1;
            }
        }
    }
}

/// What became of the facts that a source looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Facts inside the window that were read, whether or not they became events.
    pub read: u64,
    /// Contributions left out because a bot made them.
    pub bots: u64,
    /// Facts left out because they are older than the books.
    pub before_since: u64,
    /// Facts that wait for the next epoch.
    pub waiting: u64,
    /// Facts left out because they cannot be recorded; each has a notice.
    pub faulty: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.read += other.read;
        self.bots += other.bots;
        self.before_since += other.before_since;
        self.waiting += other.waiting;
        self.faulty += other.faulty;
    }
}

/// Something the operator must read, in one or two sentences on one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What it is about, for programs.
    pub kind: NoticeKind,
    /// What to print.
    pub message: String,
}

impl Notice {
    /// A notice that says this.
    pub fn new(kind: NoticeKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.message)
    }
}

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoticeKind {
    /// There is nothing to collect yet.
    NothingYet,
    /// Only a part of the history is here.
    PartOfHistory,
    /// What was recorded is no longer what the source says.
    HistoryRewritten,
    /// What the cursor stands on is gone; the stream is read again.
    PlaceLost,
    /// What was left out may be wanted now; the stream is read again.
    StartedOver,
    /// A fact was left out because it cannot be recorded.
    FaultyFact,
    /// A fact is left for the next run, as it is not written to its end yet.
    UnfinishedFact,
    /// Something else of the run could not be done; the message says what and why.
    NotDone,
}
