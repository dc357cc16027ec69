//! The worker, on a real PostgreSQL and real repositories, by a clock that a test moves.
//!
//! `epochs` runs one worker inside the test; `year` runs two processes, kills them, and compares
//! what is left with a run that nobody disturbed.

#![expect(clippy::unwrap_used, reason = "an error that a test does not expect fails the test")]

mod epochs;
mod forge;
mod orchard;
mod process;
mod stage;
mod year;
