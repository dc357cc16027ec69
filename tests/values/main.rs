//! The rules of each value: what is one and what is refused, to the byte where a size ends it, and the
//! words that the database and JSON have for it.
//!
//! To add a value: a line in `words` where it has words, and its limits in `texts` or in a file of its own.

mod access;
mod activity;
mod documents;
mod tables;
mod texts;
mod times;
mod words;
