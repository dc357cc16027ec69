//! `GET /docs`: the description of the API, for people. It is made of the description for machines, so
//! the two cannot say different things.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::Value;

use super::frame::{frame_of, html};
use crate::api::openapi;
use crate::pages::{
    BodyKind, CodeRow, DocsPage, Field, Nav, Operation, OperationGroup, Parameter, Record, Reply,
};
use crate::problem::{Answer, Code, PROBLEM_JSON};
use crate::state::App;

/// What the page is made of; it is the same as long as the program runs.
static CONTENT: LazyLock<(Vec<OperationGroup>, Vec<Record>)> = LazyLock::new(|| {
    let document = openapi();
    (groups(&document), records(&document))
});

/// The page.
pub(super) async fn docs(State(app): State<App>, headers: HeaderMap) -> Answer<Response> {
    let (groups, records) = CONTENT.clone();
    let code = |code: &Code| CodeRow {
        name: code.name().to_owned(),
        status: code.status().as_u16(),
        title: code.title().to_owned(),
    };
    html(&DocsPage {
        layout: frame_of(&app, &headers, "The API", Nav::Elsewhere, "/docs").await?,
        groups,
        records,
        codes: Code::ALL.iter().map(code).collect(),
    })
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().replace('\n', " ")
}

fn entries(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn groups(document: &Value) -> Vec<OperationGroup> {
    let group = |tag: &Value| OperationGroup {
        name: text(&tag["name"]),
        description: text(&tag["description"]),
        operations: operations(document, &tag["name"]),
    };
    items(&document["tags"]).map(group).collect()
}

fn operations(document: &Value, tag: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, methods) in entries(&document["paths"]) {
        for (method, operation) in entries(methods) {
            if items(&operation["tags"]).any(|one| one == tag) {
                found.push(self::operation(path, method, operation));
            }
        }
    }
    found
}

fn operation(path: &str, method: &str, operation: &Value) -> Operation {
    let parameter = |one: &Value| Parameter {
        name: text(&one["name"]),
        place: text(&one["in"]),
        kind: kind_of(&one["schema"]).0,
        is_required: one["required"] == true,
        description: text(&one["description"]),
    };
    let description = [&operation["summary"], &operation["description"]].map(text);
    let (mut replies, mut problems) = (Vec::new(), Vec::new());
    for (status, answer) in entries(&operation["responses"]) {
        if answer["content"].get(PROBLEM_JSON).is_some() {
            problems.push(status.clone());
        } else {
            replies.push(Reply {
                status: status.clone(),
                description: text(&answer["description"]),
                bodies: bodies(&answer["content"]),
            });
        }
    }
    Operation {
        id: text(&operation["operationId"]),
        method: method.to_uppercase(),
        path: path.to_owned(),
        description: description.join(" ").trim().to_owned(),
        access: access(operation),
        parameters: items(&operation["parameters"]).map(parameter).collect(),
        bodies: bodies(&operation["requestBody"]["content"]),
        replies,
        problems,
    }
}

/// What the description for machines says by `security` and `x-scope`.
fn access(operation: &Value) -> String {
    match (operation["x-scope"].as_str(), operation["security"].is_array()) {
        (Some(scope), _) => format!("Needs a token of the scope {scope}."),
        (None, true) => "A token of the ledger, or nothing where it is public.".to_owned(),
        (None, false) => "Needs no token.".to_owned(),
    }
}

fn bodies(content: &Value) -> Vec<BodyKind> {
    let body = |(media_type, content): (&String, &Value)| {
        let (shown, schema) = kind_of(&content["schema"]);
        BodyKind { media_type: media_type.clone(), shown, schema }
    };
    entries(content).map(body).collect()
}

/// What a schema says in a few words, and the record that it names.
fn kind_of(schema: &Value) -> (String, Option<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.rsplit('/').next().unwrap_or_default().to_owned();
        return (name.clone(), Some(name));
    }
    if let Some(one) = items(&schema["oneOf"]).find(|one| one.get("$ref").is_some()) {
        let (shown, name) = kind_of(one);
        return (format!("{shown} or null"), name);
    }
    if let Some(values) = schema["enum"].as_array() {
        return (values.iter().map(text).collect::<Vec<_>>().join(" or "), None);
    }
    if !schema["items"].is_null() {
        let (shown, name) = kind_of(&schema["items"]);
        return (format!("list of {shown}"), name);
    }
    let types: Vec<String> = match &schema["type"] {
        Value::Array(types) => types.iter().map(text).collect(),
        one => vec![text(one)],
    };
    let types = types.join(" or ");
    let format = match schema["format"].as_str() {
        Some(format) if !format.starts_with("int") => format!(" ({format})"),
        _ => String::new(),
    };
    let shown = if types.is_empty() { "any JSON".to_owned() } else { types };
    (format!("{shown}{format}"), None)
}

fn records(document: &Value) -> Vec<Record> {
    let record = |(name, schema): (&String, &Value)| {
        let required: Vec<&Value> = items(&schema["required"]).collect();
        let field = |(field, of): (&String, &Value)| {
            let (kind, schema) = kind_of(of);
            Field {
                name: field.clone(),
                kind,
                schema,
                is_required: required.iter().any(|one| *one == field),
                description: text(&of["description"]),
            }
        };
        Record {
            name: name.clone(),
            description: text(&schema["description"]),
            fields: entries(&schema["properties"]).map(field).collect(),
        }
    };
    entries(&document["components"]["schemas"]).map(record).collect()
}
