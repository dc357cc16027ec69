//! Times and windows. A [`Timestamp`] is what the database can keep: UTC, whole microseconds.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, SecondsFormat, Utc, Weekday};
use serde::{Deserialize, Serialize};

use crate::InvalidValue;

/// A moment in UTC with microsecond precision, in the years 1 to 9999 (what RFC 3339 can write).
///
/// Anything finer is cut off when it is made, so that every store gives back what it was given. For the
/// same reason a leap second (`23:59:60`) is the second after it: PostgreSQL's days have 86,400.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "DateTime<Utc>", into = "DateTime<Utc>")]
pub struct Timestamp(DateTime<Utc>);

impl Timestamp {
    /// The moment that many seconds after 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// When the moment is outside the years 1 to 9999.
    pub fn from_unix_seconds(seconds: i64) -> Result<Self, InvalidValue> {
        DateTime::from_timestamp(seconds, 0)
            .ok_or_else(|| out_of_range(&format!("{seconds} seconds since 1970")))
            .and_then(Self::try_from)
    }

    /// The moment as chrono has it.
    pub const fn as_datetime(self) -> DateTime<Utc> {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z.
    pub const fn unix_seconds(self) -> i64 {
        self.0.timestamp()
    }

    /// The midnight in UTC at which this moment's day begins.
    #[must_use]
    pub fn start_of_day(self) -> Self {
        Self(midnight(self.0.date_naive()))
    }
}

fn out_of_range(value: &str) -> InvalidValue {
    InvalidValue::new("time", value, "it is outside the years 1 to 9999")
}

impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = InvalidValue;
    fn try_from(moment: DateTime<Utc>) -> Result<Self, InvalidValue> {
        let kept = DateTime::from_timestamp_micros(moment.timestamp_micros())
            .filter(|kept| (1..=9999).contains(&kept.year()));
        kept.map(Self).ok_or_else(|| out_of_range(&moment.to_string()))
    }
}

impl From<Timestamp> for DateTime<Utc> {
    fn from(moment: Timestamp) -> Self {
        moment.0
    }
}

impl FromStr for Timestamp {
    type Err = InvalidValue;

    /// Reads RFC 3339 (`2026-11-16T00:00:00Z`) or a date (`2026-11-16`, its midnight in UTC).
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
            return Self::try_from(moment.with_timezone(&Utc));
        }
        let date = text.parse::<NaiveDate>().map_err(|_| {
            InvalidValue::new(
                "time",
                text,
                "it must be a date such as 2026-11-16 or a time such as 2026-11-16T00:00:00Z",
            )
        })?;
        Self::try_from(midnight(date))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0.to_rfc3339_opts(SecondsFormat::AutoSi, true))
    }
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    date.and_time(chrono::NaiveTime::MIN).and_utc()
}

/// A half-open window `[start, end)` that is never empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct Period {
    start: Timestamp,
    end: Timestamp,
}

impl Period {
    /// The window from `start`, included, to `end`, left out.
    ///
    /// # Errors
    /// When the window ends before it begins, or at the same moment.
    pub fn new(start: Timestamp, end: Timestamp) -> Result<Self, InvalidValue> {
        if start >= end {
            return Err(InvalidValue::new(
                "window",
                &format!("{start} to {end}"),
                "it must end after it begins",
            ));
        }
        Ok(Self { start, end })
    }

    /// The ISO 8601 week of that name, such as `2026-W47`: Monday 00:00 UTC to the next one.
    ///
    /// # Errors
    /// When there is no week of that name.
    pub fn iso_week(name: &str) -> Result<Self, InvalidValue> {
        let invalid = |problem| InvalidValue::new("week", name, problem);
        let (year, week) = name.split_once("-W").ok_or_else(|| invalid("write it as 2026-W47"))?;
        let digits =
            |text: &str, len| text.len() == len && text.bytes().all(|b| b.is_ascii_digit());
        if !digits(year, 4) || !digits(week, 2) {
            return Err(invalid("write it as 2026-W47"));
        }
        let monday = year
            .parse()
            .ok()
            .zip(week.parse().ok())
            .and_then(|(year, week)| NaiveDate::from_isoywd_opt(year, week, Weekday::Mon))
            .ok_or_else(|| invalid("that year has no such week"))?;
        Self::weeks_from(monday, 1)
    }

    /// The last `weeks` whole ISO weeks up to and with the one that holds `moment`.
    ///
    /// # Errors
    /// When `weeks` is 0, or the window leaves the years 1 to 9999.
    pub fn weeks_up_to(moment: Timestamp, weeks: u32) -> Result<Self, InvalidValue> {
        let date = moment.0.date_naive();
        let back = u64::from(date.weekday().num_days_from_monday())
            .saturating_add(u64::from(weeks.saturating_sub(1)).saturating_mul(7));
        let monday = date
            .checked_sub_days(Days::new(back))
            .ok_or_else(|| out_of_range(&format!("{weeks} weeks before {moment}")))?;
        Self::weeks_from(monday, weeks)
    }

    fn weeks_from(monday: NaiveDate, weeks: u32) -> Result<Self, InvalidValue> {
        let days = Days::new(u64::from(weeks).saturating_mul(7));
        let end = monday
            .checked_add_days(days)
            .ok_or_else(|| out_of_range(&format!("{weeks} weeks from {monday}")))?;
        Self::new(midnight(monday).try_into()?, midnight(end).try_into()?)
    }

    /// The first moment of the window.
    pub const fn start(&self) -> Timestamp {
        self.start
    }

    /// The first moment after the window.
    pub const fn end(&self) -> Timestamp {
        self.end
    }

    /// Whether the moment lies in the window.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.start <= moment && moment < self.end
    }

    /// Whether the windows share a moment.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.start < other.end && other.start < self.end
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} to {}", self.start, self.end)
    }
}

#[cfg(test)]
mod tests {
    use super::{Period, Timestamp};

    fn at(text: &str) -> Timestamp {
        text.parse().expect("a time")
    }

    #[test]
    fn a_week_begins_on_monday_and_ends_on_the_next() {
        let week = Period::iso_week("2026-W47").expect("a week");
        assert_eq!(week.to_string(), "2026-11-16T00:00:00Z to 2026-11-23T00:00:00Z");
        assert!(week.contains(at("2026-11-16")));
        assert!(!week.contains(at("2026-11-23")));
        for wrong in ["2026-W54", "2026W47", "2026-W7", "w", "-026-W47", "2026-W+7", "2025-W53"] {
            assert!(Period::iso_week(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn weeks_up_to_a_moment_hold_it() {
        let sunday = at("2026-11-22T23:59:59.999999Z");
        assert_eq!(Period::weeks_up_to(sunday, 1), Period::iso_week("2026-W47"));
        let four = Period::weeks_up_to(at("2026-11-16"), 4).expect("weeks");
        assert_eq!(four.to_string(), "2026-10-26T00:00:00Z to 2026-11-23T00:00:00Z");
        assert!(Period::weeks_up_to(sunday, 0).is_err());
        assert!(Period::weeks_up_to(sunday, u32::MAX).is_err());
    }

    #[test]
    fn a_window_never_ends_before_it_begins() {
        let error = Period::new(at("2026-11-16"), at("2026-11-09")).expect_err("refused");
        assert_eq!(
            error.to_string(),
            "window \"2026-11-16T00:00:00Z to 2026-11-09T00:00:00Z\" is not valid: it must end after it begins"
        );
        assert!(Period::new(at("2026-11-16"), at("2026-11-16")).is_err());
    }

    #[test]
    fn what_the_database_cannot_keep_is_cut_or_refused() {
        assert_eq!(at("2026-11-16T00:00:00.123456789Z"), at("2026-11-16T00:00:00.123456Z"));
        assert_eq!(at("2016-12-31T23:59:60.25Z"), at("2017-01-01T00:00:00.25Z"));
        assert!("9999-12-31T23:59:60Z".parse::<Timestamp>().is_err());
        assert_eq!(at("1969-12-31T23:59:59.9999999Z"), at("1969-12-31T23:59:59.999999Z"));
        assert!(Timestamp::from_unix_seconds(i64::MAX).is_err());
        assert!(Timestamp::from_unix_seconds(-99_999_999_999).is_err());
        assert!(Timestamp::from_unix_seconds(-1).is_ok());
    }
}
