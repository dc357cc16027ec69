//! The window in which activity is counted, and its life: open, review, closed.

use std::fmt;
use std::str::FromStr;

use crate::{Credits, EpochId, InvalidValue, Period, Timestamp, WeightTable};

/// Where an epoch stands. It only ever moves forward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EpochStatus {
    /// Activity is being collected. At most one epoch of a ledger is open.
    Open,
    /// The window is over and an admin looks at what is proposed.
    Review,
    /// Paid out and frozen.
    Closed,
}

impl EpochStatus {
    /// The word that the database and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Review => "review",
            Self::Closed => "closed",
        }
    }

    /// What a sentence says: an epoch is open, in review, closed.
    pub const fn in_a_sentence(self) -> &'static str {
        match self {
            Self::Review => "in review",
            Self::Open | Self::Closed => self.as_str(),
        }
    }
}

impl fmt::Display for EpochStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for EpochStatus {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "open" => Ok(Self::Open),
            "review" => Ok(Self::Review),
            "closed" => Ok(Self::Closed),
            _ => Err(InvalidValue::new("epoch status", text, "it must be open, review or closed")),
        }
    }
}

/// What it takes to open an epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewEpoch {
    /// The window.
    pub period: Period,
    /// What events weigh in it. Pinned: it never changes once the epoch exists.
    pub weights: WeightTable,
}

/// One epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epoch {
    /// Its number.
    pub id: EpochId,
    /// Where it stands.
    pub status: EpochStatus,
    /// Its window.
    pub period: Period,
    /// Its pinned weights.
    pub weights: WeightTable,
    /// What it paid out, once it is closed.
    pub pool_total: Option<Credits>,
    /// When it was opened.
    pub opened_at: Timestamp,
    /// When it was closed.
    pub closed_at: Option<Timestamp>,
}

impl Epoch {
    /// Whether an event of that time is from before this epoch's window: a late arrival. It is paid
    /// here all the same, because it was never paid before.
    pub fn is_late(&self, event_time: Timestamp) -> bool {
        event_time < self.period.start()
    }
}
