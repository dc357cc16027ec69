//! The description of the API, made from the handlers. What is the same for all of them (the problems,
//! the keys, the tokens) is added here, from the table of routes.

use std::sync::LazyLock;

use ledger_core::Scope;
use serde_json::{Map, Value, json};
use utoipa::OpenApi;

use super::listing::MAX_LIMIT;
use crate::access::{Access, ROUTES};
use crate::problem::{PROBLEM_JSON, ProblemBody};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Epoch Ledger",
        description = "Who did what, what it earned, and a payout statement that anyone can recompute.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    components(schemas(ProblemBody)),
    tags(
        (name = "ledgers", description = "Communities"),
        (name = "epochs", description = "Windows of time: open, review, closed"),
        (name = "activity", description = "Append-only facts"),
        (name = "identities", description = "Who is who"),
        (name = "allocations", description = "Units: proposed, and decided instead"),
        (name = "pool", description = "The budget of an epoch"),
        (name = "statements", description = "What was paid, and its recomputation"),
        (name = "contributors", description = "Why somebody got what they got"),
        (name = "webhooks", description = "Deliveries of platforms"),
        (name = "operations", description = "For whoever runs the service"),
    ),
)]
struct Description;

/// What the handlers are added to.
pub(super) fn description() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// The description as JSON.
pub(crate) fn text() -> &'static str {
    static TEXT: LazyLock<String> = LazyLock::new(|| {
        serde_json::to_string_pretty(&document()).expect("JSON always serializes")
    });
    &TEXT
}

/// The description: OpenAPI 3.1, with what is the same for every route.
pub fn document() -> Value {
    let mut document =
        serde_json::to_value(super::described().1).expect("the description serializes");
    document["openapi"] = json!("3.1.0");
    document["components"]["securitySchemes"] = json!({
        "token": {
            "type": "http", "scheme": "bearer",
            "description": "Made by `epoch-ledger token create`",
        }
    });
    let event = serde_json::from_str(activity_sources::EVENT_SCHEMA);
    let mut event: Value = event.expect("the published schema is JSON");
    if let Some(schema) = event.as_object_mut() {
        schema.retain(|key, _| !key.starts_with('$'));
    }
    document["components"]["schemas"]["NewActivityEvent"] = event;
    for route in ROUTES {
        let operation = &mut document["paths"][route.path][route.method.to_ascii_lowercase()];
        if operation.is_object() {
            complete(operation, route.method, route.path, route.access);
        }
    }
    // A path that was only asked for, and is not described, was added as null.
    if let Some(paths) = document["paths"].as_object_mut() {
        for item in paths.values_mut().filter_map(Value::as_object_mut) {
            item.retain(|_, operation| !operation.is_null());
        }
        paths.retain(|_, item| item.as_object().is_some_and(|item| !item.is_empty()));
    }
    document
}

fn complete(operation: &mut Value, method: &str, path: &str, access: Access) {
    let is_write = method != "GET";
    // The handlers' names alone are not unique, as the ids of operations must be.
    let (tag, handler) = (operation["tags"][0].as_str(), operation["operationId"].as_str());
    operation["operationId"] =
        json!(format!("{}_{}", tag.unwrap_or_default(), handler.unwrap_or_default()));
    if path.ends_with("/finalize") {
        operation["requestBody"]["required"] = json!(false);
    }
    if path.ends_with("/activity") && is_write {
        let events = json!({ "$ref": "#/components/schemas/NewActivityEvent" });
        operation["requestBody"] = json!({
            "required": true,
            "content": {
                "application/json": { "schema": { "type": "array", "items": events } },
                "application/x-ndjson": {
                    "schema": { "type": "string", "description": "One NewActivityEvent a line" }
                },
            }
        });
    }
    match access {
        Access::Open if path == "/api/v1/ledgers" => {
            operation["security"] = json!([{}, { "token": [] }]);
        }
        Access::Open => {}
        // Public ledgers may be read without.
        Access::Needs(Scope::Read) => operation["security"] = json!([{}, { "token": [] }]),
        Access::Needs(scope) => {
            operation["security"] = json!([{ "token": [] }]);
            operation["x-scope"] = json!(scope.as_str());
        }
    }
    let takes_key = is_write && path.starts_with("/api/v1/ledgers");
    if takes_key {
        add_parameter(operation);
    }
    let responses = operation["responses"].as_object_mut();
    let responses = responses.expect("every handler describes an answer");
    for (status, description) in problems_of(is_write, path, access) {
        responses.entry(status).or_insert_with(|| problem(description));
    }
}

fn add_parameter(operation: &mut Value) {
    let parameter = json!({
        "name": "Idempotency-Key", "in": "header", "required": false,
        "description": "The same request again under the same key is answered as the first time, and \
                        not done again.",
        "schema": { "type": "string", "maxLength": 255, "pattern": "^[!-~]+$" },
    });
    match operation["parameters"].as_array_mut() {
        Some(parameters) => parameters.push(parameter),
        None => operation["parameters"] = json!([parameter]),
    }
}

/// Which statuses a route may answer besides its own.
fn problems_of(is_write: bool, path: &str, access: Access) -> Vec<(&'static str, &'static str)> {
    let mut statuses = vec![
        ("408", "The request took too long"),
        ("429", "Too many requests from one address"),
        ("500", "Something is wrong with the service"),
        ("503", "The service cannot do this at the moment"),
    ];
    let is_api = path.starts_with("/api/v1/");
    if is_api {
        statuses.push(("400", "The request or its cursor cannot be read"));
        statuses.push(("401", "A valid token is needed"));
    }
    if path.contains('{') {
        statuses.push(("404", "There is no such thing, or none that may be seen"));
        statuses.push(("422", "A value is not valid"));
        statuses.push(("409", "The ledger is not where this is possible"));
    }
    if matches!(access, Access::Needs(_)) {
        statuses.push(("403", "The token does not allow this"));
    }
    if is_write {
        statuses.push(("413", "The body is too large"));
        statuses.push(("415", "The body is of a type that is not taken here"));
    }
    if path.ends_with("/statement") {
        statuses.push(("406", "There is no such format"));
    }
    statuses
}

fn problem(description: &str) -> Value {
    let mut content = Map::new();
    let schema = json!({ "schema": { "$ref": "#/components/schemas/Problem" } });
    content.insert(PROBLEM_JSON.to_owned(), schema);
    json!({ "description": description, "content": content })
}

const _: () = assert!(MAX_LIMIT == 1_000, "the descriptions of `limit` name it");
