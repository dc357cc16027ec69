//! Where a store gets its times from: one reading a call, before the transaction begins, so that a
//! retried transaction writes the same times again.

use chrono::Utc;
use ledger_core::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync + std::fmt::Debug {
    /// The present moment.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::try_from(Utc::now()).expect("the machine's clock is before the year 10000")
    }
}
