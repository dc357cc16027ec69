//! The ledger's arithmetic: units to credits, allocations to hashes, facts to a verified statement.
//!
//! `vectors` holds the published vectors, `properties` and `extremes` the rules that every split
//! keeps; `recomputation` compares with `reference`, which is written from the specification alone
//! and another way; `verification` and `verification_of_rows` break one stored fact of `books` at a
//! time; `canonical` and `canonical_numbers` hold known answers of RFC 8785 and of the payload hash.
//!
//! To add a rule of payouts: a property, and a vector where another implementation needs it too.
//! To add a fact that a statement depends on: a field of `books`, and a test that breaks it.

mod books;
mod canonical;
mod canonical_numbers;
mod extremes;
mod inputs;
mod properties;
mod recomputation;
mod vectors;
mod verification;
mod verification_of_rows;
