//! The windows of a ledger, for any calendar and any moment.

use std::time::Duration;

use ledger_core::Timestamp;
use proptest::prelude::*;
use worker::EpochCalendar;

/// 0001-01-01 and 9999-12-31T23:59:59 in seconds since 1970.
const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;
/// 9999-12-31T23:59:59.999999 in microseconds since 1970.
const LAST_MICROS: i64 = LAST * 1_000_000 + 999_999;
/// Farther from the ends of time than the longest window here, and than any chain.
const FAR: i64 = 400 * 366 * 24 * 60 * 60;
const MAX_MICROS: u64 = 3_000_000_000_000_000;

fn moment() -> impl Strategy<Value = Timestamp> {
    ((FIRST + FAR)..(LAST - FAR), 0_u32..1_000_000).prop_map(|(seconds, micros)| {
        let whole = Timestamp::from_unix_seconds(seconds).unwrap();
        let fine = whole.as_datetime() + Duration::from_micros(micros.into());
        Timestamp::try_from(fine).unwrap()
    })
}

fn length() -> impl Strategy<Value = Duration> {
    prop_oneof![1_u64..1_000, 1_000_000_u64..1_000_000_000_000, 1..MAX_MICROS]
        .prop_map(Duration::from_micros)
}

fn calendar() -> impl Strategy<Value = EpochCalendar> {
    (length(), moment()).prop_map(|(length, anchor)| EpochCalendar::new(length, anchor).unwrap())
}

fn micros(moment: Timestamp) -> i64 {
    moment.as_datetime().timestamp_micros()
}

fn length_of(calendar: EpochCalendar) -> i64 {
    i64::try_from(calendar.length().as_micros()).unwrap()
}

proptest! {
    #[test]
    fn every_moment_lies_in_one_window(calendar in calendar(), now in moment()) {
        let window = calendar.window_holding(now).unwrap();
        prop_assert!(window.contains(now));
        let length = length_of(calendar);
        prop_assert_eq!(micros(window.end()) - micros(window.start()), length);
        prop_assert_eq!((micros(window.start()) - micros(calendar.anchor())) % length, 0);
        // Every moment of the window has this one: its first, and its last.
        prop_assert_eq!(calendar.window_holding(window.start()).unwrap(), window);
        let last = window.end().as_datetime() - Duration::from_micros(1);
        prop_assert_eq!(calendar.window_holding(last.try_into().unwrap()).unwrap(), window);
    }

    #[test]
    fn windows_touch(calendar in calendar(), now in moment()) {
        let window = calendar.window_holding(now).unwrap();
        let next = calendar.window_holding(window.end()).unwrap();
        prop_assert_eq!(next.start(), window.end());
        prop_assert_eq!(calendar.window_after(window.end()).unwrap(), next);
    }

    #[test]
    fn books_go_on_without_a_gap_whatever_the_calendar_becomes(
        calendars in prop::collection::vec((calendar(), 1_usize..4), 1..5),
        begin in moment(),
        picked in any::<u64>(),
    ) {
        let mut chain = vec![calendars[0].0.window_holding(begin).unwrap()];
        for (calendar, windows) in &calendars {
            for _ in 0..*windows {
                let end = chain.last().unwrap().end();
                // Very long windows may come to the end of time; then the books stop with an error.
                let Ok(next) = calendar.window_after(end) else { break };
                prop_assert_eq!(next.start(), end);
                prop_assert!(next.end() > next.start());
                // There is a window after it where one of the calendar's length fits before the end of time.
                if micros(next.end()) + length_of(*calendar) <= LAST_MICROS {
                    let after = calendar.window_holding(next.end()).unwrap();
                    prop_assert_eq!(after.start(), next.end());
                }
                let within = calendar.window_holding(end).unwrap();
                prop_assert_eq!(within.end(), next.end(), "it is the rest of the window it is in");
                chain.push(next);
            }
        }
        let (first, last) = (chain[0].start(), chain.last().unwrap().end());
        let covered = u64::try_from(micros(last) - micros(first)).unwrap();
        let moment = first.as_datetime() + Duration::from_micros(picked % covered);
        let moment = Timestamp::try_from(moment).unwrap();
        prop_assert_eq!(chain.iter().filter(|window| window.contains(moment)).count(), 1);
    }

    #[test]
    fn the_ends_of_time_never_panic(
        length in 1..=3_155_760_000_000_000_u64,
        anchor in prop::sample::select(vec![FIRST, LAST, 0]),
        now in prop_oneof![FIRST..FIRST + FAR, LAST - FAR..=LAST],
    ) {
        let at = |seconds| Timestamp::from_unix_seconds(seconds).unwrap();
        let calendar = EpochCalendar::new(Duration::from_micros(length), at(anchor)).unwrap();
        let now = at(now);
        if let Ok(window) = calendar.window_holding(now) {
            prop_assert!(window.contains(now));
        }
        if let Ok(window) = calendar.window_after(now) {
            prop_assert_eq!(window.start(), now);
        }
    }
}
