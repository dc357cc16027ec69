//! The cases, one file for each role of the port. A name is a sentence that says what holds.

pub(crate) mod activity;
pub(crate) mod allocations;
pub(crate) mod bindings;
pub(crate) mod closing;
pub(crate) mod collections;
pub(crate) mod cursors;
pub(crate) mod epochs;
pub(crate) mod finalizing;
pub(crate) mod identity;
pub(crate) mod ingesting;
pub(crate) mod intentions;
pub(crate) mod pool;
pub(crate) mod proposals;
pub(crate) mod registry;
pub(crate) mod retelling;
pub(crate) mod rolling;
pub(crate) mod scoping;
pub(crate) mod statements;
pub(crate) mod streams;
pub(crate) mod verification;
