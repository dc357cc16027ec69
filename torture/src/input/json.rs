//! JSON that nobody should send: as text for parsers, and as values for fields that keep any JSON.

use fastrand::Rng;
use serde_json::{Map, Value};

use super::texts::{largest, number, text_below, touched_bytes};

/// How deep the deepest JSON nests.
const DEEPEST: usize = 10_000;

/// A line of a file of events that is right.
pub(crate) const LINE: &str = r#"{"id":"w:1","source":"w","event_type":"held","platform_user_id":"ada","event_time":"2026-11-17T10:00:00Z","platform_login":"Ada","artifact_url":"https://example.org/1","metadata":{"points":3,"of":[1.5,null,true,"\u00e9"]},"producer":"wiki","producer_version":"2"}"#;

/// The fields of such a line.
const FIELDS: &[&str] = &[
    "id",
    "source",
    "event_type",
    "platform_user_id",
    "event_time",
    "platform_login",
    "artifact_url",
    "metadata",
    "producer",
    "producer_version",
    "user_id",
];

/// JSON as text, or what was meant to be it: a changed line of events, deep or long or doubled.
pub(crate) fn json_text(dice: &mut Rng, of: &str) -> Vec<u8> {
    match dice.u32(..2_000) {
        0 => format!("{{\"metadata\":\"{}\"}}", largest(dice)).into_bytes(),
        1..=4 => ["[", "{\"a\":"][dice.usize(..2)].repeat(DEEPEST).into_bytes(),
        5..=8 => format!("{}{}", "[".repeat(DEEPEST), "]".repeat(DEEPEST)).into_bytes(),
        9..=12 => format!("[{}0]", "0,".repeat(100_000)).into_bytes(),
        13..=800 => touched_bytes(dice, of.as_bytes(), LINE.as_bytes()),
        801..=1_700 => with_another_field(dice, of).into_bytes(),
        _ => text_below(dice, 2_048).into_bytes(),
    }
}

/// The object with one more field: one that it has already, more often than not.
fn with_another_field(dice: &mut Rng, of: &str) -> String {
    let field = dice.choice(FIELDS).copied().unwrap_or_default();
    let value = match dice.u8(..6) {
        0 => number(dice).to_string(),
        1 => "1e400".to_owned(),
        2 => "\"\\ud800\\u0000\"".to_owned(),
        3 => value(dice, 4).to_string(),
        _ => Value::from(text_below(dice, 2_048)).to_string(),
    };
    let begins = of.rfind('}').unwrap_or(of.len());
    // Twice the same field is no JSON that everybody reads alike, so the first goes half of the time.
    if dice.bool()
        && let Ok(Value::Object(mut fields)) = serde_json::from_str(of)
        && let Ok(value) = serde_json::from_str::<Value>(&value)
    {
        fields.insert(field.to_owned(), value);
        return Value::Object(fields).to_string();
    }
    format!("{},\"{field}\":{value}}}", &of[..begins])
}

/// Any JSON, at most so deep.
pub(crate) fn value(dice: &mut Rng, depth: usize) -> Value {
    let most = if depth == 0 { 6 } else { 8 };
    match dice.u8(..most) {
        0 => Value::Null,
        1 => Value::Bool(dice.bool()),
        2 => Value::from(number(dice)),
        3 => float(dice),
        4 | 5 => Value::from(text_below(dice, 2_048)),
        6 => (0..dice.usize(..5)).map(|_| value(dice, depth - 1)).collect(),
        _ => {
            let mut fields = Map::new();
            for _ in 0..dice.usize(..5) {
                fields.insert(text_below(dice, 256), value(dice, depth - 1));
            }
            Value::Object(fields)
        }
    }
}

fn float(dice: &mut Rng) -> Value {
    const FLOATS: &[f64] =
        &[-0.0, 0.1, 1.5, 1e17, -1e17, f64::MAX, f64::MIN, f64::MIN_POSITIVE, 5e-324, 1e21, 1e-7];
    match dice.bool() {
        true => Value::from(dice.choice(FLOATS).copied().unwrap_or_default()),
        // Whatever is no number becomes null.
        false => Value::from(f64::from_bits(dice.u64(..))),
    }
}

/// Arrays in arrays, so deep.
pub(crate) fn nested(depth: usize) -> Value {
    (1..depth).fold(Value::from(1), |inner, _| Value::from(vec![inner]))
}
