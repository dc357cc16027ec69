//! What the database itself holds: everything here goes around the port, or pulls the ground from
//! under it.
//!
//! Every test has a database of its own ([`store_testkit::TestDatabase`]), but roles belong to the
//! whole server: a test never changes `ledger_service`, except on a server of its own
//! ([`store_testkit::TestServer`]).

#![expect(clippy::unwrap_used, reason = "an error that a test does not expect fails the test")]

mod access_attacks;
mod arena;
mod attacks;
mod books;
mod call_sizes;
mod catalogs;
mod close_races;
mod container;
mod corrupt_values;
mod epoch_reference;
mod faults;
mod freezing;
mod gates;
mod jobs;
mod long_calls;
mod migrations;
mod plans;
mod races;
mod remembered;
mod retries;
mod role;
mod scale;
mod small_pool;
mod sql;
mod tenants;
mod tls;
mod unreadable;
mod upgrade;
mod upgrade_refusals;
mod worker_attacks;
mod write_races;
