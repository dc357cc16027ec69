//! Payloads as GitHub publishes them, and what may be wrong with them.

use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

/// A delivery as GitHub publishes it.
pub(crate) fn published(file: &str) -> Value {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/github/payloads");
    let text = std::fs::read_to_string(format!("{folder}/{file}.json")).expect("it is there");
    serde_json::from_str(&text).expect("it is JSON")
}

/// The JSON pointers of everything in a document.
fn pointers(document: &Value, path: &str, found: &mut Vec<String>) {
    found.push(path.to_owned());
    match document {
        Value::Object(entries) => {
            for (key, value) in entries {
                let key = key.replace('~', "~0").replace('/', "~1");
                pointers(value, &format!("{path}/{key}"), found);
            }
        }
        Value::Array(items) => {
            for (at, value) in items.iter().enumerate() {
                pointers(value, &format!("{path}/{at}"), found);
            }
        }
        _ => {}
    }
}

fn junk() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".*".prop_map(Value::from),
        Just(json!("9999-12-31T23:59:60Z")),
        Just(json!("+262142-01-01T00:00:00Z")),
        Just(json!("0000-00-00T00:00:00Z")),
        Just(json!([])),
        Just(json!({})),
    ]
}

/// Fields that are replaced by something else.
pub(crate) fn field_changes() -> impl Strategy<Value = Vec<(Index, Value)>> {
    proptest::collection::vec((any::<Index>(), junk()), 1..4)
}

pub(crate) fn change_fields(document: &mut Value, changes: Vec<(Index, Value)>) {
    for (at, value) in changes {
        let mut all = Vec::new();
        pointers(document, "", &mut all);
        if let Some(place) = document.pointer_mut(&all[at.index(all.len())]) {
            *place = value;
        }
    }
}

/// Bytes that are replaced, and where the rest is cut off.
#[derive(Debug)]
pub(crate) struct ByteChanges {
    replaced: Vec<(Index, u8)>,
    cut: Option<Index>,
}

pub(crate) fn byte_changes() -> impl Strategy<Value = ByteChanges> {
    let replaced = proptest::collection::vec((any::<Index>(), any::<u8>()), 1..8);
    let cut = proptest::option::of(any::<Index>());
    (replaced, cut).prop_map(|(replaced, cut)| ByteChanges { replaced, cut })
}

pub(crate) fn change_bytes(bytes: &mut Vec<u8>, changes: &ByteChanges) {
    for (at, byte) in &changes.replaced {
        let at = at.index(bytes.len());
        bytes[at] = *byte;
    }
    if let Some(cut) = changes.cut {
        bytes.truncate(cut.index(bytes.len()));
    }
}
