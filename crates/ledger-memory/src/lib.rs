//! The reference store: what the port means, over ordered maps and nothing else.
//!
//! It is the readable model that the contract suite compares PostgreSQL with, so it is written to
//! be read: one file a role, every refusal in the order in which the port's implementations agree
//! to check, no index and no cleverness. A call works on a copy of its ledger's books and puts the
//! copy in place only where it succeeds; that is all there is to "nothing was written".
//!
//! The order of checks, in every method: the arguments alone; that the epoch exists; whether the
//! call was made before and is answered again; that the epoch is not closed; everything else.
//!
//! To add a method: a function on `Books` in the file of its role, which does the work and can fail
//! at any point, and the trait's method on [`MemoryStore`], which calls it in `read` or `write`.

mod access;
mod activity;
mod allocations;
mod books;
mod collections;
mod cursors;
mod epochs;
mod identity;
mod intentions;
mod ledger;
mod people;
mod pool;
mod statements;
mod store;
mod writes;

pub use ledger::MemoryLedger;
pub use store::MemoryStore;
