//! Moments and windows, at their edges.

use chrono::{DateTime, Utc};
use ledger_core::{Epoch, EpochId, EpochStatus, Period, Timestamp, WeightTable};
use ledger_testkit::{moment, window};

#[test]
fn a_moment_is_read_and_written_in_utc() {
    for (text, written) in [
        ("2026-11-16", "2026-11-16T00:00:00Z"),
        ("2026-11-16T01:30:00+02:00", "2026-11-15T23:30:00Z"),
        ("0001-01-01", "0001-01-01T00:00:00Z"),
        ("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z"),
    ] {
        assert_eq!(moment(text).to_string(), written);
    }
    for wrong in ["", "2026", "2026-11-31", "0000-12-31", "10000-01-01", "2026-11-16 00:00"] {
        let error = wrong.parse::<Timestamp>().expect_err(wrong);
        assert!(error.to_string().starts_with("time "), "{error}");
    }
}

#[test]
fn a_moment_has_its_second_and_its_day() {
    let at = moment("2026-11-16T13:14:15.5Z");
    assert_eq!(at.unix_seconds(), 1_794_834_855);
    assert_eq!(Timestamp::from_unix_seconds(1_794_834_855), Ok(moment("2026-11-16T13:14:15Z")));
    assert_eq!(at.start_of_day(), moment("2026-11-16"));
    assert_eq!(DateTime::<Utc>::from(at), at.as_datetime());
    assert_eq!(at.as_datetime().timestamp_subsec_millis(), 500);
    assert_eq!(Timestamp::from_unix_seconds(0).map(Timestamp::unix_seconds), Ok(0));
}

#[test]
fn a_window_holds_its_first_moment_and_not_its_last() {
    let week = window("2026-11-16", "2026-11-23");
    assert_eq!((week.start(), week.end()), (moment("2026-11-16"), moment("2026-11-23")));
    for (text, is_in) in [
        ("2026-11-15T23:59:59.999999Z", false),
        ("2026-11-16", true),
        ("2026-11-20", true),
        ("2026-11-22T23:59:59.999999Z", true),
        ("2026-11-23", false),
    ] {
        assert_eq!(week.contains(moment(text)), is_in, "{text}");
    }
}

#[test]
fn windows_that_touch_do_not_overlap() {
    let week = window("2026-11-16", "2026-11-23");
    for (other, overlaps) in [
        (window("2026-11-09", "2026-11-16"), false),
        (window("2026-11-23", "2026-11-30"), false),
        (window("2026-11-01", "2026-11-02"), false),
        (window("2026-11-09", "2026-11-17"), true),
        (window("2026-11-22", "2026-11-30"), true),
        (window("2026-11-17", "2026-11-18"), true),
        (window("2026-11-01", "2026-12-01"), true),
        (week, true),
    ] {
        assert_eq!(week.overlaps(&other), overlaps, "{other}");
        assert_eq!(other.overlaps(&week), overlaps, "{other}");
    }
}

#[test]
fn an_event_from_before_the_window_is_late() {
    let epoch = Epoch {
        id: EpochId(1),
        status: EpochStatus::Open,
        period: window("2026-11-16", "2026-11-23"),
        weights: WeightTable::default(),
        pool_total: None,
        opened_at: moment("2026-11-16"),
        closed_at: None,
    };
    for (text, is_late) in
        [("2026-11-15T23:59:59.999999Z", true), ("2026-11-16", false), ("2026-11-17", false)]
    {
        assert_eq!(epoch.is_late(moment(text)), is_late, "{text}");
    }
}

#[test]
fn a_year_has_its_weeks() {
    let week = |name: &str| Period::iso_week(name).map(|week| week.to_string());
    // 2026 has 53 weeks and begins in its first; 2027-01-01 is in the 53rd of 2026.
    assert_eq!(week("2026-W53"), Ok("2026-12-28T00:00:00Z to 2027-01-04T00:00:00Z".to_owned()));
    assert_eq!(week("2026-W01"), Ok("2025-12-29T00:00:00Z to 2026-01-05T00:00:00Z".to_owned()));
    for wrong in
        ["2026-W00", "2027-W53", "20026-W1", "2026-W001", "2026-w47", "2026-W4x", "9999-W53"]
    {
        assert!(week(wrong).is_err(), "{wrong}");
    }
    let last = Period::weeks_up_to(moment("2026-11-23"), 2).expect("weeks");
    assert_eq!(last.to_string(), "2026-11-16T00:00:00Z to 2026-11-30T00:00:00Z");
    let early = Period::weeks_up_to(moment("0001-01-02"), 2);
    assert!(early.is_err(), "it would begin before the year 1: {early:?}");
}
