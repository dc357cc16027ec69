//! Epochs that run by themselves: what an operator plans, and what follows from it by the calendar.
//!
//! What belongs here is when something is to be done and in which order: the plan of
//! `epoch-ledger.toml` ([`Config`]) and the windows of a ledger ([`EpochCalendar`]). What a window
//! pays is `ledger-core`'s, how a source is read `activity-sources`', and SQL the repository's.
//!
//! To add a key to the file: its line in `docs/epoch-ledger.example.toml`, its reading in
//! `config/`, its place in `config/shown.rs`.

pub mod calendar;
pub mod config;

pub use calendar::EpochCalendar;
pub use config::{Config, ConfigError, ConfigFault, LedgerPlan, SourcePlan, WorkerSettings};
