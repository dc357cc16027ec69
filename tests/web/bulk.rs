//! `POST …/activity`: many events at once, as an array or as lines; every fault by its index.

use serde_json::{Value, json};
use web_server::Code;

use crate::harness::{Reply, Server, at, event, lines, note};
use crate::raw::Raw;

async fn open() -> (Server, String) {
    let server = Server::new().await;
    let epoch = server.open_epoch().await;
    (server, format!("epochs/{epoch}/activity"))
}

/// Every event of the epoch, by id.
async fn stored(server: &Server) -> Vec<String> {
    let list = server.get("epochs/current/activity?limit=1000").send().await.json(200);
    let id = |event: &Value| event["id"].as_str().unwrap().to_owned();
    list["data"].as_array().unwrap().iter().map(id).collect()
}

fn counts(body: &Value) -> [u64; 5] {
    ["inserted", "late", "duplicates", "conflicts", "faulty"]
        .map(|name| body[name].as_u64().unwrap())
}

/// Index, code and field of every fault.
fn faults(body: &Value) -> Vec<(u64, String, Value)> {
    let fault = |one: &Value| {
        assert!(one["detail"].as_str().is_some_and(|detail| !detail.is_empty()), "{one}");
        let code = one["code"].as_str().unwrap().to_owned();
        (one["index"].as_u64().unwrap(), code, one["field"].clone())
    };
    body["faults"].as_array().unwrap().iter().map(fault).collect()
}

fn expected(of: &[(u64, &str, &str)]) -> Vec<(u64, String, Value)> {
    let field = |name: &str| if name.is_empty() { Value::Null } else { name.into() };
    of.iter().map(|(index, code, name)| (*index, (*code).to_owned(), field(name))).collect()
}

/// An array with everything that can be wrong with an event.
fn faulty() -> Vec<Value> {
    let with = |field: &str, value: Value| {
        let mut event = event("x", "p");
        event[field] = value;
        event
    };
    vec![
        event("good", "p"),
        json!(7),
        json!(null),
        json!({}),
        with("user_id", "ada".into()),
        with("id", 7.into()),
        with("source", "Forge".into()),
        with("event_time", "yesterday".into()),
        with("metadata", "text".into()),
        with("strange", 1.into()),
        at("2026-11-23T00:00:00Z", event("after", "p")),
        event("good too", "p"),
    ]
}

const FAULTS: [(u64, &str, &str); 13] = [
    (1, "invalid_events", ""),
    (2, "invalid_events", ""),
    (3, "invalid_events", "id"),
    (3, "invalid_events", "source"),
    (3, "invalid_events", "event_type"),
    (3, "invalid_events", "platform_user_id"),
    (3, "invalid_events", "event_time"),
    (4, "invalid_events", "user_id"),
    (5, "invalid_events", "id"),
    (6, "invalid_events", "source"),
    (7, "invalid_events", "event_time"),
    (8, "invalid_events", "metadata"),
    (9, "invalid_events", "strange"),
];

fn all_faults() -> Vec<(u64, String, Value)> {
    let mut all = expected(&FAULTS);
    all.extend(expected(&[(10, "event_after_epoch", "event_time")]));
    all
}

/// The same, whichever order an event's own faults are told in.
fn sorted(mut faults: Vec<(u64, String, Value)>) -> Vec<(u64, String, String)> {
    let mut faults: Vec<_> =
        faults.drain(..).map(|(at, code, field)| (at, code, field.to_string())).collect();
    faults.sort();
    faults
}

#[tokio::test]
async fn one_fault_keeps_all_of_an_array_out() {
    let (server, path) = open().await;
    let reply = server.post(&path).json(&faulty().into()).send().await;
    let body = reply.problem(Code::InvalidEvents);
    assert_eq!(body["fault_count"], 10);
    assert_eq!(sorted(faults(&body)), sorted(all_faults()));
    assert_eq!(stored(&server).await, [""; 0]);
}

#[tokio::test]
async fn lines_have_the_same_faults_as_an_array() {
    let (server, path) = open().await;
    let reply = server.post(&path).lines(lines(&faulty())).send().await;
    let body = reply.problem(Code::InvalidEvents);
    assert_eq!(sorted(faults(&body)), sorted(all_faults()));
    assert_eq!(stored(&server).await, [""; 0]);
}

#[tokio::test]
async fn faulty_items_are_left_out_where_that_is_wanted() {
    for as_lines in [false, true] {
        let (server, path) = open().await;
        let ask = server.post(&format!("{path}?skip_invalid=true"));
        let reply = if as_lines {
            ask.lines(lines(&faulty())).send().await
        } else {
            ask.json(&faulty().into()).send().await
        };
        let body = reply.json(200);
        assert_eq!(counts(&body), [2, 0, 0, 0, 10]);
        assert_eq!(sorted(faults(&body)), sorted(all_faults()));
        assert_eq!(stored(&server).await, ["good", "good too"]);
    }
}

#[tokio::test]
async fn what_became_of_each_is_counted() {
    let (server, path) = open().await;
    let first =
        json!([event("a", "p"), event("b", "p"), at("2026-11-01T00:00:00Z", event("old", "p"))]);
    let body = server.post(&path).json(&first).send().await.json(200);
    assert_eq!(
        body,
        json!({
            "inserted": 3, "late": 1, "duplicates": 0, "conflicts": 0, "first_conflicts": [],
            "faulty": 0, "faults": [],
        })
    );
    let told = json!([event("b", "p"), note("a", "p"), event("c", "p"), event("c", "p")]);
    let body = server.post(&path).json(&told).send().await.json(200);
    assert_eq!(counts(&body), [1, 0, 2, 1, 0]);
    let conflict = &body["first_conflicts"][0];
    assert_eq!(conflict["event_id"], "a", "{body}");
    assert_ne!(conflict["stored_hash"], conflict["refused_hash"], "{body}");
    let list = server.get("epochs/current/activity?late=true").send().await.json(200);
    assert_eq!(list["data"][0]["id"], "old");
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_long_stream_is_taken_whole_and_again() {
    let (server, path) = open().await;
    let all: Vec<Value> = (0..20_001).map(|at| event(&format!("e{at:05}"), "p")).collect();
    let body = lines(&all);
    let stream = || server.post(&path).lines(body.clone()).key("k").send();
    let first = stream().await;
    assert_eq!(counts(&first.json(200)), [20_001, 0, 0, 0, 0]);
    let again = stream().await;
    assert_eq!((again.header("idempotent-replayed"), &again.bytes), ("true", &first.bytes));
    let without_key = server.post(&path).lines(body.clone()).send().await.json(200);
    assert_eq!(counts(&without_key), [0, 0, 20_001, 0, 0]);
    let listed = server.get("/api/v1/ledgers/default/epochs/current/unresolved").send().await;
    assert_eq!(listed.json(200)["data"][0]["event_count"], 20_001);
}

#[tokio::test]
async fn one_fault_keeps_all_of_a_long_stream_out() {
    let (server, path) = open().await;
    let mut all: Vec<Value> = (0..12_000).map(|at| event(&format!("e{at:05}"), "p")).collect();
    all.push(json!({ "id": 1 }));
    let body = server.post(&path).lines(lines(&all)).send().await.problem(Code::InvalidEvents);
    assert_eq!(body["fault_count"], 1);
    assert!(faults(&body).iter().all(|(index, ..)| *index == 12_000), "{body}");
    assert_eq!(stored(&server).await, [""; 0]);
    let left_out =
        server.post(&format!("{path}?skip_invalid=true")).lines(lines(&all)).send().await;
    assert_eq!(counts(&left_out.json(200)), [12_000, 0, 0, 0, 1]);
}

#[tokio::test]
async fn a_hundred_faults_are_spelled_out_and_all_are_counted() {
    let (server, path) = open().await;
    let all = vec![json!(1); 250];
    for ask in [server.post(&path).lines(lines(&all)), server.post(&path).json(&all.clone().into())]
    {
        let body = ask.send().await.problem(Code::InvalidEvents);
        assert_eq!(body["fault_count"], 250);
        let indices: Vec<u64> = faults(&body).iter().map(|(index, ..)| *index).collect();
        assert_eq!(indices, (0..100).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn lines_may_be_blank_and_end_in_any_way() {
    let (server, path) = open().await;
    let (a, b, c) = (event("a", "p"), event("b", "p"), event("c", "p"));
    let body = format!("\r\n{a}\r\n\n   \n{b}\n\t{c}  ");
    let reply = server.post(&path).lines(body).send().await;
    assert_eq!(counts(&reply.json(200)), [3, 0, 0, 0, 0]);
    assert_eq!(stored(&server).await, ["a", "b", "c"]);
    for nothing in ["", "\n", "\r\n \n"] {
        let reply = server.post(&path).lines(nothing).send().await;
        assert_eq!(counts(&reply.json(200)), [0; 5]);
    }
}

#[tokio::test]
async fn a_line_that_is_not_json_is_a_fault_at_its_place() {
    let (server, path) = open().await;
    let good = event("good", "p");
    let body = format!("\n{{\"id\":\n{good}\n{good}{good}\n\u{feff}{good}\nnull,\n");
    let reply = server.post(&path).lines(body.clone()).send().await;
    let told = faults(&reply.problem(Code::InvalidEvents));
    // Blank lines count, so that an index is a line's number in the file.
    let malformed = |index| (index, "malformed_request", "");
    assert_eq!(told, expected(&[1, 3, 4, 5].map(malformed)));
    let mut bytes = body.into_bytes();
    bytes.extend([0xff, b'\n']);
    let left_out = server.post(&format!("{path}?skip_invalid=true")).lines(bytes).send().await;
    let body = left_out.json(200);
    assert_eq!(counts(&body), [1, 0, 0, 0, 5]);
    assert_eq!(faults(&body).last().unwrap().0, 6);
}

#[tokio::test]
async fn a_line_that_is_too_long_costs_itself_alone() {
    let (server, path) = open().await;
    let long = |length: usize| format!("\"{}\"", "x".repeat(length - 2));
    let (a, b) = (event("a", "p"), event("b", "p"));
    let longest = long(1_024 * 1_024);
    let too_long = long(1_024 * 1_024 + 1);
    let far_too_long = long(3 * 1_024 * 1_024);
    let body = format!("{a}\n{longest}\n{too_long}\n{b}\n{far_too_long}");
    let reply = server.post(&format!("{path}?skip_invalid=true")).lines(body).send().await;
    let body = reply.json(200);
    assert_eq!(counts(&body), [2, 0, 0, 0, 3]);
    assert_eq!(
        faults(&body),
        expected(&[
            (1, "invalid_events", ""),
            (2, "malformed_request", ""),
            (4, "malformed_request", ""),
        ])
    );
    assert!(body["faults"][1]["detail"].as_str().unwrap().contains("1048576 bytes"), "{body}");
}

#[tokio::test]
async fn a_body_that_is_no_array_of_values_is_refused() {
    let (server, path) = open().await;
    let send = |body: &'static str| server.post(&path).body("application/json", body).send();
    for body in ["", "[", "[1,]", "nonsense", "[]]"] {
        send(body).await.problem(Code::MalformedRequest);
    }
    for body in ["{}", "7", "null", "\"\""] {
        send(body).await.problem(Code::InvalidValue);
    }
    assert_eq!(counts(&send("[]").await.json(200)), [0; 5]);
    for media_type in ["text/plain", "application/xml", "", "multipart/form-data"] {
        let reply = server.post(&path).body(media_type, "[]").send().await;
        reply.problem(Code::UnsupportedMediaType);
    }
    let typed = |media_type| server.post(&path).body(media_type, "[]").send();
    typed("Application/JSON; charset=utf-8").await.json(200);
}

#[tokio::test]
async fn events_of_whom_it_is_known_go_to_them_at_once() {
    let (server, path) = open().await;
    server.bind(&[("p-ada", "ada")]).await;
    server.post(&path).json(&json!([event("a", "p-ada")])).send().await.json(200);
    server
        .post(&path)
        .lines(lines(&[event("b", "p-ada"), event("c", "p-x")]))
        .send()
        .await
        .json(200);
    let list = server.get("epochs/current/activity?user=ada").send().await.json(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 2, "{list}");
    let waiting = server.get("epochs/current/unresolved").send().await.json(200);
    assert_eq!(waiting["data"].as_array().unwrap().len(), 1, "{waiting}");
}

#[tokio::test]
async fn the_current_epoch_is_the_open_one_alone() {
    let (server, _) = open().await;
    let ask = || server.post("epochs/current/activity").json(&json!([event("a", "p")])).send();
    ask().await.json(200);
    server.post("epochs/1/review").send().await.json(200);
    ask().await.problem(Code::NoOpenEpoch);
}

#[tokio::test]
async fn a_closed_epoch_takes_nothing() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    server.finalize(epoch).await;
    let path = format!("epochs/{epoch}/activity");
    let known = json!([event("e1", "p-ada")]);
    server.post(&path).json(&known).send().await.problem(Code::EpochClosed);
    let reply: Reply = server.post(&path).lines(lines(&[event("new", "p")])).send().await;
    reply.problem(Code::EpochClosed);
}

#[tokio::test]
async fn a_body_that_breaks_off_writes_nothing() {
    let (server, path) = open().await;
    let target = format!("POST /api/v1/ledgers/default/{path} HTTP/1.1\r\nHost: x\r\n");
    let token = format!("Authorization: Bearer {}\r\n", server.admin);
    let sound = lines(&[event("a", "p"), event("b", "p")]);
    for (media_type, length) in [
        ("application/x-ndjson", "Content-Length: 9000"),
        ("application/x-ndjson", "Transfer-Encoding: chunked"),
        ("application/json", "Content-Length: 9000"),
    ] {
        let mut raw = Raw::connect(&server).await;
        let head = format!("{target}{token}Content-Type: {media_type}\r\n{length}\r\n\r\n");
        raw.send(head.as_bytes()).await;
        let body = match length {
            "Content-Length: 9000" => sound.clone(),
            _ => format!("{:x}\r\n{sound}\r\n", sound.len()),
        };
        raw.send(body.as_bytes()).await;
        raw.hang_up().await;
        let answer = raw.read().await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    }
    assert_eq!(stored(&server).await, [""; 0]);
}
