//! `serve`, `token`, and the demo as pages.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::program::{Program, program, word};
use crate::repository::Repository;
use crate::started::Started;

/// An answer's status and body.
fn get(address: &str, path: &str, headers: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    let request =
        format!("GET {path} HTTP/1.1\r\nHost: {address}\r\n{headers}Connection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

/// Where a started server says that it listens.
fn address_of(started: &Started) -> String {
    started.wait_until_it_says("stop with Ctrl-C");
    let said = started.said();
    let after = said.split("The pages are at http://").nth(1).unwrap();
    after.split('/').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_opens_the_api_until_it_is_revoked() {
    let ledger = Program::new().await;
    let made = ledger.json(&["token", "create", "me", "--scope", "read"]);
    let (token, id) = (made["token"].as_str().unwrap(), made["id"].as_str().unwrap());
    assert_eq!((token.len(), made["scope"].as_str()), (132, Some("read")));

    let started = Started::new(ledger.command(&["serve", "--listen", "127.0.0.1:0"]));
    let address = address_of(&started);
    let bearer = format!("Authorization: Bearer {token}\r\n");
    let status = |headers: &str| get(&address, "/api/v1/ledgers/default", headers).0;
    assert_eq!(status(""), 401);
    assert_eq!(status(&bearer), 200);

    let listed = ledger.run(&["token", "list"]);
    assert!(listed.out.contains(id) && listed.out.contains("valid"), "{listed:?}");
    assert!(!listed.out.contains(&token[70..]), "a secret is shown once: {listed:?}");
    let revoked = ledger.run(&["token", "revoke", id]);
    assert_eq!(revoked.code, 0, "{revoked:?}");
    assert_eq!(status(&bearer), 401);
    assert!(ledger.run(&["token", "list"]).out.contains("revoked"));

    // Shown to everybody, it needs none.
    let shown = ledger.run(&["ledger", "visibility", "default", "public"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert_eq!(status(""), 200);
    let ended = started.stop(Signal::SIGTERM);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.err.contains("stopped; what was taken is done"), "{ended:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_cannot_be_made_or_is_not_there_is_named() {
    let ledger = Program::new().await;
    let create = ["token", "create", "me", "--scope"];
    let with = |more: &[&'static str]| [create.as_slice(), more].concat();
    let past = with(&["read", "--expires", "2020-01-01"]);
    ledger.refused(2, "--expires must be later than now", &past);
    ledger.refused(2, "it must be read, collect, review or admin", &with(&["write"]));
    let nobodys = "00000000-0000-0000-0000-000000000001";
    ledger.refused(4, "see `epoch-ledger token list`", &["token", "revoke", nobodys]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_begin_says_why() {
    let ledger = Program::new().await;
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let says = format!("cannot listen on {address}");
    ledger.refused(2, &says, &["serve", "--listen", &address]);
    let hook = |value| ["serve", "--github-webhook", value];
    ledger.refused(2, "the variable NO_SUCH is not set", &hook("default=NO_SUCH"));
    ledger.refused(2, "write it as LEDGER=VARIABLE", &hook("default"));
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_called_what_an_operator_says() {
    let ledger = Program::new().await;
    let name = ["identity", "name", "ada"];
    let named = ledger.json(&[name.as_slice(), &["Ada L."]].concat());
    assert_eq!(named["display_name"], "Ada L.");
    let address = [name.as_slice(), &["ada@example.org"]].concat();
    ledger.refused(2, "it must not be an address", &address);
    assert_eq!(ledger.json(&name)["display_name"], Value::Null);
}

/// Sends a stream of events with large metadata, each line made when it is sent.
fn send_events(address: &str, token: &str, path: &str, number: usize) -> (u16, Value) {
    let line = |n: usize| {
        format!(
            "{{\"id\":\"forum:answer:{n:08}\",\"source\":\"forum\",\"event_type\":\"answer\",\
             \"platform_user_id\":\"p{}\",\"event_time\":\"2026-11-17T00:00:00Z\",\
             \"metadata\":{{\"text\":\"{}\"}}}}\n",
            n % 10,
            "x".repeat(8_000),
        )
    };
    let mut stream = TcpStream::connect(address).unwrap();
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: application/x-ndjson\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        number * line(0).len(),
    );
    stream.write_all(head.as_bytes()).unwrap();
    (0..number).for_each(|n| stream.write_all(line(n).as_bytes()).unwrap());
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn a_long_stream_of_events_is_taken_in_bounded_memory() {
    const MIB: u64 = 1_024 * 1_024;
    let ledger = Program::new().await;
    let made = ledger.json(&["token", "create", "me", "--scope", "admin"]);
    let token = made["token"].as_str().unwrap();
    let opened = ledger.run(&["epoch", "open", "--week", "2026-W47", "--weight", "forum:answer=1"]);
    assert_eq!(opened.code, 0, "{opened:?}");
    let started = Started::new(ledger.command(&["serve", "--listen", "127.0.0.1:0"]));
    let address = address_of(&started);
    let path = "/api/v1/ledgers/default/epochs/current/activity";
    // What a first request needs is not what a stream needs.
    assert_eq!(send_events(&address, token, path, 1).0, 200);
    let before = started.peak_memory();
    let (status, taken) = send_events(&address, token, path, 12_000);
    assert_eq!((status, &taken["inserted"]), (200, &Value::from(11_999)), "{taken}");
    let more = (started.peak_memory() - before) / MIB;
    println!("a stream of 94 MiB took {more} MiB of memory");
    assert!(more < 40, "a stream of 94 MiB took {more} MiB of memory");
    assert_eq!(started.stop(Signal::SIGTERM).code, 0);
}

/// Takes one request, answers it, and hands over how it began.
fn take_one(listener: TcpListener) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = vec![0; 4_096];
        let read = stream.read(&mut head).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_go_to_the_collector_that_is_named() {
    let ledger = Program::new().await;
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let collector = format!("http://{}", listener.local_addr().unwrap());
    let taken = take_one(listener);
    let mut command = ledger.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", collector);
    let started = Started::new(command);
    let address = address_of(&started);
    assert_eq!(get(&address, "/healthz", "").0, 200);
    assert_eq!(started.stop(Signal::SIGTERM).code, 0);
    let head = taken.join().unwrap();
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/x-protobuf"), "{head}");
}

#[test]
fn the_demo_ends_with_the_address_of_its_pages() {
    let repository = Repository::with_history();
    let mut command = program();
    let path = word(repository.path());
    command.args(["demo", "--serve", "--listen", "127.0.0.1:0", "--repo", path, "--weeks", "2"]);
    let started = Started::new(command);
    let address = address_of(&started);
    let last = started.said().trim_end().lines().last().unwrap().to_owned();
    assert_eq!(last, format!("• The pages are at http://{address}/; stop with Ctrl-C"));

    let (status, front) = get(&address, "/l/demo", "");
    assert_eq!(status, 200, "{front}");
    assert!(front.contains("<h1>Epoch 2</h1>") || front.contains("Epoch 2"), "{front}");
    let (status, verified) = get(&address, "/l/demo/epochs/1/statement?verify=true", "");
    assert_eq!(status, 200);
    assert!(verified.contains("Verified: everything agrees"), "{verified}");
    assert!(!verified.contains('@'), "everybody sees no addresses: {verified}");

    let ended = started.stop(Signal::SIGINT);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.out.contains("elt_"), "{ended:?}");
}
