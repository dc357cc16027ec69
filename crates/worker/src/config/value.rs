//! Reads single values. Each answers the value, or what is wrong with it and what would be right.

use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use ledger_core::InvalidValue;
use serde_json::{Map, Number, Value};
use toml::de::{DeInteger, DeValue};

/// The shortest time between two of anything: what a timer can keep.
pub(super) const SHORTEST: Duration = Duration::from_millis(1);
/// The longest: ten years. Past it somebody has mistaken the unit.
const LONGEST: Duration = Duration::from_secs(3_650 * 24 * 60 * 60);

pub(super) fn text<'a>(value: &'a DeValue<'_>) -> Result<&'a str, String> {
    value.as_str().ok_or_else(|| format!("it must be text in quotes, not {}", a_kind(value)))
}

pub(super) fn boolean(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| format!("it must be true or false, not {}", a_kind(value)))
}

/// Text that is one of the ledger's own types.
pub(super) fn checked<T: FromStr<Err = InvalidValue>>(value: &DeValue<'_>) -> Result<T, String> {
    text(value)?.parse().map_err(|error: InvalidValue| error.to_string())
}

/// A time, in quotes or as TOML writes one.
pub(super) fn time(value: &DeValue<'_>) -> Result<ledger_core::Timestamp, String> {
    let written = match value {
        DeValue::Datetime(time) => time.to_string(),
        other => text(other)?.to_owned(),
    };
    written.parse().map_err(|error: InvalidValue| error.to_string())
}

pub(super) fn whole(value: &DeValue<'_>, within: RangeInclusive<i64>) -> Result<i64, String> {
    let must = || format!("it must be a whole number from {} to {}", within.start(), within.end());
    let DeValue::Integer(written) = value else {
        return Err(format!("{}, not {}", must(), a_kind(value)));
    };
    let number = number(written).filter(|number| within.contains(number));
    number.ok_or_else(|| format!("{} is not valid: {}", shown(&written.to_string()), must()))
}

/// The number, where it fits into an `i64`.
fn number(written: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(written.as_str(), written.radix()).ok()
}

/// A length of time such as `90s`, `15m`, `6h` or `7d`.
pub(super) fn duration(value: &DeValue<'_>, shortest: Duration) -> Result<Duration, String> {
    const EXAMPLES: &str = "write it as \"90s\", \"15m\", \"6h\" or \"7d\"";
    let Some(text) = value.as_str() else {
        return Err(format!("it must be a length of time, not {}; {EXAMPLES}", a_kind(value)));
    };
    let invalid = |problem: String| format!("\"{}\" is not valid: {problem}", shown(text));
    let duration = humantime::parse_duration(text)
        .map_err(|_| invalid(format!("it must be a length of time; {EXAMPLES}")))?;
    if text.split(|c: char| !c.is_alphabetic()).any(is_without_length) {
        let problem = "months and years have no fixed length; write days, such as \"28d\"";
        return Err(invalid(problem.to_owned()));
    }
    if duration < shortest {
        let shortest = humantime::format_duration(shortest);
        return Err(invalid(format!("it must be {shortest} at least")));
    }
    if duration > LONGEST {
        return Err(invalid("it must be 3650d at most".to_owned()));
    }
    Ok(duration)
}

/// What is written there as a fault shows it: on one line, and no longer than other refused values.
pub(super) fn shown(written: &str) -> String {
    InvalidValue::new("value", written, "").value
}

fn is_without_length(unit: &str) -> bool {
    matches!(unit, "M" | "mo" | "month" | "months" | "y" | "yr" | "yrs" | "year" | "years")
}

/// A list of texts of which none is empty.
pub(super) fn texts(value: &DeValue<'_>) -> Result<Vec<String>, String> {
    let must = "it must be a list of texts that are not empty, such as [\"renovate*\"]";
    let list = value.as_array().ok_or(must)?;
    let one = |text: &str| (!text.trim().is_empty()).then(|| text.to_owned());
    let texts = list.iter().map(|item| item.get_ref().as_str().and_then(one));
    texts.collect::<Option<_>>().ok_or_else(|| must.to_owned())
}

/// The value as JSON has it; a time becomes its text.
pub(super) fn json(value: &DeValue<'_>) -> Result<Value, String> {
    Ok(match value {
        DeValue::String(text) => Value::from(text.as_ref()),
        DeValue::Integer(written) => number(written).map(Value::from).ok_or_else(|| {
            format!("{} is not valid: it does not fit into 64 bits", shown(&written.to_string()))
        })?,
        DeValue::Float(written) => {
            written.as_str().parse().ok().and_then(Number::from_f64).map(Value::Number).ok_or_else(
                || format!("{} is not valid: JSON has no such number", shown(&written.to_string())),
            )?
        }
        DeValue::Boolean(boolean) => Value::from(*boolean),
        DeValue::Datetime(time) => Value::from(time.to_string()),
        DeValue::Array(list) => {
            list.iter().map(|item| json(item.get_ref())).collect::<Result<_, _>>()?
        }
        DeValue::Table(table) => {
            let entry = |(key, item): (&toml::Spanned<_>, &toml::Spanned<_>)| {
                let key: &toml::de::DeString<'_> = key.get_ref();
                Ok((key.to_string(), json(item.get_ref())?))
            };
            Value::Object(table.iter().map(entry).collect::<Result<Map<_, _>, String>>()?)
        }
    })
}

/// What kind of value it is, with its article.
fn a_kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
