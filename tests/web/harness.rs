//! A server, a client, and books that state only what matters.

use std::net::SocketAddr;
use std::sync::Arc;

use app_container::{Container, Database, DatabaseConfig};
use ledger_core::{BearerToken, LedgerId, NewAccessToken, Scope, TokenId, Visibility};
use ledger_testkit::{SettableClock, moment, parsed};
use reqwest::header::{CONTENT_TYPE, HeaderMap};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};
use store_testkit::TestDatabase;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use web_server::{Code, Settings, WebServer};

/// The ledger that every database has.
pub(crate) const LEDGER: &str = "default";

/// In the middle of the week `2026-W47`.
pub(crate) const NOW: &str = "2026-11-19T12:00:00Z";

/// A server over a database of its own, and an admin's token of its ledger.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) clock: SettableClock,
    pub(crate) container: Arc<Container>,
    pub(crate) admin: String,
    client: Client,
    stop: CancellationToken,
    pub(crate) serving: Option<JoinHandle<()>>,
    pub(crate) database: TestDatabase,
}

impl Server {
    pub(crate) async fn new() -> Self {
        Self::with(|_| ()).await
    }

    /// With other settings. Requests are not counted, unless the test wants it.
    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let database = TestDatabase::new().await;
        let clock = SettableClock::at(NOW);
        let config = DatabaseConfig::Named(database.service_url_text());
        let opened = Database::open(&config).await.unwrap();
        let container = Container::open_with_clock(opened, Arc::new(clock.clone())).await.unwrap();
        let container = Arc::new(container);
        let mut settings = Settings { requests_per_minute: u32::MAX, ..Settings::default() };
        change(&mut settings);
        let any_port = "127.0.0.1:0".parse().unwrap();
        let server = WebServer::bind(any_port, Arc::clone(&container), settings).await.unwrap();
        let address = server.address().unwrap();
        let stop = CancellationToken::new();
        let serving = Some(tokio::spawn(server.serve(stop.clone())));
        // The client is built with a provider of TLS, though it only speaks plain HTTP here.
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let client = Client::builder().no_proxy().build().unwrap();
        let admin = String::new();
        let mut server = Self { address, clock, container, admin, client, stop, serving, database };
        server.admin = server.token(LEDGER, Scope::Admin).await;
        server
    }

    /// Tells the server to stop; what ends it is awaited with [`Self::serving`].
    pub(crate) fn stop(&self) {
        self.stop.cancel();
    }

    /// A new token of a ledger.
    pub(crate) async fn token(&self, ledger: &str, scope: Scope) -> String {
        self.token_until(ledger, scope, None).await.reveal()
    }

    pub(crate) async fn token_until(
        &self,
        ledger: &str,
        scope: Scope,
        end: Option<&str>,
    ) -> BearerToken {
        let id = TokenId(Uuid::new_v4());
        let token = BearerToken::new(LedgerId::of(&parsed(ledger)), id, [7; 32]);
        let stored = NewAccessToken {
            id,
            name: parsed("a test's"),
            scope,
            secret_hash: token.secret_hash(),
            expires_at: end.map(moment),
        };
        let store = self.container.activity_ledger_store(&parsed(ledger)).await.unwrap();
        store.insert_access_token(&stored).await.unwrap();
        token
    }

    pub(crate) async fn create_ledger(&self, name: &str) {
        self.container.ledger_registry().create_ledger(&parsed(name)).await.unwrap();
    }

    pub(crate) async fn publish(&self, name: &str) {
        let registry = self.container.ledger_registry();
        registry.set_ledger_visibility(&parsed(name), Visibility::Public).await.unwrap();
    }

    /// Asks by an admin's token. A path without a slash before it is below the default ledger.
    pub(crate) fn ask(&self, method: Method, path: &str) -> Ask {
        let path = match path {
            "" => format!("/api/v1/ledgers/{LEDGER}"),
            _ if path.starts_with('/') => path.to_owned(),
            _ => format!("/api/v1/ledgers/{LEDGER}/{path}"),
        };
        let request = self.client.request(method, format!("http://{}{path}", self.address));
        Ask { request, token: Some(self.admin.clone()) }
    }

    pub(crate) fn get(&self, path: &str) -> Ask {
        self.ask(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Ask {
        self.ask(Method::POST, path)
    }

    pub(crate) fn patch(&self, path: &str) -> Ask {
        self.ask(Method::PATCH, path)
    }

    /// Opens `2026-W47` with the usual weights.
    pub(crate) async fn open_epoch(&self) -> i64 {
        self.open_week("2026-W47").await
    }

    pub(crate) async fn open_week(&self, week: &str) -> i64 {
        let body =
            json!({ "week": week, "weights": { "forge:change": "8000", "forge:note": 500 } });
        self.post("epochs").json(&body).send().await.json(201)["id"].as_i64().unwrap()
    }

    pub(crate) async fn insert(&self, epoch: i64, events: &Value) {
        self.post(&format!("epochs/{epoch}/activity")).json(events).send().await.json(200);
    }

    pub(crate) async fn bind(&self, bindings: &[(&str, &str)]) {
        let binding = |(platform, user): &(&str, &str)| json!({ "source": "forge", "platform_user_id": platform, "user_id": user });
        let bindings: Vec<Value> = bindings.iter().map(binding).collect();
        self.post("identities").json(&json!({ "bindings": bindings })).send().await.json(200);
    }

    pub(crate) async fn propose(&self, epoch: i64) {
        self.post(&format!("epochs/{epoch}/allocations/propose")).send().await.json(200);
    }

    pub(crate) async fn add_to_pool(&self, epoch: i64, component: &str, amount: &str) {
        let body = json!({ "component_id": component, "amount_credits": amount });
        let path = format!("epochs/{epoch}/pool-components");
        self.post(&path).json(&body).send().await.json(201);
    }

    pub(crate) async fn finalize(&self, epoch: i64) -> Value {
        self.post(&format!("epochs/{epoch}/finalize")).send().await.json(200)
    }

    /// An open epoch in which `ada` has two changes and a note, `bob` one change, and `p-carl` waits;
    /// proposed, with a pool of 1,000.
    pub(crate) async fn epoch_with_work(&self) -> i64 {
        let epoch = self.open_epoch().await;
        let events = json!([
            event("e1", "p-ada"),
            event("e2", "p-ada"),
            note("e3", "p-ada"),
            event("e4", "p-bob"),
            event("e5", "p-carl"),
        ]);
        self.insert(epoch, &events).await;
        self.bind(&[("p-ada", "ada"), ("p-bob", "bob")]).await;
        self.propose(epoch).await;
        self.add_to_pool(epoch, "base_issuance", "1000").await;
        epoch
    }
}

/// A change at the forge, in the week `2026-W47`.
pub(crate) fn event(id: &str, by: &str) -> Value {
    json!({
        "id": id, "source": "forge", "event_type": "change", "platform_user_id": by,
        "event_time": "2026-11-17T10:00:00Z",
    })
}

/// A note at the forge.
pub(crate) fn note(id: &str, by: &str) -> Value {
    let mut note = event(id, by);
    note["event_type"] = "note".into();
    note
}

/// An event at another time.
pub(crate) fn at(time: &str, mut event: Value) -> Value {
    event["event_time"] = time.into();
    event
}

/// Events as lines.
pub(crate) fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// A request that is being put together.
pub(crate) struct Ask {
    request: RequestBuilder,
    token: Option<String>,
}

impl Ask {
    pub(crate) fn by(mut self, token: &str) -> Self {
        self.token = Some(token.to_owned());
        self
    }

    pub(crate) fn anonymous(mut self) -> Self {
        self.token = None;
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.request = self.request.header(name, value);
        self
    }

    pub(crate) fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    pub(crate) fn body(mut self, media_type: &str, body: impl Into<reqwest::Body>) -> Self {
        self.request = self.request.header(CONTENT_TYPE, media_type).body(body);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    pub(crate) fn lines(self, body: impl Into<reqwest::Body>) -> Self {
        self.body("application/x-ndjson", body)
    }

    pub(crate) async fn send(self) -> Reply {
        let request = match self.token {
            Some(token) => self.request.bearer_auth(token),
            None => self.request,
        };
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Reply { status, headers, bytes: response.bytes().await.unwrap().to_vec() }
    }
}

/// An answer, read to its end.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// JSON that came with this status.
    pub(crate) fn json(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_slice(&self.bytes).unwrap()
    }

    /// A problem, which has the shape that every problem has.
    #[track_caller]
    pub(crate) fn problem(&self, code: Code) -> Value {
        let text = self.text();
        assert_eq!(self.status, code.status().as_u16(), "{text}");
        assert_eq!(self.header("content-type"), "application/problem+json", "{text}");
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["code"], code.name(), "{text}");
        assert_eq!(body["type"], format!("/problems#{}", code.name()));
        assert_eq!((&body["title"], &body["status"]), (&json!(code.title()), &json!(self.status)));
        assert_eq!(body["request_id"], self.header("x-request-id"));
        assert!(Uuid::parse_str(self.header("x-request-id")).is_ok(), "{text}");
        let says_who_may = self.header("www-authenticate") == "Bearer";
        assert_eq!(says_who_may, self.status == 401, "{text}");
        let has_detail = body["detail"].as_str().is_some_and(|detail| !detail.is_empty());
        let is_a_limit = code == Code::Unavailable;
        assert!(is_a_limit || has_detail != (self.status >= 500), "{text}");
        body
    }
}
