//! What every case stands on: the world it is given, the dump that shows whether anything changed,
//! the steps that lead up to it, and one file for each implementation.
//!
//! To add an implementation: a file here with `async fn world() -> (impl Sized, World)`, whose first
//! half keeps alive whatever the world needs and is dropped last, and one line at the end of
//! `main.rs`.

#[macro_use]
mod refusal;

mod dump;
pub(crate) mod memory;
mod paging;
pub(crate) mod postgres;
mod steps;
mod world;

pub(crate) use dump::dump;
pub(crate) use paging::{all, assert_paged};
pub(crate) use steps::{
    COMMIT, MERGE, WEEK, closed, commits, finalized, fund, insert, nothing_new, open,
    open_weighing, proposed, ready, said, unresolved,
};
pub(crate) use world::{LEDGER, OTHER_LEDGER, START, World};
