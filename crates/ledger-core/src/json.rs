//! Which JSON the ledger keeps: what PostgreSQL's jsonb can hold and every reader can read again.

use serde_json::{Number, Value};

/// The largest JSON document of one record, in bytes.
pub const MAX_JSON_BYTES: usize = 65_536;

/// How deep a JSON document of a record may nest.
pub const MAX_JSON_DEPTH: usize = 32;

/// Checks that the ledger can keep the document, and every reader of JSON its whole numbers (RFC 7493, 2.2).
///
/// # Errors
/// What is wrong with it, as the end of a sentence that begins with its name.
pub(crate) fn check_json(document: &Value) -> Result<(), String> {
    let mut left = vec![(document, 1_usize)];
    while let Some((value, depth)) = left.pop() {
        if depth > MAX_JSON_DEPTH {
            return Err(format!("nests deeper than {MAX_JSON_DEPTH}"));
        }
        let below = depth.saturating_add(1);
        match value {
            Value::String(text) => check_no_nul(text)?,
            Value::Array(items) => left.extend(items.iter().map(|item| (item, below))),
            Value::Object(entries) => {
                for (key, item) in entries {
                    check_no_nul(key)?;
                    left.push((item, below));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    if document.to_string().len() > MAX_JSON_BYTES {
        return Err(format!("is larger than {MAX_JSON_BYTES} bytes"));
    }
    match first_inexact_number(document) {
        None => Ok(()),
        Some(number) => Err(format!("holds {number}, beyond 2^53-1; write it as text")),
    }
}

fn check_no_nul(text: &str) -> Result<(), String> {
    if text.contains('\0') {
        return Err("holds the character U+0000, which PostgreSQL cannot keep".to_owned());
    }
    Ok(())
}

/// The largest whole number that every reader of JSON keeps exactly (RFC 7493, 2.2): 2^53-1.
const MAX_EXACT: u128 = 9_007_199_254_740_991;

/// A whole number in the document that canonical JSON (RFC 8785) would round, so that two facts
/// could have one hash, and an export would not say what was recorded.
fn first_inexact_number(document: &Value) -> Option<&Number> {
    let mut left = vec![document];
    while let Some(value) = left.pop() {
        match value {
            Value::Array(items) => left.extend(items),
            Value::Object(entries) => left.extend(entries.values()),
            Value::Number(number) => {
                if number.as_i128().is_some_and(|whole| whole.unsigned_abs() > MAX_EXACT) {
                    return Some(number);
                }
            }
            Value::Null | Value::Bool(_) | Value::String(_) => {}
        }
    }
    None
}

/// Whether both documents say the same, however their numbers are written: jsonb gives 1e17 back
/// as a whole number, and -0.0 without its sign.
pub(crate) fn is_same_json(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => plain(one) == plain(other),
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(a, b)| is_same_json(a, b))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, a)| other.get(key).is_some_and(|b| is_same_json(a, b)))
        }
        _ => one == other,
    }
}

/// A number without an exponent where it is whole, digit by digit.
fn plain(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float == 0.0 => "0".to_owned(),
        Some(float) if number.is_f64() && float.fract() == 0.0 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}
