//! The program from outside, as a shell sees it: what it prints, what it exits with, what it leaves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bad_input;
mod collecting;
mod demo;
mod life;
mod own_server;
mod program;
mod renaming;
mod repository;
