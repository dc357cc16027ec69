//! The rules of each value: what is one and what is refused, to the byte where a size ends it, and the
//! words that the database and JSON have for it.
//!
//! To add a value: a line in `words` where it has words, and its limits in `texts` or in a file of its own.

mod access;
mod documents;
mod tables;
mod texts;
mod times;
mod words;

use ledger_core::{NewActivityEvent, Sha256Hex, Timestamp};

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

/// An event of which nothing is to be said but what a test changes.
fn event() -> NewActivityEvent {
    NewActivityEvent {
        id: "git:1".parse().expect("an id"),
        source: "git".parse().expect("a source"),
        event_type: "commit_authored".parse().expect("a type"),
        platform_user_id: "ada".parse().expect("an id"),
        platform_login: None,
        user_id: None,
        artifact_url: None,
        metadata: None,
        payload_hash: Sha256Hex::of(b""),
        producer: "a test".to_owned(),
        producer_version: "1".to_owned(),
        event_time: at("2026-11-16"),
        retrieved_at: at("2026-11-17"),
    }
}
