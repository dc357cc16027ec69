//! Who may do what: every route, every scope, every kind of token, on a private and a public ledger.

use std::collections::BTreeSet;

use ledger_core::{BearerToken, LedgerId, Scope, TokenId};
use ledger_testkit::parsed;
use reqwest::Method;
use serde_json::json;
use uuid::Uuid;
use web_server::{Access, Code, ROUTES, Route};

use crate::harness::{Reply, Server};

/// What a caller presents.
#[derive(Debug, Clone)]
enum Presented {
    Nothing,
    Own(Scope, String),
    Others(String),
    Invalid(&'static str, String),
}

impl Presented {
    fn name(&self) -> String {
        match self {
            Self::Nothing => "nothing".to_owned(),
            Self::Own(scope, _) => format!("its own token to {scope}"),
            Self::Others(_) => "another ledger's token".to_owned(),
            Self::Invalid(why, _) => format!("a token that is {why}"),
        }
    }
}

/// What the table says of a caller on a ledger.
fn expected(access: Access, presented: &Presented, is_public: bool) -> Option<Code> {
    let Access::Needs(needed) = access else { return None };
    let is_read = needed == Scope::Read;
    match presented {
        Presented::Own(scope, _) if scope.allows(needed) => None,
        Presented::Own(..) => Some(Code::Forbidden),
        Presented::Invalid(..) => Some(Code::Unauthorized),
        Presented::Nothing | Presented::Others(_) if is_public && is_read => None,
        Presented::Nothing => Some(Code::Unauthorized),
        Presented::Others(_) if is_public => Some(Code::Forbidden),
        Presented::Others(_) => Some(Code::NotFound),
    }
}

fn path_of(route: &Route, ledger: &str) -> String {
    let path = route.path.replace("{ledger}", ledger).replace("{epoch}", "current");
    path.replace("{user}", "ada")
}

/// What pages show has tests of its own, by a browser.
fn is_page(route: &Route) -> bool {
    let others = ["/api/", "/docs", "/healthz", "/readyz", "/metrics", "/problems"];
    !others.iter().any(|start| route.path.starts_with(start))
}

/// These look at the token themselves, and answer 401 where it is none.
fn is_of_session(route: &Route) -> bool {
    matches!(route.path, "/sign-in" | "/sign-out")
}

/// Platforms' ids are for token holders, wherever the ledger may be read.
fn is_for_members(route: &Route) -> bool {
    route.method == "GET"
        && (route.path.ends_with("/identities") || route.path.ends_with("/unresolved"))
}

async fn every_token(server: &Server, ledger: &str) -> Vec<Presented> {
    let mut all = vec![Presented::Nothing];
    for scope in Scope::ALL {
        all.push(Presented::Own(scope, server.token(ledger, scope).await));
        all.push(Presented::Others(server.token("others", scope).await));
        let ended = server.token_until(ledger, scope, Some("2026-11-19T12:00:00Z")).await;
        all.push(Presented::Invalid("ended", ended.reveal()));
        let revoked = server.token_until(ledger, scope, None).await;
        let store = server.container.activity_ledger_store(&parsed(ledger)).await.unwrap();
        store.revoke_access_token(revoked.token_id()).await.unwrap();
        all.push(Presented::Invalid("revoked", revoked.reveal()));
        let known = server.token_until(ledger, scope, None).await;
        let forged = BearerToken::new(known.ledger_id(), known.token_id(), [8; 32]);
        all.push(Presented::Invalid("of another secret", forged.reveal()));
    }
    let unknown = BearerToken::new(LedgerId::of(&parsed(ledger)), TokenId(Uuid::new_v4()), [7; 32]);
    all.push(Presented::Invalid("unknown", unknown.reveal()));
    all.push(Presented::Invalid("malformed", "elt_0123".to_owned()));
    all
}

async fn knock(server: &Server, route: &Route, ledger: &str, presented: &Presented) -> Reply {
    let method: Method = route.method.parse().unwrap();
    let ask = server.ask(method, &path_of(route, ledger));
    match presented {
        Presented::Nothing => ask.anonymous().send().await,
        Presented::Own(_, token) | Presented::Others(token) | Presented::Invalid(_, token) => {
            ask.by(token).send().await
        }
    }
}

async fn walk(is_public: bool) {
    let server = Server::new().await;
    server.create_ledger("theirs").await;
    server.create_ledger("others").await;
    if is_public {
        server.publish("theirs").await;
    }
    for presented in every_token(&server, "theirs").await {
        for route in ROUTES.iter().filter(|route| !is_of_session(route)) {
            let reply = knock(&server, route, "theirs", &presented).await;
            let who = presented.name();
            let said = format!("{} {} {who}: {}", route.method, route.path, reply.text());
            let is_anonymous = matches!(presented, Presented::Nothing | Presented::Others(_));
            let code = match expected(route.access, &presented, is_public) {
                None if is_for_members(route) && is_anonymous => Some(Code::Unauthorized),
                // Both list the token's own ledger among the public ones.
                None if matches!(route.path, "/api/v1/ledgers" | "/")
                    && matches!(presented, Presented::Invalid(..)) =>
                {
                    Some(Code::Unauthorized)
                }
                code => code,
            };
            if let Some(code) = code {
                assert_eq!(reply.status, code.status().as_u16(), "{said}");
                reply.problem(code);
                continue;
            }
            if reply.status == 403 && is_page(route) && route.method == "POST" {
                // Whoever may, must still come from the page's own form.
                reply.problem(Code::ForgedForm);
                continue;
            }
            // The ledger has no epoch, so that some of what is allowed is still not found.
            assert!(!matches!(reply.status, 401 | 403 | 405 | 500..), "{said}");
            assert!(!said.contains("no such ledger"), "{said}");
        }
    }
}

#[tokio::test]
async fn every_route_of_a_private_ledger_asks_for_the_scope_of_the_table() {
    walk(false).await;
}

#[tokio::test]
async fn every_route_of_a_public_ledger_asks_for_the_scope_of_the_table() {
    walk(true).await;
}

/// Not described: they are for monitoring systems, browsers and programs that read descriptions.
const UNDESCRIBED: [&str; 3] = ["/metrics", "/docs", "/api/v1/openapi.json"];

#[test]
fn the_table_and_the_description_name_the_same_routes() {
    let document = web_server::openapi();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in item.as_object().unwrap().keys() {
            described.insert((method.to_uppercase(), path.clone()));
        }
    }
    let is_api = |route: &&Route| !UNDESCRIBED.contains(&route.path) && !is_page(route);
    let table: BTreeSet<_> = ROUTES
        .iter()
        .filter(is_api)
        .map(|route| (route.method.to_owned(), route.path.to_owned()))
        .collect();
    assert_eq!(described, table);
    let all: BTreeSet<_> = ROUTES.iter().map(|route| (route.method, route.path)).collect();
    assert_eq!(all.len(), ROUTES.len(), "a route stands twice in the table");
}

/// The whole answer, apart from the request's id, which is another one each time.
fn told(reply: &Reply) -> (u16, Vec<(String, String)>, String) {
    let id = reply.header("x-request-id");
    let headers = reply
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().replace(id, "ID")));
    let headers = headers.filter(|(name, _)| name != "date").collect();
    (reply.status, headers, reply.text().replace(id, "ID"))
}

#[tokio::test]
async fn a_private_ledger_is_not_told_from_a_missing_one() {
    let server = Server::new().await;
    for name in ["hidden", "others"] {
        server.create_ledger(name).await;
    }
    let others = server.token("others", Scope::Admin).await;
    // A ledger's id follows from its name, so anybody can make up a token of it.
    let made_up = |ledger: &str| {
        let token = BearerToken::new(LedgerId::of(&parsed(ledger)), TokenId(Uuid::nil()), [9; 32]);
        token.reveal()
    };
    for route in ROUTES.iter().filter(|route| route.path.starts_with("/api/v1/")) {
        let ask = |ledger: &str| server.ask(route.method.parse().unwrap(), &path_of(route, ledger));
        let hidden = told(&ask("hidden").anonymous().send().await);
        assert_eq!(hidden, told(&ask("absent").anonymous().send().await), "{}", route.path);
        let hidden = told(&ask("hidden").by(&others).send().await);
        assert_eq!(hidden, told(&ask("absent").by(&others).send().await), "{}", route.path);
        let hidden = told(&ask("hidden").by(&made_up("hidden")).send().await);
        let absent = told(&ask("absent").by(&made_up("absent")).send().await);
        assert_eq!(hidden, absent, "{} {}", route.method, route.path);
    }
    let listed = server.get("/api/v1/ledgers").anonymous().send().await.json(200);
    assert_eq!(listed, json!({ "data": [], "next": null }));
}

#[tokio::test]
async fn a_token_of_a_cookie_reads_and_does_not_write() {
    let server = Server::new().await;
    let epoch = server.epoch_with_work().await;
    let cookie = format!("epoch_ledger_session={}", server.admin);
    let ask = |method, path: &str| server.ask(method, path).anonymous().header("cookie", &cookie);
    ask(Method::GET, "epochs").send().await.json(200);
    let is_write = |one: &&Route| one.method != "GET" && one.path.starts_with("/api/v1/ledgers");
    for route in ROUTES.iter().filter(is_write) {
        let path = path_of(route, "default").replace("current", &epoch.to_string());
        let reply = ask(route.method.parse().unwrap(), &path).send().await;
        reply.problem(Code::Unauthorized);
    }
    let after = server.get(&format!("epochs/{epoch}")).send().await.json(200);
    assert_eq!(after["status"], "open");
}

#[tokio::test]
async fn a_header_goes_before_a_cookie_and_must_be_a_token() {
    let server = Server::new().await;
    server.open_epoch().await;
    let cookie = format!("epoch_ledger_session={}", server.admin);
    for wrong in ["Basic YTpi", "Bearer", "Bearer x", "Token elt_00", ""] {
        let ask = server.get("epochs").anonymous();
        let reply = ask.header("cookie", &cookie).header("authorization", wrong).send().await;
        reply.problem(Code::Unauthorized);
    }
    let lower = format!("bearer {}", server.admin);
    server.get("epochs").anonymous().header("authorization", &lower).send().await.json(200);
}

#[tokio::test]
async fn a_token_ends_at_its_moment_and_one_that_is_taken_back_at_once() {
    let server = Server::new().await;
    let token = server.token_until("default", Scope::Read, Some("2026-11-20")).await;
    let read = || server.get("epochs").by(&token.reveal()).send();
    read().await.json(200);
    server.clock.set("2026-11-19T23:59:59.999999Z");
    read().await.json(200);
    server.clock.set("2026-11-20");
    read().await.problem(Code::Unauthorized);
    server.clock.set("2026-11-19");
    read().await.json(200);
    let store = server.container.activity_ledger_store(&parsed("default")).await.unwrap();
    store.revoke_access_token(token.token_id()).await.unwrap();
    read().await.problem(Code::Unauthorized);
}

#[tokio::test]
async fn a_token_lists_its_own_ledger_among_the_public_ones() {
    let server = Server::new().await;
    for name in ["aaa", "open", "zzz"] {
        server.create_ledger(name).await;
    }
    server.publish("open").await;
    let names = |body: serde_json::Value| -> Vec<String> {
        let data = body["data"].as_array().unwrap().clone();
        data.iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    let list = server.get("/api/v1/ledgers");
    assert_eq!(names(list.anonymous().send().await.json(200)), ["open"]);
    let theirs = server.token("zzz", Scope::Read).await;
    let list = server.get("/api/v1/ledgers").by(&theirs).send().await.json(200);
    assert_eq!(names(list), ["open", "zzz"]);
}

#[tokio::test]
async fn another_ledgers_epoch_looks_like_a_missing_one() {
    let server = Server::new().await;
    server.create_ledger("others").await;
    let epoch = server.epoch_with_work().await;
    let token = server.token("others", Scope::Admin).await;
    let is_of_epoch = |route: &&Route| route.path.contains("{epoch}") && !is_page(route);
    for route in ROUTES.iter().filter(is_of_epoch) {
        let path = path_of(route, "others");
        let of = |number: i64| {
            let path = path.replace("current", &number.to_string());
            let ask = server.ask(route.method.parse().unwrap(), &path).by(&token);
            match (route.method, route.path) {
                ("POST", path) if path.ends_with("/activity") => ask.json(&json!([])),
                ("POST", path) if path.ends_with("/pool-components") => {
                    ask.json(&json!({ "component_id": "top_up", "amount_credits": "1" }))
                }
                _ => ask,
            }
        };
        let theirs = of(epoch).send().await;
        theirs.problem(Code::NotFound);
        let (status, _, text) = told(&theirs);
        let missing = told(&of(epoch + 1_000).send().await);
        let text = text.replace(&epoch.to_string(), "N");
        let missing_text = missing.2.replace(&(epoch + 1_000).to_string(), "N");
        assert_eq!((status, text), (missing.0, missing_text), "{}", route.path);
    }
}
