//! Events: what their payload's hash sees, and what their metadata may hold.

use ledger_core::{MAX_JSON_BYTES, NewActivityEvent};
use ledger_testkit::event;
use serde_json::{Value, json};

fn telling(metadata: Value) -> NewActivityEvent {
    event("git:1").with_metadata(metadata).build()
}

#[test]
fn the_payload_hash_sees_every_nested_field_and_no_order() {
    let one = telling(json!({"a": {"b": [1, 2]}, "c": 1}));
    let hash = one.payload_hash.clone();
    assert_eq!(hash, one.canonical_payload_hash());
    assert_eq!(hash, telling(json!({"c": 1, "a": {"b": [1, 2]}})).payload_hash);
    assert_ne!(hash, telling(json!({"c": 1, "a": {"b": [2, 1]}})).payload_hash);
    let read_again = event("git:1").with_metadata(json!({"a": {"b": [1, 2]}, "c": 1}));
    let read_again = read_again.shown_as("A").read_at("2026-11-19").build();
    assert_eq!(hash, read_again.payload_hash);
}

#[test]
fn what_postgresql_cannot_keep_is_refused_by_name() {
    let deep = (0..40).fold(json!(1), |inner, _| json!([inner]));
    for (metadata, problem) in [
        (json!({"a": "x\0"}), "metadata holds the character U+0000, which PostgreSQL cannot keep"),
        (json!({"\0": 1}), "metadata holds the character U+0000, which PostgreSQL cannot keep"),
        (deep, "metadata nests deeper than 32"),
        (json!("x".repeat(MAX_JSON_BYTES)), "metadata is larger than 65536 bytes"),
    ] {
        assert_eq!(telling(metadata).check().expect_err("refused").to_string(), problem);
    }
    let mut without_provenance = telling(json!({}));
    without_provenance.producer = String::new();
    let refusal = without_provenance.check().expect_err("refused");
    assert_eq!(refusal.to_string(), "producer is empty");
    assert_eq!(telling(json!({"a": 1.5})).check(), Ok(()));
}
