//! `Idempotency-Key`: the same request again is answered as the first time, and not done again.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use web_server::{Code, ROUTES};

use crate::harness::{Ask, Reply, Server, event, lines};

/// A write, and the line of the table that it uses.
struct Case {
    method: Method,
    route: &'static str,
    /// Below the default ledger; `EPOCH` stands for the epoch's number.
    path: &'static str,
    media_type: &'static str,
    body: String,
    status: u16,
}

fn case(
    method: Method,
    route: &'static str,
    path: &'static str,
    body: &Value,
    status: u16,
) -> Case {
    let body = if body.is_null() { String::new() } else { body.to_string() };
    Case { method, route, path, media_type: "application/json", body, status }
}

fn cases() -> Vec<Case> {
    let (post, patch) = (Method::POST, Method::PATCH);
    let week = json!({ "week": "2026-W48" });
    let part = json!({ "component_id": "top_up", "amount_credits": "7" });
    let binding = json!({ "source": "forge", "platform_user_id": "p-carl", "user_id": "carl" });
    let decision = json!({ "final_units": "1", "reason": "as agreed" });
    let events = json!([event("new", "p-ada"), event("e1", "p-ada")]);
    let stream = Case {
        media_type: "application/x-ndjson",
        body: lines(&[event("new", "p-ada"), event("e1", "p-other")]),
        ..case(post.clone(), "/epochs/{epoch}/activity", "epochs/EPOCH/activity", &json!([]), 200)
    };
    let activity = "/epochs/{epoch}/activity";
    vec![
        case(post.clone(), "/epochs", "epochs", &week, 201),
        case(post.clone(), "/epochs/{epoch}/review", "epochs/EPOCH/review", &Value::Null, 200),
        case(post.clone(), "/epochs/{epoch}/finalize", "epochs/EPOCH/finalize", &json!({}), 200),
        case(post.clone(), activity, "epochs/EPOCH/activity", &events, 200),
        case(post.clone(), activity, "epochs/current/activity", &events, 200),
        stream,
        case(post.clone(), "/identities", "identities", &json!({ "bindings": [binding] }), 200),
        case(
            patch,
            "/epochs/{epoch}/allocations/{user}",
            "epochs/EPOCH/allocations/ada",
            &decision,
            200,
        ),
        case(
            post.clone(),
            "/epochs/{epoch}/allocations/propose",
            "epochs/EPOCH/allocations/propose",
            &Value::Null,
            200,
        ),
        case(post, "/epochs/{epoch}/pool-components", "epochs/EPOCH/pool-components", &part, 201),
    ]
}

impl Case {
    fn ask(&self, server: &Server, epoch: i64) -> Ask {
        let path = self.path.replace("EPOCH", &epoch.to_string());
        let ask = server.ask(self.method.clone(), &path);
        if self.body.is_empty() { ask } else { ask.body(self.media_type, self.body.clone()) }
    }

    /// A server on which the write can be done, and its epoch.
    async fn stage(&self) -> (Server, i64) {
        let server = Server::new().await;
        let epoch = server.epoch_with_work().await;
        if self.route == "/epochs" {
            server.post(&format!("epochs/{epoch}/review")).send().await.json(200);
        }
        (server, epoch)
    }
}

fn is_replayed(reply: &Reply) -> bool {
    match reply.header("idempotent-replayed") {
        "" => false,
        "true" => true,
        other => panic!("Idempotent-Replayed: {other}"),
    }
}

/// Whatever could be done since is done: the epoch is closed, and another one may be open.
async fn move_on(server: &Server, epoch: i64) {
    if server.get(&format!("epochs/{epoch}")).send().await.json(200)["status"] != "closed" {
        server.propose(epoch).await;
        server.finalize(epoch).await;
    }
    let open = server.get("epochs/current").send().await.json(200);
    if open["status"] == "open" {
        server.post(&format!("epochs/{}/review", open["id"])).send().await.json(200);
    }
}

#[test]
fn every_write_of_the_table_is_tried() {
    let table: BTreeSet<_> = ROUTES
        .iter()
        .filter_map(|route| {
            Some((route.method, route.path.strip_prefix("/api/v1/ledgers/{ledger}")?))
        })
        .filter(|(method, _)| *method != "GET")
        .collect();
    let cases = cases();
    let tried: BTreeSet<_> = cases.iter().map(|case| (case.method.as_str(), case.route)).collect();
    assert_eq!(tried, table);
}

#[tokio::test]
async fn the_same_request_is_answered_to_the_byte_whatever_happened_since() {
    for case in cases() {
        let (server, epoch) = case.stage().await;
        let first = case.ask(&server, epoch).key("k").send().await;
        assert_eq!(first.status, case.status, "{} {}", case.path, first.text());
        assert!(!is_replayed(&first), "{}", case.path);
        let mut again = vec![case.ask(&server, epoch).key("k").send().await];
        move_on(&server, epoch).await;
        again.push(case.ask(&server, epoch).key("k").send().await);
        again.push(case.ask(&server, epoch).key("\"k\"").send().await);
        for again in again {
            assert_eq!(again.status, first.status, "{} {}", case.path, again.text());
            assert_eq!(again.bytes, first.bytes, "{}", case.path);
            assert_eq!(again.header("content-type"), first.header("content-type"));
            assert!(is_replayed(&again), "{}", case.path);
        }
    }
}

#[tokio::test]
async fn another_request_under_the_key_is_refused_and_not_done() {
    for case in cases() {
        let (server, epoch) = case.stage().await;
        let first = case.ask(&server, epoch).key("k").send().await;
        assert_eq!(first.status, case.status, "{}", case.path);
        let mut other_body = case.ask(&server, epoch);
        if case.body.is_empty() {
            other_body = other_body.json(&json!({}));
        } else {
            let path = case.path.replace("EPOCH", &epoch.to_string());
            let body = format!("{} ", case.body);
            other_body = server.ask(case.method.clone(), &path).body(case.media_type, body);
        }
        other_body.key("k").send().await.problem(Code::IdempotencyKeyReused);
        for other in cases().into_iter().filter(|other| other.path != case.path) {
            let reply = other.ask(&server, epoch).key("k").send().await;
            reply.problem(Code::IdempotencyKeyReused);
        }
    }
}

#[tokio::test]
async fn another_query_is_another_request() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    let path = format!("epochs/{epoch}/activity");
    let events = json!([event("new", "p-ada")]);
    server.post(&path).json(&events).key("k").send().await.json(200);
    let other = server.post(&format!("{path}?skip_invalid=true")).json(&events).key("k");
    other.send().await.problem(Code::IdempotencyKeyReused);
}

#[tokio::test]
async fn of_many_at_once_one_is_done() {
    for case in cases() {
        let (server, epoch) = case.stage().await;
        let ask = || case.ask(&server, epoch).key("k").send();
        let (a, b, c, d) = tokio::join!(ask(), ask(), ask(), ask());
        let replies = [a, b, c, d];
        let replayed = replies.iter().filter(|reply| is_replayed(reply)).count();
        assert_eq!(replayed, 3, "{} {}", case.path, replies[0].text());
        for reply in &replies {
            assert_eq!(reply.status, case.status, "{} {}", case.path, reply.text());
            assert_eq!(reply.bytes, replies[0].bytes, "{}", case.path);
        }
    }
}

#[tokio::test]
async fn without_a_key_a_request_is_done_each_time() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    let path = format!("epochs/{epoch}/activity");
    let events = json!([event("new", "p-ada")]);
    let first = server.post(&path).json(&events).send().await.json(200);
    let second = server.post(&path).json(&events).send().await;
    assert_eq!((&first["inserted"], &first["duplicates"]), (&json!(1), &json!(0)));
    assert!(!is_replayed(&second));
    let second = second.json(200);
    assert_eq!((&second["inserted"], &second["duplicates"]), (&json!(0), &json!(1)));
}

#[tokio::test]
async fn a_refused_write_keeps_no_key() {
    let server = Server::new().await;
    let epoch = server.open_epoch().await;
    let finalize = || server.post(&format!("epochs/{epoch}/finalize")).key("f").send();
    finalize().await.problem(Code::PoolRequiresBase);
    server.add_to_pool(epoch, "base_issuance", "5").await;

    let path = format!("epochs/{epoch}/allocations/ada");
    let decide =
        || server.patch(&path).json(&json!({ "final_units": "1", "reason": "r" })).key("d").send();
    server.bind(&[("p-ada", "ada")]).await;
    decide().await.problem(Code::NotFound);

    let path = format!("epochs/{epoch}/activity");
    let faulty = server.post(&path).json(&json!([{}])).key("i").send().await;
    faulty.problem(Code::InvalidEvents);
    // What was refused may come again mended, under the same key.
    let mended = server.post(&path).json(&json!([event("e1", "p-ada")])).key("i").send().await;
    assert!(!is_replayed(&mended));
    mended.json(200);
    server.propose(epoch).await;

    for reply in [decide().await, finalize().await] {
        assert!(!is_replayed(&reply));
        reply.json(200);
    }
}

#[tokio::test]
async fn a_key_that_is_none_is_a_request_that_cannot_be_read() {
    let (long, too_long) = ("k".repeat(255), "k".repeat(256));
    for case in cases() {
        let (server, epoch) = case.stage().await;
        for wrong in ["", "a b", "\"\"", "\t", "caf\u{e9}", too_long.as_str()] {
            let reply = case.ask(&server, epoch).key(wrong).send().await;
            reply.problem(Code::MalformedRequest);
        }
        let reply = case.ask(&server, epoch).key(&long).send().await;
        assert_eq!(reply.status, case.status, "{} {}", case.path, reply.text());
    }
}

#[tokio::test]
async fn two_ledgers_keys_are_apart() {
    let server = Server::new().await;
    server.create_ledger("others").await;
    let token = server.token("others", ledger_core::Scope::Admin).await;
    let body = json!({ "week": "2026-W47", "weights": {} });
    let mine = server.post("epochs").json(&body).key("k").send().await;
    let theirs = server.post("/api/v1/ledgers/others/epochs").by(&token).json(&body).key("k");
    let theirs = theirs.send().await;
    assert!(!is_replayed(&theirs));
    assert_ne!(mine.json(201)["id"], theirs.json(201)["id"]);
}

#[tokio::test]
async fn what_writes_nothing_uses_no_key() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    let preview = server.post(&format!("epochs/{epoch}/finalize?dry_run=true")).key("k").send();
    assert!(!is_replayed(&preview.await));
    let path = format!("epochs/{epoch}/allocations/propose?weights=%7B%7D");
    server.post(&path).key("k").send().await.json(200);
    let reply = server.post(&format!("epochs/{epoch}/review")).key("k").send().await;
    assert!(!is_replayed(&reply));
    reply.json(200);
}
