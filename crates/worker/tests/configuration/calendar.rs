//! The windows of a ledger, by example.

use std::time::Duration;

use ledger_core::{Period, Timestamp};
use worker::EpochCalendar;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn weekly() -> EpochCalendar {
    EpochCalendar::new(DAY * 7, at("2026-01-05")).unwrap()
}

#[test]
fn a_week_from_monday_is_the_iso_week() {
    let week = Period::iso_week("2026-W47").unwrap();
    assert_eq!(weekly().window_holding(week.start()), Ok(week));
    assert_eq!(weekly().window_holding(at("2026-11-22T23:59:59.999999Z")), Ok(week));
    assert_eq!(weekly().window_after(week.end()), Period::iso_week("2026-W48"));
    let long_before = Period::iso_week("1969-W10").unwrap();
    assert_eq!(weekly().window_holding(at("1969-03-05T12:00:00Z")), Ok(long_before));
}

#[test]
fn a_new_length_begins_where_the_books_end() {
    let fortnights = EpochCalendar::new(DAY * 14, at("2026-01-05")).unwrap();
    let short = fortnights.window_after(at("2026-01-12")).unwrap();
    assert_eq!(short.to_string(), "2026-01-12T00:00:00Z to 2026-01-19T00:00:00Z");
    let whole = fortnights.window_after(short.end()).unwrap();
    assert_eq!(whole.to_string(), "2026-01-19T00:00:00Z to 2026-02-02T00:00:00Z");
}

#[test]
fn a_new_anchor_begins_where_the_books_end() {
    let from_thursday = EpochCalendar::new(DAY * 7, at("2026-01-08T06:00:00Z")).unwrap();
    let short = from_thursday.window_after(at("2026-01-12")).unwrap();
    assert_eq!(short.to_string(), "2026-01-12T00:00:00Z to 2026-01-15T06:00:00Z");
}

#[test]
fn the_ends_of_time_are_an_error() {
    let first = at("0001-01-01");
    let last = at("9999-12-31T23:59:59.999999Z");
    let outside = "is not valid: it is outside the years 1 to 9999";
    let daily = EpochCalendar::new(DAY, at("2026-01-05")).unwrap();
    let first_day = daily.window_holding(first).unwrap();
    assert_eq!(first_day.to_string(), "0001-01-01T00:00:00Z to 0001-01-02T00:00:00Z");
    for calendar in [weekly(), daily] {
        for wrong in [calendar.window_holding(last), calendar.window_after(last)] {
            assert!(wrong.unwrap_err().to_string().ends_with(outside));
        }
    }
    let from_noon = EpochCalendar::new(DAY, at("2026-01-05T12:00:00Z")).unwrap();
    let error = from_noon.window_holding(first).unwrap_err();
    assert!(error.to_string().ends_with(outside), "{error}");
}

#[test]
fn a_length_that_makes_no_windows_is_refused() {
    let said = |length| EpochCalendar::new(length, at("2026-01-05")).unwrap_err().to_string();
    let century = "it must be longer than nothing and at most 100 years";
    assert_eq!(said(Duration::ZERO), format!("epoch length \"0s\" is not valid: {century}"));
    assert!(said(Duration::MAX).ends_with(century));
    assert!(said(EpochCalendar::MAX_LENGTH + Duration::from_micros(1)).ends_with(century));
    assert_eq!(
        said(Duration::from_nanos(1_500)),
        "epoch length \"1us 500ns\" is not valid: it must be in whole microseconds"
    );
    assert_eq!(weekly().length(), DAY * 7);
    assert_eq!(weekly().anchor(), at("2026-01-05"));
}
