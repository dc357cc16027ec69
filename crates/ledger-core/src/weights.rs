//! The published weight table: what one event of a kind is worth.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::{EventType, InvalidValue, SourceName, Units};

/// The most kinds one weight table holds.
pub const MAX_WEIGHTS: usize = 1_000;

/// A kind of event, written `source:event_type`, for example `github:pr_merged`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKind {
    /// Where it comes from.
    pub source: SourceName,
    /// What happened.
    pub event_type: EventType,
}

impl FromStr for EventKind {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        let (source, event_type) = text.split_once(':').ok_or_else(|| {
            InvalidValue::new("event kind", text, "write it as source:event_type")
        })?;
        Ok(Self { source: source.parse()?, event_type: event_type.parse()? })
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source, self.event_type)
    }
}

/// What one event of each kind weighs, in milli-units. A kind that is not in it weighs nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WeightTable(BTreeMap<EventKind, Units>);

impl WeightTable {
    /// Takes a weight for each kind.
    ///
    /// # Errors
    /// When there are more than [`MAX_WEIGHTS`].
    pub fn new(weights: BTreeMap<EventKind, Units>) -> Result<Self, InvalidValue> {
        if weights.len() > MAX_WEIGHTS {
            return Err(InvalidValue::new(
                "weight table",
                &format!("{} kinds", weights.len()),
                format!("it holds more than {MAX_WEIGHTS}"),
            ));
        }
        Ok(Self(weights))
    }

    /// Reads a table from JSON: an object of `"source:event_type": whole number`.
    ///
    /// # Errors
    /// When it is not an object, a key is not a kind, or a weight is not a whole number from 0 on;
    /// the error names the key.
    pub fn from_json(json: &Value) -> Result<Self, InvalidValue> {
        let object = json.as_object().ok_or_else(|| {
            InvalidValue::new(
                "weight table",
                &json.to_string(),
                "it must be a JSON object such as {\"git:commit_authored\": 1000}",
            )
        })?;
        let weights = object
            .iter()
            .map(|(key, weight)| Ok((key.parse()?, weight_from_json(key, weight)?)))
            .collect::<Result<_, InvalidValue>>()?;
        Self::new(weights)
    }

    /// The table as JSON, keys in bytewise order.
    pub fn to_json(&self) -> Value {
        let entries = self.0.iter().map(|(kind, weight)| (kind.to_string(), weight.get().into()));
        Value::Object(entries.collect())
    }

    /// What one event of that kind weighs.
    pub fn weight_of(&self, kind: &EventKind) -> Units {
        self.0.get(kind).copied().unwrap_or(Units::ZERO)
    }

    /// Every kind and its weight, in bytewise order of the kind.
    pub fn iter(&self) -> impl Iterator<Item = (&EventKind, Units)> {
        self.0.iter().map(|(kind, weight)| (kind, *weight))
    }
}

fn weight_from_json(key: &str, weight: &Value) -> Result<Units, InvalidValue> {
    let invalid = |problem| InvalidValue::new("weight", &format!("{key}: {weight}"), problem);
    let number = weight
        .as_i64()
        .ok_or_else(|| invalid("it must be a whole number of milli-units, at most 2^63-1"))?;
    Units::new(number).map_err(|_| invalid("it is negative"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::WeightTable;

    #[test]
    fn a_table_survives_json() {
        let json = json!({"git:commit_authored": 1000, "github:pr_merged": i64::MAX});
        assert_eq!(WeightTable::from_json(&json).expect("a table").to_json(), json);
    }

    #[test]
    fn a_wrong_weight_is_named() {
        for (wrong, message) in [
            (json!({"git:a": -1}), "weight \"git:a: -1\" is not valid: it is negative"),
            (
                json!({"git:a": 1.5}),
                "weight \"git:a: 1.5\" is not valid: it must be a whole number of milli-units, at most 2^63-1",
            ),
            (
                json!({"git:a": "1"}),
                "weight \"git:a: \\\"1\\\"\" is not valid: it must be a whole number of milli-units, at most 2^63-1",
            ),
            (json!({"git": 1}), "event kind \"git\" is not valid: write it as source:event_type"),
            (
                json!([]),
                "weight table \"[]\" is not valid: it must be a JSON object such as {\"git:commit_authored\": 1000}",
            ),
        ] {
            assert_eq!(WeightTable::from_json(&wrong).expect_err("refused").to_string(), message);
        }
    }
}
