//! From a JSON value to an event: first the published schema, then the ledger's own types.

use std::sync::LazyLock;

use jsonschema::{ValidationError, Validator, error::ValidationErrorKind};
use ledger_core::{InvalidValue, NewActivityEvent, Sha256Hex, Timestamp};
use serde::Deserialize;
use serde_json::Value;

use super::fault::Fault;

/// What an event must be as JSON (JSON Schema 2020-12), as it is published.
pub const EVENT_SCHEMA: &str = include_str!("../../../../docs/activity-event.schema.json");

static VALIDATOR: LazyLock<Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(EVENT_SCHEMA).expect("the embedded schema is JSON");
    jsonschema::draft202012::options()
        .should_validate_formats(true)
        .build(&schema)
        .expect("the embedded schema is a schema")
});

/// The most faults of one line that are told.
const MAX_FAULTS: usize = 20;

/// What the schema lets through.
#[derive(Deserialize)]
struct Fields {
    id: String,
    source: String,
    event_type: String,
    platform_user_id: String,
    event_time: String,
    platform_login: Option<String>,
    artifact_url: Option<String>,
    metadata: Option<Value>,
    producer: Option<String>,
    producer_version: Option<String>,
}

/// What keeps a JSON value from being an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventProblem {
    /// The field at fault, where it is one.
    pub field: Option<String>,
    /// What is wrong with it, and what would be right.
    pub problem: String,
}

/// Makes an event of a JSON value, as the lines of a file are read: the published schema
/// (`docs/activity-event.schema.json`) and the ledger's own types decide. `producer` stands for
/// events that name none.
///
/// # Errors
/// Everything that the schema finds wrong; when it finds nothing, what the ledger's types do.
pub fn event_from_json(
    value: &Value,
    producer: &str,
    retrieved_at: Timestamp,
) -> Result<NewActivityEvent, Vec<EventProblem>> {
    event_of(0, value, producer, retrieved_at).map_err(|faults| {
        let problem = |fault: Fault| EventProblem { field: fault.field, problem: fault.problem };
        faults.into_iter().map(problem).collect()
    })
}

/// Makes an event of what stands on a line.
///
/// # Errors
/// Everything that the schema finds wrong; when it finds nothing, what the ledger's types do.
pub(super) fn event_of(
    line: u64,
    value: &Value,
    producer: &str,
    retrieved_at: Timestamp,
) -> Result<NewActivityEvent, Vec<Fault>> {
    let found = VALIDATOR.iter_errors(value).take(MAX_FAULTS);
    let mut faults: Vec<Fault> = found.map(|error| schema_fault(line, &error)).collect();
    // A form that is a pattern and a format is one fault.
    faults.dedup();
    if !faults.is_empty() {
        return Err(faults);
    }
    let fault = |field: Option<&str>, problem: String| {
        vec![Fault { line, field: field.map(str::to_owned), problem }]
    };
    let fields = Fields::deserialize(value).map_err(|error| fault(None, error.to_string()))?;
    let refused = |field: &'static str| move |error: InvalidValue| fault(Some(field), told(&error));
    let mut event = NewActivityEvent {
        id: fields.id.parse().map_err(refused("id"))?,
        source: fields.source.parse().map_err(refused("source"))?,
        event_type: fields.event_type.parse().map_err(refused("event_type"))?,
        platform_user_id: fields.platform_user_id.parse().map_err(refused("platform_user_id"))?,
        platform_login: fields.platform_login,
        user_id: None,
        artifact_url: fields.artifact_url,
        metadata: fields.metadata,
        payload_hash: Sha256Hex::of(&[]),
        producer: fields.producer.unwrap_or_else(|| producer.to_owned()),
        producer_version: fields
            .producer_version
            .unwrap_or_else(|| env!("CARGO_PKG_VERSION").to_owned()),
        event_time: fields.event_time.parse().map_err(refused("event_time"))?,
        retrieved_at,
    };
    event.check().map_err(|found| fault(Some(found.field), found.problem))?;
    event.payload_hash = event.canonical_payload_hash();
    Ok(event)
}

/// The field is named already.
fn told(error: &InvalidValue) -> String {
    format!("\"{}\" cannot be used: {}", error.value, error.problem)
}

/// Values are not repeated: a line may be long, and its number says where to look.
fn schema_fault(line: u64, error: &ValidationError<'_>) -> Fault {
    let path = error.instance_path().to_string();
    let path = path.trim_start_matches('/').replace('/', ".");
    let (field, problem) = match error.kind() {
        ValidationErrorKind::Required { property } => {
            (property.as_str().unwrap_or_default().to_owned(), "is missing".to_owned())
        }
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            (unexpected.join(", "), unknown_field(unexpected))
        }
        ValidationErrorKind::Pattern { .. } | ValidationErrorKind::Format { .. } => {
            let problem = form_of(&path).to_owned();
            (path, problem)
        }
        _ => (path, error.masked_with("what stands there").to_string()),
    };
    Fault { line, field: (!field.is_empty()).then_some(field), problem }
}

fn unknown_field(unexpected: &[String]) -> String {
    if unexpected.iter().any(|name| name == "user_id") {
        return "a file does not say who is paid; leave it out and bind platform_user_id to a user \
                with `epoch-ledger identity bind`"
            .to_owned();
    }
    "no event has such a field; put what else is known into metadata".to_owned()
}

fn form_of(field: &str) -> &'static str {
    match field {
        "event_time" => "must be a time with its offset, such as 2026-11-17T10:00:00Z",
        _ => "must begin with a lower-case letter and hold only a-z, 0-9, '_', '-' and '.'",
    }
}
