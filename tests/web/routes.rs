//! What each route answers when all is well: whole bodies, held against a file that was looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ledger_testkit::{parsed, user};
use reqwest::Method;
use serde_json::{Value, json};
use web_server::ROUTES;

use crate::harness::{Reply, Server, event};

const SNAPSHOT: &str = "answers.snapshot.json";

/// Set it to write the snapshot again.
const UPDATE: &str = "EPOCH_LEDGER_UPDATE_SNAPSHOT";

/// Answers by route, each the first that was asked for.
struct Answers<'a> {
    server: &'a Server,
    all: BTreeMap<String, Value>,
    used: BTreeSet<(String, &'static str)>,
}

impl Answers<'_> {
    async fn ask(&mut self, method: Method, path: &str, body: &Value) -> Value {
        let ask = self.server.ask(method.clone(), path);
        let ask = if body.is_null() { ask } else { ask.json(body) };
        let reply = ask.send().await;
        let template = template_of(method.as_str(), path);
        self.used.insert((method.to_string(), template));
        let answer = json!({ "status": reply.status, "body": plain(body_of(&reply)) });
        assert!(reply.status < 300, "{method} {path} {}", reply.text());
        assert_described(method.as_str(), template, &reply);
        self.all.insert(format!("{method} {path}"), answer);
        body_of(&reply)
    }

    async fn get(&mut self, path: &str) -> Value {
        self.ask(Method::GET, path, &Value::Null).await
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.ask(Method::POST, path, &body).await
    }
}

/// An answer is what the description says.
fn assert_described(method: &str, template: &str, reply: &Reply) {
    let document = web_server::openapi();
    let operation = &document["paths"][template][method.to_lowercase()];
    let content = &operation["responses"][reply.status.to_string()]["content"];
    let media_type = reply.header("content-type").split(';').next().unwrap();
    let schema = &content[media_type]["schema"];
    assert!(schema.is_object(), "{method} {template} {media_type} is not described");
    let schema = json!({ "allOf": [schema], "components": document["components"] });
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let body = body_of(reply);
    let faults: Vec<_> = validator.iter_errors(&body).map(|error| error.to_string()).collect();
    assert_eq!(faults, [""; 0], "{method} {template} {body}");
}

fn body_of(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.bytes).unwrap_or_else(|_| reply.text().into())
}

/// The route of the table that a path is for.
fn template_of(method: &str, path: &str) -> &'static str {
    let below = |path: &str| format!("/api/v1/ledgers/default/{path}");
    let path = match path {
        "" => "/api/v1/ledgers/default".to_owned(),
        _ if path.starts_with('/') => path.to_owned(),
        _ => below(path),
    };
    let path = path.split('?').next().unwrap();
    let fits = |template: &str| {
        let (parts, wanted): (Vec<_>, Vec<_>) =
            (path.split('/').collect(), template.split('/').collect());
        parts.len() == wanted.len()
            && parts.iter().zip(wanted).all(|(part, want)| want.starts_with('{') || *part == want)
    };
    let literal = ROUTES.iter().find(|route| route.method == method && route.path == path);
    let found =
        literal.or_else(|| ROUTES.iter().find(|route| route.method == method && fits(route.path)));
    found.unwrap_or_else(|| panic!("no route for {method} {path}")).path
}

/// Without what is another each time: ids of statements, cursors, and when the database was made.
fn plain(mut body: Value) -> Value {
    let is_ledger = |object: &serde_json::Map<String, Value>| object.contains_key("visibility");
    match &mut body {
        Value::Object(object) => {
            if is_ledger(object) {
                object["created_at"] = "REDACTED".into();
            }
            for (name, value) in object.iter_mut() {
                let is_id = name == "id" && value.as_str().is_some_and(|id| id.len() == 36);
                let is_cursor = name == "next" && value.is_string();
                *value = if is_id || is_cursor { "REDACTED".into() } else { plain(value.take()) };
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| *item = plain(item.take())),
        _ => {}
    }
    body
}

#[tokio::test]
async fn every_route_answers_as_it_was_looked_at() {
    let server = Server::new().await;
    let mut answers = Answers { server: &server, all: BTreeMap::new(), used: BTreeSet::new() };
    write_and_read(&mut answers).await;
    let table: BTreeSet<_> = ROUTES
        .iter()
        .filter(|route| route.path.starts_with("/api/v1/ledgers"))
        .map(|route| (route.method.to_owned(), route.path))
        .collect();
    assert_eq!(answers.used, table);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SNAPSHOT);
    let mut text = serde_json::to_string_pretty(&answers.all).unwrap();
    text.push('\n');
    if std::env::var_os(UPDATE).is_some_and(|value| !value.is_empty()) {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    let kept: BTreeMap<String, Value> = serde_json::from_str(&kept).unwrap_or_default();
    for (route, answer) in &answers.all {
        assert_eq!(kept.get(route), Some(answer), "{route}: look, and keep it with {UPDATE}=1");
    }
    assert_eq!(kept.len(), answers.all.len());
}

async fn write_and_read(answers: &mut Answers<'_>) {
    let weights = json!({ "forge:change": "8000", "forge:note": 500 });
    answers.post("epochs", json!({ "week": "2026-W47", "weights": weights })).await;
    let mut whole = event("e1", "p-ada");
    whole["platform_login"] = "ada-at-forge".into();
    whole["artifact_url"] = "https://forge.test/changes/1".into();
    whole["metadata"] = json!({ "title": "Mend it", "lines": 12 });
    whole["producer"] = "a test".into();
    whole["producer_version"] = "7".into();
    let events = json!([whole, event("e2", "p-ada"), event("e3", "p-bob"), event("e4", "p-x")]);
    answers.post("epochs/1/activity", events).await;
    let binding = |platform: &str, user: &str| json!({ "source": "forge", "platform_user_id": platform, "user_id": user });
    let bindings = [binding("p-ada", "ada"), binding("p-bob", "bob@example.org")];
    answers.post("identities", json!({ "bindings": bindings })).await;
    let store = answers.server.container.activity_ledger_store(&parsed("default")).await.unwrap();
    store.set_display_name(&user("ada"), Some(&parsed("Ada L."))).await.unwrap();
    answers.post("epochs/1/allocations/propose", Value::Null).await;
    answers
        .post("epochs/1/allocations/propose?weights=%7B%22forge:change%22:1%7D", Value::Null)
        .await;
    let decision = json!({ "final_units": "9000", "reason": "as agreed" });
    answers.ask(Method::PATCH, "epochs/1/allocations/ada", &decision).await;
    let part = json!({
        "component_id": "base_issuance", "amount_credits": "1000", "algorithm_version": "base-v1",
        "inputs": { "weeks": 1 }, "evidence_ref": "https://forge.test/votes/1",
        "computed_at": "2026-11-19T11:00:00+01:00",
    });
    answers.post("epochs/1/pool-components", part).await;
    answers
        .post(
            "epochs/1/pool-components",
            json!({ "component_id": "top_up", "amount_credits": "1" }),
        )
        .await;
    answers.get("epochs/1/users/ada/explain").await;
    answers.post("epochs/1/finalize?dry_run=true", Value::Null).await;
    answers.post("epochs/1/review", Value::Null).await;
    answers.get("epochs/1/unresolved").await;
    answers.post("epochs/1/finalize", json!({ "expected_pool_total_credits": "1001" })).await;
    for path in [
        "/api/v1/ledgers",
        "",
        "epochs",
        "epochs/1",
        "epochs/current",
        "epochs/1/activity",
        "epochs/1/activity?limit=1",
        "epochs/1/allocations",
        "epochs/1/pool-components",
        "epochs/1/statement",
        "epochs/1/statement?format=csv",
        "epochs/1/verify",
        "epochs/current/users/ada/explain?limit=1",
        "users/ada",
        "holdings",
        "identities",
    ] {
        answers.get(path).await;
    }
}

#[tokio::test]
async fn the_current_epoch_is_the_open_one_else_the_newest_in_review_else_the_newest() {
    let server = Server::new().await;
    let current = async || server.get("epochs/current").send().await.json(200)["id"].clone();
    let first = server.open_week("2026-W47").await;
    assert_eq!(current().await, first);
    server.post(&format!("epochs/{first}/review")).send().await.json(200);
    assert_eq!(current().await, first);
    let second = server.open_week("2026-W48").await;
    assert_eq!(current().await, second);
    server.add_to_pool(second, "base_issuance", "1").await;
    server.finalize(second).await;
    assert_eq!(current().await, first);
    server.add_to_pool(first, "base_issuance", "1").await;
    server.finalize(first).await;
    assert_eq!(current().await, second);
}

#[tokio::test]
async fn a_decision_is_taken_back_and_an_epoch_goes_on_with_the_last_weights() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    let path = format!("epochs/{epoch}/allocations/ada");
    let decision = json!({ "final_units": "1", "reason": "r" });
    server.patch(&path).json(&decision).send().await.json(200);
    for nothing in [json!({}), json!({ "final_units": null, "reason": null })] {
        let allocation = server.patch(&path).json(&nothing).send().await.json(200);
        assert_eq!(
            (&allocation["final_units"], &allocation["override_reason"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(allocation["proposed_units"], "16500");
    }
    server.finalize(epoch).await;
    let window = json!({
        "period_start": "2026-11-23T00:00:00Z", "period_end": "2026-11-23T00:00:00.000001Z",
    });
    let next = server.post("epochs").json(&window).send().await.json(201);
    assert_eq!(next["weights"], json!({ "forge:change": "8000", "forge:note": "500" }));
    assert_eq!(next["period_end"], "2026-11-23T00:00:00.000001Z");
}

#[tokio::test]
async fn a_head_request_is_answered_without_a_body() {
    let server = Server::new().await;
    for path in ["/healthz", "epochs", "/nothing"] {
        let head = server.ask(Method::HEAD, path).send().await;
        let get = server.get(path).send().await;
        assert_eq!((head.status, head.bytes.len()), (get.status, 0), "{path}");
        assert_eq!(head.header("content-type"), get.header("content-type"));
    }
}
