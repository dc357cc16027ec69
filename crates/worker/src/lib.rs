//! Epochs that run by themselves: collects each source when it is due, and goes on to the next epoch
//! when a window is over.
//!
//! - `config/` is `epoch-ledger.toml`: which ledgers, sources, weights, and when.
//! - `calendar` cuts time into windows.
//! - `worker` is the loop: it asks for what is due and takes jobs; `jobs` does one under its lease.
//! - `advance` and `collect` are the two tasks. Each may be done twice, by two workers, or be cut off
//!   anywhere.
//! - `status` says what each source last did, how far behind it is, and what it waits for; `metrics`
//!   says the same to a monitoring system, and counts what this worker did.
//!
//! To add a key to the file: its line in `docs/epoch-ledger.example.toml`, its reading in `config/`,
//! its place in `config/shown.rs`.
//!
//! To add a task: a variant of [`ledger_port::Task`] and its words in the migration's check, a file
//! here, an arm in `jobs`, and where `worker` asks for it.

mod advance;
mod books;
pub mod calendar;
mod collect;
pub mod config;
mod error;
mod jobs;
mod lease;
mod metrics;
mod metrics_text;
mod moments;
mod retry;
mod status;
mod worker;

pub use calendar::EpochCalendar;
pub use config::{Config, ConfigError, ConfigFault, LedgerPlan, SourcePlan, WorkerSettings};
pub use error::WorkerError;
pub use metrics::{METRICS_PATH, MetricsPage};
pub use status::{SourceStatus, WaitsFor, source_statuses};
pub use worker::Worker;
