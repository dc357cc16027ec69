//! When the epochs of a ledger begin and end. Whole microseconds, no clock, no float.

use std::time::Duration;

use chrono::DateTime;
use ledger_core::{InvalidValue, Period, Timestamp};

/// Windows of one length, laid end to end from an anchor in both directions.
///
/// They are `[anchor + k·length, anchor + (k+1)·length)` for every whole number `k`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EpochCalendar {
    length_micros: i64,
    anchor: Timestamp,
}

impl EpochCalendar {
    /// The longest window: a century. It keeps every sum of this file far inside an `i64`.
    pub const MAX_LENGTH: Duration = Duration::from_secs(36_525 * 24 * 60 * 60);

    /// Windows of that length, one of which begins at `anchor`.
    ///
    /// # Errors
    /// When the length is 0, longer than [`Self::MAX_LENGTH`], or not in whole microseconds, which
    /// is what a [`Timestamp`] keeps.
    pub fn new(length: Duration, anchor: Timestamp) -> Result<Self, InvalidValue> {
        let invalid = |problem| {
            let shown = humantime::format_duration(length).to_string();
            InvalidValue::new("epoch length", &shown, problem)
        };
        if length.is_zero() || length > Self::MAX_LENGTH {
            return Err(invalid("it must be longer than nothing and at most 100 years"));
        }
        if !length.subsec_nanos().is_multiple_of(1_000) {
            return Err(invalid("it must be in whole microseconds"));
        }
        let length_micros = i64::try_from(length.as_micros())
            .map_err(|_| invalid("it does not fit into 63 bits of microseconds"))?;
        Ok(Self { length_micros, anchor })
    }

    /// How long a window is.
    pub const fn length(&self) -> Duration {
        Duration::from_micros(self.length_micros.unsigned_abs())
    }

    /// Where one of the windows begins.
    pub const fn anchor(&self) -> Timestamp {
        self.anchor
    }

    /// The window that the moment lies in.
    ///
    /// # Errors
    /// When the window leaves the years 1 to 9999.
    pub fn window_holding(&self, now: Timestamp) -> Result<Period, InvalidValue> {
        let start = micros(now) - self.micros_into_window(now);
        Period::new(moment(start)?, moment(start + self.length_micros)?)
    }

    /// The window that continues books whose last window ended at `end`. It begins exactly there,
    /// and ends at the first boundary of this calendar that is later. So it is a whole window while
    /// the calendar stays the same, and a shorter one after the length or the anchor has changed:
    /// without a gap, and without an overlap.
    ///
    /// # Errors
    /// When the window leaves the years 1 to 9999.
    pub fn window_after(&self, end: Timestamp) -> Result<Period, InvalidValue> {
        let left = self.length_micros - self.micros_into_window(end);
        Period::new(end, moment(micros(end) + left)?)
    }

    /// How long before the moment its window began: from 0 up to and without the length.
    fn micros_into_window(&self, now: Timestamp) -> i64 {
        (micros(now) - micros(self.anchor)).rem_euclid(self.length_micros)
    }
}

/// Microseconds since 1970. The years 1 to 9999 are within ±2.6·10¹⁷, a window within 3.2·10¹⁵.
const fn micros(moment: Timestamp) -> i64 {
    moment.as_datetime().timestamp_micros()
}

fn moment(micros: i64) -> Result<Timestamp, InvalidValue> {
    let shown = || format!("{micros} microseconds since 1970");
    DateTime::from_timestamp_micros(micros)
        .ok_or_else(|| InvalidValue::new("time", &shown(), "it is outside the years 1 to 9999"))
        .and_then(Timestamp::try_from)
}
