//! The description of the API, the page that shows it, and what a monitoring system reads.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};
use web_server::ROUTES;

use crate::harness::{Server, event};

const SNAPSHOT: &str = "openapi.snapshot.json";

/// Set it to write the snapshot again.
const UPDATE: &str = "EPOCH_LEDGER_UPDATE_SNAPSHOT";

#[test]
fn the_description_is_the_one_that_was_looked_at() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(SNAPSHOT);
    let mut text = serde_json::to_string_pretty(&web_server::openapi()).unwrap();
    text.push('\n');
    if std::env::var_os(UPDATE).is_some_and(|value| !value.is_empty()) {
        std::fs::write(&path, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "the API's description changed; look at it, and keep it with {UPDATE}=1 \
         cargo nextest run -p web-tests"
    );
}

#[tokio::test]
async fn the_description_is_served_to_everybody() {
    let server = Server::new().await;
    let served = server.get("/api/v1/openapi.json").anonymous().send().await.json(200);
    assert_eq!(served, web_server::openapi());
    assert_eq!(served["openapi"], "3.1.0");
}

/// Every reference of a document.
fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|value| references(value, found));
        }
        Value::Array(items) => items.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn every_reference_of_the_description_leads_somewhere() {
    let document = web_server::openapi();
    let mut found = Vec::new();
    references(&document, &mut found);
    assert!(found.len() > 50);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn every_operation_says_what_it_takes_and_answers() {
    let document = web_server::openapi();
    let mut ids = BTreeMap::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let name = format!("{method} {path}");
            assert!(
                ROUTES
                    .iter()
                    .any(|route| route.path == path && route.method.eq_ignore_ascii_case(method)),
                "{name} is not in the table"
            );
            let id = operation["operationId"].as_str().unwrap();
            assert_eq!(ids.insert(id.to_owned(), name.clone()), None, "{id} is there twice");
            assert!(operation["summary"].is_string(), "{name} has no summary");
            let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
            let in_path = parameters.iter().filter(|one| one["in"] == "path").count();
            assert_eq!(in_path, path.matches('{').count(), "{name}");
            let is_write = method != "get" && path.starts_with("/api/v1/ledgers");
            let takes_key = parameters.iter().any(|one| one["name"] == "Idempotency-Key");
            assert_eq!(takes_key, is_write, "{name}");
            let responses = operation["responses"].as_object().unwrap();
            for (status, response) in responses {
                let status: u16 = status.parse().unwrap();
                let is_problem = response["content"]["application/problem+json"].is_object();
                assert_eq!(is_problem, status >= 400, "{name} {status}");
            }
            assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
        }
    }
}

#[test]
fn a_body_that_may_be_left_out_is_described_so() {
    let finalize = &web_server::openapi()["paths"]["/api/v1/ledgers/{ledger}/epochs/{epoch}/finalize"]
        ["post"]["requestBody"];
    assert_eq!(finalize["required"], false);
}

#[tokio::test]
async fn the_page_of_the_description_needs_no_other_host() {
    let server = Server::new().await;
    let page = server.get("/docs").anonymous().send().await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"));
    let html = page.text();
    for attribute in ["src=\"", "href=\""] {
        for rest in html.split(attribute).skip(1) {
            let target = rest.split('"').next().unwrap();
            assert!(target.starts_with(['/', '#']) || target == "data:,", "{target}");
            assert!(!target.starts_with("//"), "{target}");
        }
    }
    // It is made of the description for machines, so it lacks no route and no record.
    let document = web_server::openapi();
    for path in document["paths"].as_object().unwrap().keys() {
        assert!(html.contains(&format!("<code>{path}</code></h3>")), "{path}");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        assert!(html.contains(&format!("<h3 id=\"record-{name}\">")), "{name}");
    }
    for code in web_server::Code::ALL {
        assert!(html.contains(&format!("<tr id=\"{}\">", code.name())), "{}", code.name());
    }
    // Every link within the page leads somewhere.
    for rest in html.split("href=\"#").skip(1) {
        let fragment = rest.split('"').next().unwrap();
        assert!(html.contains(&format!("id=\"{fragment}\"")), "#{fragment}");
    }
}

/// Name and labels of every sample, to its value.
fn samples(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').unwrap();
        (name.to_owned(), value.parse().unwrap())
    };
    lines.map(sample).collect()
}

#[tokio::test]
async fn the_metrics_are_openmetrics_and_count_what_was_done() {
    let server = Server::new().await;
    let epoch = server.open_epoch().await;
    server.insert(epoch, &json!([event("a", "p"), event("b", "p")])).await;
    server.insert(epoch, &json!([event("a", "p"), crate::harness::note("b", "p")])).await;
    server.get("/nothing").send().await;
    server.get(&format!("epochs/{epoch}")).anonymous().send().await;
    let reply = server.get("/metrics").anonymous().send().await;
    let media_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    assert_eq!((reply.status, reply.header("content-type")), (200, media_type));
    let text = reply.text();
    assert!(text.ends_with("# EOF\n"), "{text}");
    let mut described = None;
    for line in text.lines().filter(|line| !line.starts_with("# EOF")) {
        if let Some(rest) = line.strip_prefix("# ") {
            let mut words = rest.split(' ');
            assert!(["HELP", "TYPE", "UNIT"].contains(&words.next().unwrap()), "{line}");
            described = words.next();
            continue;
        }
        assert!(line.starts_with(described.unwrap()), "{line} has no description");
    }
    let samples = samples(&text);
    let value = |name: &str| samples.get(&format!("epoch_ledger_{name}")).copied();
    let requests = |method: &str, route: &str, status: u16| {
        let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
        value(&format!("http_requests_total{{{labels}}}"))
    };
    let epoch = "/api/v1/ledgers/{ledger}/epochs/{epoch}";
    assert_eq!(requests("POST", &format!("{epoch}/activity"), 200), Some(2.0), "{text}");
    assert_eq!(requests("GET", epoch, 401), Some(1.0), "{text}");
    assert_eq!(requests("GET", "none", 404), Some(1.0), "{text}");
    for (name, expected) in [
        ("events_inserted_total", 2.0),
        ("events_duplicate_total", 1.0),
        ("events_conflicting_total", 1.0),
        ("database_up", 1.0),
        ("http_requests_in_flight", 0.0),
        ("epochs{what=\"open\"}", 1.0),
        ("epochs{what=\"closed\"}", 0.0),
        ("transactions_failed_total", 0.0),
    ] {
        assert_eq!(value(name), Some(expected), "{name} {text}");
    }
    assert!(value("transactions_succeeded_total") > Some(2.0), "{text}");
    // No ledger, no person and no path that a client made up is in it.
    assert!(!text.contains("default") && !text.contains("nothing"), "{text}");
}
