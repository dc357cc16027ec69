//! The plan and the calendar: every fault with its exact words, and windows that cover every moment.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod calendar;
mod example;
mod faults;
mod properties;
mod reading;
mod secrets;
