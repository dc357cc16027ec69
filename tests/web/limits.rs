//! Limits of size, time, number and rate, each with its answer; and an end that drops nothing.

use std::time::Duration;

use serde_json::json;
use tokio::time::timeout;
use web_server::Code;

use crate::harness::{Server, event, lines};
use crate::raw::Raw;

/// Longer than anything here takes.
const LONG: Duration = Duration::from_secs(20);

fn head(server: &Server, path: &str, rest: &str) -> String {
    let token = &server.admin;
    format!(
        "POST /api/v1/ledgers/default/{path} HTTP/1.1\r\nHost: x\r\n\
         Authorization: Bearer {token}\r\n{rest}\r\n\r\n"
    )
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = Server::with(|settings| {
        settings.max_body_bytes = 1_000;
        settings.max_upload_bytes = 2_000;
    })
    .await;
    let epoch = server.open_epoch().await;
    let path = format!("epochs/{epoch}/activity");
    let spaces = |length: usize| format!("{}[]", " ".repeat(length - 2));
    let send = |media_type, body: String| server.post(&path).body(media_type, body).send();
    send("application/json", spaces(1_000)).await.json(200);
    send("application/json", spaces(1_001)).await.problem(Code::TooLarge);
    send("application/x-ndjson", "\n".repeat(2_000)).await.json(200);
    send("application/x-ndjson", "\n".repeat(2_001)).await.problem(Code::TooLarge);
    for path in ["epochs", "identities", "epochs/1/finalize", "epochs/1/review"] {
        let reply = server.post(path).body("application/json", " ".repeat(1_001)).send().await;
        reply.problem(Code::TooLarge);
    }
    let finalize = server.post(&format!("epochs/{epoch}/finalize?dry_run=true"));
    let sound = format!("{{}}{}", " ".repeat(998));
    finalize.body("application/json", sound).send().await.problem(Code::PoolRequiresBase);
}

#[tokio::test]
async fn a_body_that_says_that_it_is_too_large_is_refused_before_it_comes() {
    let server = Server::new().await;
    let epoch = server.open_epoch().await;
    for (path, media_type) in [("epochs", "application/json"), ("activity", "application/json")] {
        let path =
            if path == "activity" { format!("epochs/{epoch}/{path}") } else { path.to_owned() };
        let mut raw = Raw::connect(&server).await;
        let rest = format!("Content-Type: {media_type}\r\nContent-Length: 99999999999");
        raw.send(head(&server, &path, &rest).as_bytes()).await;
        let answer = timeout(LONG, raw.answer()).await.expect("an answer before the body");
        assert_eq!(answer.status, 413, "{answer:?}");
    }
}

#[tokio::test]
async fn a_body_that_comes_too_slowly_is_given_up() {
    let server = Server::with(|settings| {
        settings.request_timeout = Duration::from_millis(300);
        settings.upload_timeout = Duration::from_millis(900);
    })
    .await;
    let epoch = server.open_epoch().await;
    let began = std::time::Instant::now();
    for (path, at_least) in [("epochs".to_owned(), 300), (format!("epochs/{epoch}/activity"), 900)]
    {
        let mut raw = Raw::connect(&server).await;
        let rest = "Content-Type: application/json\r\nContent-Length: 9000";
        raw.send(head(&server, &path, rest).as_bytes()).await;
        raw.send(b"[").await;
        let answer = timeout(LONG, raw.answer()).await.expect("an answer in time");
        assert_eq!(answer.status, 408, "{answer:?}");
        assert_eq!(answer.json()["code"], "request_timeout");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        assert!(began.elapsed() >= Duration::from_millis(at_least));
    }
    let stored = server.get("epochs/current/activity").send().await.json(200);
    assert_eq!(stored["data"], json!([]));
}

#[tokio::test]
async fn too_many_requests_wait_as_long_as_they_are_told() {
    let server = Server::with(|settings| settings.requests_per_minute = 5).await;
    for _ in 0..5 {
        server.get("epochs").send().await.json(200);
    }
    let refused = server.get("epochs").send().await;
    refused.problem(Code::TooManyRequests);
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=13).contains(&wait), "{wait} s");
    // Whoever does not let itself be told apart by a token is counted all the same.
    server.get("epochs").anonymous().send().await.problem(Code::TooManyRequests);
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(server.get(path).send().await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn behind_a_proxy_clients_are_told_apart_by_what_it_saw() {
    let server = Server::with(|settings| {
        settings.requests_per_minute = 2;
        settings.behind_proxy = true;
    })
    .await;
    let from = |addresses: &str| server.get("epochs").header("x-forwarded-for", addresses).send();
    for _ in 0..2 {
        let reply = from("198.51.100.1").await;
        reply.json(200);
        assert_eq!(reply.header("strict-transport-security"), "max-age=31536000");
    }
    // What a client says of itself stands before what the proxy saw.
    from("203.0.113.9, 198.51.100.1").await.problem(Code::TooManyRequests);
    from("198.51.100.1, 198.51.100.2").await.json(200);
    from("2001:db8::1").await.json(200);
}

#[tokio::test]
async fn a_client_says_nothing_of_its_address_where_no_proxy_stands() {
    let server = Server::with(|settings| settings.requests_per_minute = 2).await;
    let from = |address: &str| server.get("epochs").header("x-forwarded-for", address).send();
    from("198.51.100.1").await.json(200);
    from("198.51.100.2").await.json(200);
    let refused = from("198.51.100.3").await;
    refused.problem(Code::TooManyRequests);
    assert_eq!(refused.header("strict-transport-security"), "");
}

/// A request that goes on until the test ends it.
async fn hold(server: &Server, epoch: i64) -> Raw {
    let mut raw = Raw::connect(server).await;
    let rest = "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked";
    raw.send(head(server, &format!("epochs/{epoch}/activity"), rest).as_bytes()).await;
    raw.send(b"1\r\n\n\r\n").await;
    raw
}

/// Waits until the server works on so many requests.
async fn until_in_flight(server: &Server, count: u64) {
    let wanted = format!("epoch_ledger_http_requests_in_flight {count}\n");
    for _ in 0..500 {
        if server.get("/metrics").send().await.text().contains(&wanted) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("never {wanted}");
}

#[tokio::test]
async fn more_requests_at_once_than_allowed_are_refused() {
    let server = Server::with(|settings| settings.max_concurrent_requests = 2).await;
    let epoch = server.open_epoch().await;
    let mut held = vec![hold(&server, epoch).await, hold(&server, epoch).await];
    until_in_flight(&server, 2).await;
    let refused = server.get("epochs").send().await;
    refused.problem(Code::Unavailable);
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(server.get("/healthz").send().await.status, 200);
    held[0].send(b"0\r\n\r\n").await;
    assert_eq!(held[0].answer().await.status, 200);
    server.get("epochs").send().await.json(200);
    // A client that goes away makes room, too.
    drop(held);
    until_in_flight(&server, 0).await;
}

#[tokio::test]
async fn a_client_that_sends_no_headers_is_disconnected() {
    let server =
        Server::with(|settings| settings.header_timeout = Duration::from_millis(200)).await;
    for begin in ["", "GET /healthz HTTP/1.1\r\nHo"] {
        let mut raw = Raw::connect(&server).await;
        raw.send(begin.as_bytes()).await;
        timeout(LONG, raw.read()).await.unwrap_or_else(|_| panic!("{begin:?} may wait for ever"));
    }
    // One that was served may not stay for ever either.
    let mut raw = Raw::connect(&server).await;
    raw.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let all = timeout(LONG, raw.read()).await.expect("the connection is closed");
    assert!(all.starts_with("HTTP/1.1 200"), "{all}");
}

#[tokio::test]
async fn a_stop_finishes_what_was_taken() {
    let mut server = Server::new().await;
    let epoch = server.open_epoch().await;
    let mut held = hold(&server, epoch).await;
    until_in_flight(&server, 1).await;
    // A client that is connected and says nothing does not hold the end up.
    let mut idle = Raw::connect(&server).await;
    idle.send(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(idle.answer().await.status, 200);
    server.stop();
    timeout(LONG, idle.read()).await.expect("idle connections are closed");
    let mut serving = server.serving.take().unwrap();
    assert!(timeout(Duration::from_millis(200), &mut serving).await.is_err(), "it waits");
    assert!(tokio::net::TcpStream::connect(server.address).await.is_err(), "it takes no more");
    let line = lines(&[event("last", "p")]);
    held.send(format!("{:x}\r\n{line}\r\n0\r\n\r\n", line.len()).as_bytes()).await;
    let answer = held.answer().await;
    assert_eq!((answer.status, &answer.json()["inserted"]), (200, &json!(1)));
    timeout(LONG, serving).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let mut server =
        Server::with(|settings| settings.shutdown_grace = Duration::from_millis(300)).await;
    let epoch = server.open_epoch().await;
    let _held = hold(&server, epoch).await;
    until_in_flight(&server, 1).await;
    server.stop();
    timeout(LONG, server.serving.take().unwrap()).await.expect("it ends").unwrap();
}

#[tokio::test]
async fn every_answer_has_the_headers_of_a_careful_site() {
    let server = Server::new().await;
    for path in ["/healthz", "/nothing", "epochs", "/docs", "/api/v1/openapi.json"] {
        let reply = server.get(path).anonymous().send().await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(reply.header("cache-control"), "no-store", "{path}");
        let policy = reply.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{path} {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{path} {policy}");
        assert!(!policy.contains("unsafe-inline"), "{path} {policy}");
        assert!(!policy.contains("http") && !policy.contains('*'), "{path} {policy}");
        assert_eq!(reply.header("access-control-allow-origin"), "", "{path}");
    }
}
