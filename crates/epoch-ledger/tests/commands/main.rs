//! The program from outside, as a shell sees it: what it prints, what it exits with, what it leaves.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod advice;
mod bad_input;
mod closing;
mod collecting;
mod configuration;
mod demo;
mod files;
mod github;
mod json;
mod life;
mod lists;
mod own_server;
mod program;
mod renaming;
mod repository;
mod serving;
mod started;
mod terminal;
mod working;
