//! Every code that the API documents is met over HTTP, or stands in a short list with the reason.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use web_server::Code;

use crate::harness::{Reply, Server, event};

/// What no request to the API brings about.
const NOT_MET: [(Code, &str); 7] = [
    (Code::ForgedForm, "the pages' forms alone have it"),
    (Code::IdentityAlreadyResolved, "only a call of the port names an event and a person"),
    (Code::StatementExists, "finalizing again answers the statement that is there"),
    (Code::SupersededStatementNotCurrent, "no route corrects a statement yet"),
    (Code::EpochStatusMismatch, "each route of a closed epoch has another refusal"),
    (Code::EpochPredatesActivity, "only a database from before this program has such an epoch"),
    (Code::EventAfterEpoch, "a fault among many here; a problem of its own for a webhook"),
];

/// Met where a limit or a fault is needed: `limits`, `faults`, `webhooks`.
const ELSEWHERE: [Code; 5] = [
    Code::RequestTimeout,
    Code::TooLarge,
    Code::TooManyRequests,
    Code::Internal,
    Code::Unavailable,
];

/// Holds the problem to its shape, and remembers that it was met.
struct Met(BTreeSet<&'static str>);

impl Met {
    fn add(&mut self, reply: &Reply, code: Code) -> Value {
        self.0.insert(code.name());
        reply.problem(code)
    }
}

#[tokio::test]
async fn every_documented_code_is_met() {
    let mut met = Met(BTreeSet::new());
    let server = Server::new().await;
    requests(&server, &mut met).await;
    let epoch = server.epoch_with_work().await;
    values(&server, epoch, &mut met).await;
    pool(&server, epoch, &mut met).await;
    identities(&server, &mut met).await;
    life(&server, epoch, &mut met).await;
    let elsewhere = ELSEWHERE.iter().chain(NOT_MET.iter().map(|(code, _)| code));
    let accounted: BTreeSet<_> = elsewhere.map(|code| code.name()).chain(met.0.clone()).collect();
    let all: BTreeSet<_> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(accounted, all);
    for (code, reason) in NOT_MET {
        assert!(!met.0.contains(code.name()), "it is met, though {reason}");
    }
}

/// What is wrong with a request before anybody looks into the books.
async fn requests(server: &Server, met: &mut Met) {
    met.add(&server.get("epochs").anonymous().send().await, Code::Unauthorized);
    let reader = server.token("default", ledger_core::Scope::Read).await;
    met.add(&server.post("epochs").by(&reader).send().await, Code::Forbidden);
    for path in ["/", "/api/v1", "/api/v2/ledgers", "/api/v1/ledgers/", "/nothing"] {
        if path != "/" {
            met.add(&server.get(path).send().await, Code::NotFound);
        }
    }
    for epoch in ["current", "1", "x", "-1", "0", "99999999999999999999", "%20"] {
        met.add(&server.get(&format!("epochs/{epoch}")).send().await, Code::NotFound);
    }
    met.add(&server.get("epochs?after=x").send().await, Code::InvalidCursor);
    for query in ["limit=x", "strange=1", "limit=1&limit=2"] {
        met.add(&server.get(&format!("epochs?{query}")).send().await, Code::MalformedRequest);
    }
    for path in ["/api/v1/ledgers/%FF", "/api/v1/ledgers/%FF/epochs"] {
        met.add(&server.get(path).send().await, Code::MalformedRequest);
    }
    let user = server.get("users/%FF").send().await;
    met.add(&user, Code::MalformedRequest);
    for body in ["{", "nonsense", "\u{feff}{}", "{}}"] {
        let reply = server.post("epochs").body("application/json", body).send().await;
        met.add(&reply, Code::MalformedRequest);
    }
    let reply = server.post("epochs").body("text/plain", "{}").send().await;
    met.add(&reply, Code::UnsupportedMediaType);
    for body in ["[]", "7", r#"{"weeks": "2026-W47"}"#, r#"{"week": 47}"#, "{}", ""] {
        let reply = server.post("epochs").body("application/json", body).send().await;
        met.add(&reply, Code::InvalidValue);
    }
}

#[tokio::test]
async fn another_method_is_refused_and_the_right_ones_are_named() {
    let server = Server::new().await;
    for (method, path, allowed) in [
        (Method::DELETE, "epochs", &["GET", "POST"][..]),
        (Method::PUT, "epochs/1", &["GET"]),
        (Method::GET, "epochs/1/finalize", &["POST"]),
        (Method::POST, "epochs/1/allocations/ada", &["PATCH"]),
        (Method::POST, "/healthz", &["GET"]),
        (Method::POST, "/metrics", &["GET"]),
        (Method::DELETE, "/api/v1/openapi.json", &["GET"]),
        (Method::OPTIONS, "epochs", &["GET", "POST"]),
        (Method::from_bytes(b"BREW").unwrap(), "epochs", &["GET", "POST"]),
    ] {
        for reply in [
            server.ask(method.clone(), path).send().await,
            server.ask(method.clone(), path).anonymous().send().await,
        ] {
            reply.problem(Code::MethodNotAllowed);
            let mut allow: Vec<_> = reply.header("allow").split(',').map(str::trim).collect();
            allow.retain(|method| *method != "HEAD");
            allow.sort_unstable();
            assert_eq!(allow, allowed, "{method} {path}");
        }
    }
}

/// Values that break the rule of their type.
async fn values(server: &Server, epoch: i64, met: &mut Met) {
    let decide =
        |body: Value| server.patch(&format!("epochs/{epoch}/allocations/ada")).json(&body).send();
    for body in [
        json!({ "final_units": "1" }),
        json!({ "final_units": "1", "reason": "" }),
        json!({ "final_units": "-1", "reason": "r" }),
        json!({ "final_units": "1.5", "reason": "r" }),
        json!({ "final_units": 1, "reason": "r" }),
        json!({ "final_units": "9223372036854775808", "reason": "r" }),
        json!({ "reason": "r" }),
    ] {
        met.add(&decide(body).await, Code::InvalidValue);
    }
    let nobody = server.patch(&format!("epochs/{epoch}/allocations/nobody"));
    let body = json!({ "final_units": "1", "reason": "r" });
    met.add(&nobody.json(&body).send().await, Code::NotFound);
    let path = format!("epochs/{epoch}/allocations/propose");
    for weights in ["%7B%22x%22%3A1%7D", "%7B%22a%3Ab%22%3A-1%7D", "%7B%22a%3Ab%22%3A1.5%7D"] {
        let reply = server.post(&format!("{path}?weights={weights}")).send().await;
        met.add(&reply, Code::InvalidValue);
    }
    for weights in ["", "x", "[]", "1"] {
        let reply = server.post(&format!("{path}?weights={weights}")).send().await;
        met.add(&reply, Code::MalformedRequest);
    }
    let path = format!("epochs/{epoch}/activity");
    met.add(&server.post(&path).json(&json!([1])).send().await, Code::InvalidEvents);
    for query in ["unresolved=maybe", "late=1", "limit=0"] {
        let reply = server.get(&format!("{path}?{query}")).send().await;
        met.add(&reply, Code::MalformedRequest);
    }
    for query in ["user=", "type=Change", "source=%0A"] {
        let reply = server.get(&format!("{path}?{query}")).send().await;
        met.add(&reply, Code::InvalidValue);
    }
    let review = || server.post(&format!("epochs/{epoch}/allocations/propose")).key("k");
    review().send().await.json(200);
    let other = server.post("identities").key("k").json(&json!({ "bindings": [] }));
    met.add(&other.send().await, Code::IdempotencyKeyReused);
}

async fn pool(server: &Server, epoch: i64, met: &mut Met) {
    let path = format!("epochs/{epoch}/pool-components");
    let add = |id: &str, amount: &str| {
        let body = json!({ "component_id": id, "amount_credits": amount });
        server.post(&path).json(&body).send()
    };
    for (id, amount) in [("Top", "1"), ("", "1"), ("top_up", "-1"), ("top_up", "x"), ("top_up", "")]
    {
        met.add(&add(id, amount).await, Code::InvalidValue);
    }
    met.add(&add("base_issuance", "2").await, Code::PoolComponentExists);
    met.add(&add("top_up", "9223372036854775807").await, Code::AmountOverflow);
}

async fn identities(server: &Server, met: &mut Met) {
    let bind = |platform: &str, user: &str| {
        let one = json!({ "source": "forge", "platform_user_id": platform, "user_id": user });
        server.post("identities").json(&json!({ "bindings": [one] })).send()
    };
    met.add(&bind("p-ada", "bob").await, Code::IdentityAlreadyBound);
    met.add(&bind("", "bob").await, Code::InvalidValue);
    met.add(&bind("p", "b\nb").await, Code::InvalidValue);
    let one = json!({ "source": "forge", "platform_user_id": "many", "user_id": "m" });
    let many = json!({ "bindings": vec![one; 1_001] });
    met.add(&server.post("identities").json(&many).send().await, Code::InvalidValue);
}

/// What the epoch's state refuses.
async fn life(server: &Server, epoch: i64, met: &mut Met) {
    let open = |body: Value| server.post("epochs").json(&body).send();
    for week in ["2026-W54", "2026-47", ""] {
        met.add(&open(json!({ "week": week })).await, Code::InvalidValue);
    }
    let backwards = json!({
        "period_start": "2026-12-02T00:00:00Z", "period_end": "2026-12-01T00:00:00Z",
    });
    met.add(&open(backwards).await, Code::InvalidValue);
    met.add(&open(json!({ "week": "2026-W48" })).await, Code::EpochAlreadyOpen);
    let path = format!("epochs/{epoch}/finalize");
    let finalize = |body: Value| server.post(&path).json(&body).send();
    let other_total = json!({ "expected_pool_total_credits": "999" });
    met.add(&finalize(other_total.clone()).await, Code::PoolTotalMismatch);
    let other_hash = json!({ "expected_allocation_set_hash": "0".repeat(64) });
    met.add(&finalize(other_hash).await, Code::AllocationSetChanged);
    let no_hash = json!({ "expected_allocation_set_hash": "abc" });
    met.add(&finalize(no_hash).await, Code::InvalidValue);
    for path in ["statement", "verify"] {
        let reply = server.get(&format!("epochs/{epoch}/{path}")).send().await;
        met.add(&reply, Code::NoStatement);
    }
    server.insert(epoch, &json!([event("later", "p-ada")])).await;
    met.add(&finalize(json!({})).await, Code::AllocationsStale);
    server.propose(epoch).await;
    server.post(&format!("epochs/{epoch}/review")).send().await.json(200);
    met.add(&open(json!({ "week": "2026-W47" })).await, Code::EpochWindowTaken);
    let into_current = server.post("epochs/current/activity").json(&json!([]));
    met.add(&into_current.send().await, Code::NoOpenEpoch);
    finalize(json!({})).await.json(200);
    met.add(&finalize(other_total).await, Code::PoolTotalMismatch);
    let review = server.post(&format!("epochs/{epoch}/review")).send().await;
    met.add(&review, Code::EpochClosed);
    let path = format!("epochs/{epoch}/statement");
    let reply = server.get(&path).header("accept", "image/png").send().await;
    met.add(&reply, Code::NotAcceptable);
    let other = server.open_week("2026-W48").await;
    let reply = server.post(&format!("epochs/{other}/finalize")).send().await;
    met.add(&reply, Code::PoolRequiresBase);
    met.add(&server.delete_of(other).await, Code::MethodNotAllowed);
}

impl Server {
    async fn delete_of(&self, epoch: i64) -> Reply {
        self.ask(Method::DELETE, &format!("epochs/{epoch}")).send().await
    }
}

#[tokio::test]
async fn the_list_of_codes_is_published() {
    let server = Server::new().await;
    let listed = server.get("/problems").anonymous().send().await.json(200);
    let code = |code: &Code| json!({ "code": code.name(), "status": code.status().as_u16(), "title": code.title() });
    assert_eq!(listed, Code::ALL.iter().map(code).collect::<Value>());
}

#[tokio::test]
async fn every_request_has_an_id_of_its_own() {
    let server = Server::new().await;
    let ask = || server.get("/healthz").header("x-request-id", "mine").send();
    let (one, two) = (ask().await, ask().await);
    assert_ne!(one.header("x-request-id"), two.header("x-request-id"));
    assert_eq!(one.header("x-request-id").len(), 36);
}
