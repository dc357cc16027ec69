//! A clock that stands still until a test moves it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;
use ledger_core::Timestamp;
use ledger_port::Clock;

use crate::builders::moment;

/// Tells the time it was set to. Clones show the same time, so that a test keeps one and gives
/// others away.
#[derive(Debug, Clone)]
pub struct SettableClock(Arc<Mutex<Timestamp>>);

impl SettableClock {
    /// A clock that shows this time: a date, or RFC 3339.
    pub fn at(time: &str) -> Self {
        Self(Arc::new(Mutex::new(moment(time))))
    }

    /// Sets the time, forwards or back.
    pub fn set(&self, time: &str) {
        self.change(|now| *now = moment(time));
    }

    /// Moves the time forwards, by whole microseconds.
    pub fn advance(&self, by: Duration) {
        self.change(|now| {
            let by = TimeDelta::from_std(by).expect("a test waits for less than 300,000 years");
            let later = now.as_datetime() + by;
            *now = later.try_into().expect("a test ends before the year 10000");
        });
    }

    fn change<T>(&self, change: impl FnOnce(&mut Timestamp) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        self.change(|now| *now)
    }
}
