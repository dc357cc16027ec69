//! Where the weights of a new epoch come from: a file, words, or the epoch before it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use ledger_core::{InvalidValue, WeightTable};
use ledger_port::{ActivityLedgerStore, PageRequest};
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use crate::failure::Failure;
use crate::output::Output;

/// What the first epoch of a ledger pays where nothing else is said, in milli-units.
const DEFAULT: &str = r#"{"git:commit_authored": 1000, "git:commit_coauthored": 500}"#;

/// Reads a JSON file. A weight may be a number, or a string as `epoch show --json` prints it.
pub(super) fn from_file(file: &Path) -> Result<WeightTable, Failure> {
    let wrong = |problem: String| {
        Failure::wrong_arguments(format!("the weight table {}: {problem}", file.display()))
    };
    let text = std::fs::read_to_string(file).map_err(|error| wrong(error.to_string()))?;
    let json = serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let weights =
        WeightTable::from_json(&as_numbers(json)).map_err(|error| wrong(error.to_string()))?;
    // Later than the rest, so that whatever is no table at all was refused with better words.
    serde_json::from_str::<EveryKeyOnce>(&text).map_err(|error| wrong(error.to_string()))?;
    Ok(weights)
}

fn as_numbers(mut json: Value) -> Value {
    for weight in json.as_object_mut().into_iter().flat_map(|object| object.values_mut()) {
        if let Some(number) = weight.as_str().and_then(|text| text.parse::<i64>().ok()) {
            *weight = number.into();
        }
    }
    json
}

/// An object without a key twice, of which JSON readers keep the last in silence.
struct EveryKeyOnce;

impl<'de> Deserialize<'de> for EveryKeyOnce {
    fn deserialize<D: Deserializer<'de>>(json: D) -> Result<Self, D::Error> {
        json.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for EveryKeyOnce {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self, A::Error> {
        let mut keys = BTreeSet::new();
        while let Some((key, IgnoredAny)) = entries.next_entry::<String, _>()? {
            if keys.contains(&key) {
                return Err(A::Error::custom(format!("weight {key} is given twice")));
            }
            keys.insert(key);
        }
        Ok(self)
    }
}

/// Reads `KIND=UNITS` words.
pub(super) fn from_arguments(given: &[String]) -> Result<WeightTable, Failure> {
    let mut weights = BTreeMap::new();
    for word in given {
        let (kind, units) = word.split_once('=').ok_or_else(|| {
            Failure::wrong_arguments(format!(
                "weight \"{word}\" is not valid: write it as git:commit_authored=1000"
            ))
        })?;
        let units = units
            .parse()
            .map_err(|error: InvalidValue| InvalidValue::new("weight", word, error.problem))?;
        if weights.insert(kind.parse()?, units).is_some() {
            return Err(Failure::wrong_arguments(format!("weight {kind} is given twice")));
        }
    }
    Ok(WeightTable::new(weights)?)
}

/// The weights of the newest epoch, or the built-in ones.
pub(super) async fn usual(
    store: &dyn ActivityLedgerStore,
    output: Output,
) -> Result<WeightTable, Failure> {
    let newest = store.list_epochs(PageRequest::first().of_at_most(1)).await?;
    match newest.items.into_iter().next() {
        // One from before the activity ledger has none, and with none nobody earns anything.
        Some(epoch) if epoch.weights.iter().next().is_none() => output.notice(&format!(
            "epoch {} has no weights to take over, so the usual ones are used; see --weight",
            epoch.id
        )),
        Some(epoch) => return Ok(epoch.weights),
        None => {}
    }
    Ok(WeightTable::from_json(&serde_json::from_str(DEFAULT)?)?)
}
