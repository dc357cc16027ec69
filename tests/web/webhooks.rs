//! `POST /api/v1/webhooks/github/{ledger}`: GitHub's own example deliveries, signed.

use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::json;
use sha2::Sha256;
use web_server::{Code, Webhook};

use crate::harness::{Ask, Server};

const SECRET: &[u8] = b"It's a Secret to Everybody";

const COMMENT: &str =
    include_str!("../../crates/activity-sources/tests/github/payloads/issue_comment.created.json");
const REOPENED: &str =
    include_str!("../../crates/activity-sources/tests/github/payloads/issues.reopened.json");
const PING: &str = include_str!("../../crates/activity-sources/tests/github/payloads/ping.json");

fn signature(secret: &[u8], body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret).unwrap();
    let digest = mac.chain_update(body).finalize().into_bytes();
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256={hex}")
}

/// With hooks for the default ledger and for one that does not exist.
async fn hooked() -> Server {
    Server::with(|settings| {
        for ledger in ["default", "absent"] {
            let hook = Webhook::new(SECRET, &[]).unwrap();
            settings.webhooks.insert(ledger.parse().unwrap(), hook);
        }
    })
    .await
}

/// The week of the example.
async fn open(server: &Server) -> i64 {
    server.open_week("2019-W20").await
}

fn unsigned(server: &Server, event: &str, id: &str, body: &str) -> Ask {
    let ask = server.post("/api/v1/webhooks/github/default").anonymous();
    let ask = ask.header("x-github-event", event).header("x-github-delivery", id);
    ask.body("application/json", body.to_owned())
}

fn delivery(server: &Server, event: &str, id: &str, body: &str) -> Ask {
    unsigned(server, event, id, body).header("x-hub-signature-256", &signature(SECRET, body))
}

#[tokio::test]
async fn a_delivery_is_stored_once_and_answered_again() {
    let server = hooked().await;
    let epoch = open(&server).await;
    server
        .post("identities")
        .json(&json!({ "bindings": [
        { "source": "github", "platform_user_id": "21031067", "user_id": "coder" }
    ] }))
        .send()
        .await
        .json(200);
    let send = || delivery(&server, "issue_comment", "d-1", COMMENT).send();
    let first = send().await;
    assert_eq!(first.header("idempotent-replayed"), "");
    assert_eq!(
        first.json(200),
        json!({
            "inserted": 1, "late": 0, "duplicates": 0, "conflicts": 0, "first_conflicts": [],
            "faulty": 0, "faults": [],
        })
    );
    let again = send().await;
    assert_eq!((again.header("idempotent-replayed"), &again.bytes), ("true", &first.bytes));
    let list = server.get(&format!("epochs/{epoch}/activity")).send().await.json(200);
    assert_eq!(list["data"].as_array().unwrap().len(), 1);
    let stored = &list["data"][0];
    assert_eq!(stored["id"], "github:comment:492700400");
    assert_eq!(stored["user_id"], "coder", "it goes to whom its platform user is bound");
    // Under another id it is the same fact, and skipped.
    let other = delivery(&server, "issue_comment", "d-2", COMMENT).send().await.json(200);
    assert_eq!((&other["inserted"], &other["duplicates"]), (&json!(0), &json!(1)));
    let metrics = server.get("/metrics").send().await.text();
    assert!(metrics.contains("epoch_ledger_events_inserted_total 1\n"), "{metrics}");
    // It is answered again even where nothing could be stored any more.
    server.post(&format!("epochs/{epoch}/review")).send().await.json(200);
    assert_eq!(send().await.bytes, first.bytes);
}

#[tokio::test]
async fn another_delivery_under_an_id_is_refused() {
    let server = hooked().await;
    open(&server).await;
    delivery(&server, "issue_comment", "d", COMMENT).send().await.json(200);
    let other = COMMENT.replace("\"id\": 492700400", "\"id\": 492700401");
    assert_ne!(other, COMMENT);
    let reply = delivery(&server, "issue_comment", "d", &other).send().await;
    reply.problem(Code::IdempotencyKeyReused);
}

#[tokio::test]
async fn what_is_not_signed_with_the_secret_is_refused() {
    let server = hooked().await;
    open(&server).await;
    let send = |signature: String| {
        let ask = unsigned(&server, "issue_comment", "d", COMMENT);
        ask.header("x-hub-signature-256", &signature).send()
    };
    unsigned(&server, "issue_comment", "d", COMMENT).send().await.problem(Code::Unauthorized);
    let right = signature(SECRET, COMMENT);
    for wrong in [
        String::new(),
        "sha256=".to_owned(),
        "sha256=zz".to_owned(),
        right.replace("sha256=", "sha1="),
        right[..right.len() - 2].to_owned(),
        format!("{right}00"),
        signature(b"another secret", COMMENT),
        signature(SECRET, &format!("{COMMENT} ")),
    ] {
        send(wrong).await.problem(Code::Unauthorized);
    }
    // The ledger's own token signs nothing.
    let admin = server.admin.clone();
    let ask = unsigned(&server, "issue_comment", "d", COMMENT).by(&admin);
    ask.send().await.problem(Code::Unauthorized);
    let list = server.get("epochs/current/activity").send().await.json(200);
    assert_eq!(list["data"], json!([]));
}

#[tokio::test]
async fn a_ledger_without_a_hook_is_not_there() {
    let server = hooked().await;
    server.create_ledger("hookless").await;
    for ledger in ["hookless", "missing", "No%20Name", "absent"] {
        let ask = server.post(&format!("/api/v1/webhooks/github/{ledger}")).anonymous();
        let ask = ask.header("x-hub-signature-256", &signature(SECRET, COMMENT));
        let ask = ask.header("x-github-event", "issue_comment").header("x-github-delivery", "d");
        let reply = ask.body("application/json", COMMENT).send().await;
        reply.problem(Code::NotFound);
    }
}

#[tokio::test]
async fn what_the_ledger_does_not_count_is_answered_with_nothing() {
    let server = hooked().await;
    for (event, body) in [("ping", PING), ("issues", REOPENED), ("star", "{}"), ("", PING)] {
        let reply = delivery(&server, event, "d", body).send().await;
        assert_eq!((reply.status, reply.text().as_str()), (204, ""), "{event}");
    }
}

#[tokio::test]
async fn what_is_signed_and_cannot_be_read_is_refused() {
    let server = hooked().await;
    open(&server).await;
    for body in ["", "{}", "nonsense", "{\"action\": \"created\"}"] {
        let reply = delivery(&server, "issue_comment", "d", body).send().await;
        reply.problem(Code::InvalidValue);
    }
    let without_id = server.post("/api/v1/webhooks/github/default").anonymous();
    let without_id = without_id.header("x-github-event", "issue_comment");
    let signed = without_id.header("x-hub-signature-256", &signature(SECRET, COMMENT));
    let reply = signed.body("application/json", COMMENT).send().await;
    reply.problem(Code::MalformedRequest);
    for id in ["", "a b", &"x".repeat(300)] {
        let reply = delivery(&server, "issue_comment", id, COMMENT).send().await;
        reply.problem(Code::MalformedRequest);
    }
}

#[tokio::test]
async fn there_must_be_an_epoch_to_collect_into() {
    let server = hooked().await;
    let send = || delivery(&server, "issue_comment", "d", COMMENT).send();
    send().await.problem(Code::NoOpenEpoch);
    let early = server.open_week("2019-W10").await;
    send().await.problem(Code::EventAfterEpoch);
    server.post(&format!("epochs/{early}/review")).send().await.json(200);
    open(&server).await;
    // A refused delivery keeps no key; GitHub's next attempt is stored.
    assert_eq!(send().await.json(200)["inserted"], 1);
}
