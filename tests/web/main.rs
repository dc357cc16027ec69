//! The API's contract, through real HTTP against PostgreSQL: what each route answers, what it refuses,
//! who may ask, and what a caller that repeats, breaks off or guesses gets.
//!
//! Each test has a server and a database of its own ([`harness::Server`]). Every problem that a test
//! meets is read by [`harness::Reply::problem`], which holds it to one shape. A route of the table
//! that no test here uses is named by `routes::every_route_is_used`.

#![expect(clippy::unwrap_used, reason = "an error that a test does not expect fails the test")]

mod auth;
mod bulk;
mod cursors;
mod description;
mod faults;
mod harness;
mod idempotency;
mod large;
mod limits;
mod pages;
mod privacy;
mod problems;
mod raw;
mod routes;
mod sql;
mod statements;
mod webhooks;
