//! What every request goes through, from the outside in: an id, its time and its count; the headers of
//! its answer; the limits.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{self, HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use tokio::sync::Semaphore;
use tracing::Instrument as _;
use uuid::Uuid;

use crate::Settings;
use crate::problem::{Answer, Code, Problem, render};
use crate::site::page_of;
use crate::state::App;

/// Under which a request and its answer are found in the log.
pub(crate) static REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Where a connection comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// The route that answered, for counting.
#[derive(Debug, Clone)]
pub(crate) struct AnsweredBy(pub(crate) MatchedPath);

/// How many requests there may be at once, and from one address in a minute.
pub(crate) struct Limits {
    at_once: Semaphore,
    per_address: DefaultKeyedRateLimiter<IpAddr>,
}

/// How many addresses are remembered before those that are quiet are forgotten.
const MAX_ADDRESSES: usize = 10_000;

impl Limits {
    pub(crate) fn new(settings: &Settings) -> Self {
        let a_minute = NonZeroU32::new(settings.requests_per_minute).unwrap_or(NonZeroU32::MIN);
        Self {
            at_once: Semaphore::new(settings.max_concurrent_requests),
            per_address: RateLimiter::keyed(Quota::per_minute(a_minute)),
        }
    }

    fn check_rate(&self, address: IpAddr) -> Answer<()> {
        if self.per_address.len() > MAX_ADDRESSES {
            self.per_address.retain_recent();
        }
        self.per_address.check_key(&address).map_err(|until| {
            let wait = until.wait_time_from(DefaultClock::default().now());
            Problem::new(Code::TooManyRequests, "wait as long as Retry-After says")
                .retry_after(wait)
        })
    }
}

/// Gives a request its id, counts and logs it, and writes its problem, if it has one.
pub(crate) async fn account(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let began = Instant::now();
    let id = Uuid::new_v4().to_string();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let header = HeaderValue::from_str(&id).expect("a UUID is a header's value");
    request.headers_mut().insert(REQUEST_ID.clone(), header.clone());
    let headers = request.headers().clone();
    let target = request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned();
    let span = tracing::info_span!("request", id, %method, path);
    let mut response = next.run(request).instrument(span.clone()).await;
    let took = began.elapsed();
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        if problem.code.status().is_server_error() {
            let cause = problem.cause.as_deref().unwrap_or("no cause is known");
            span.in_scope(|| {
                tracing::error!(code = problem.code.name(), cause, "a request failed");
            });
        }
        let answered_by = response.extensions_mut().remove::<AnsweredBy>();
        let page = page_of(&app, &problem, &id, &method, &target, &headers);
        let page = page.instrument(span.clone()).await;
        response = page.unwrap_or_else(|| render(&problem, &id));
        if let Some(answered_by) = answered_by {
            response.extensions_mut().insert(answered_by);
        }
    }
    let status = response.status();
    let route = response.extensions().get::<AnsweredBy>();
    let route = route.map_or("none", |AnsweredBy(path)| path.as_str());
    app.metrics.answered(method.as_str(), route, status.as_u16(), took);
    span.in_scope(|| tracing::info!(status = status.as_u16(), ms = took.as_millis(), "answered"));
    response.headers_mut().insert(REQUEST_ID.clone(), header);
    response
}

/// Nothing from another host, nothing inline, no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; script-src 'self'; \
    connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The headers that every answer has.
pub(crate) async fn secure(State(app): State<App>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    let mut fixed = vec![
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    if app.settings.behind_proxy {
        fixed.push((header::STRICT_TRANSPORT_SECURITY, "max-age=31536000"));
    }
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What a token holder sees is for nobody's shared cache.
    let uncached = HeaderValue::from_static("no-store");
    headers.entry(header::CACHE_CONTROL).or_insert(uncached);
    response
}

/// Refuses what is too often or too much at once. Whoever watches the service is let through.
pub(crate) async fn limit(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Answer<Response> {
    if matches!(request.uri().path(), "/healthz" | "/readyz" | "/metrics") {
        return Ok(next.run(request).await);
    }
    if let Some(address) = address_of(&request, app.settings.behind_proxy) {
        app.limits.check_rate(address)?;
    }
    let Ok(_permit) = app.limits.at_once.try_acquire() else {
        let problem = Problem::new(Code::Unavailable, "too many requests are being worked on");
        return Err(problem.retry_after(Duration::ZERO));
    };
    let _counted = app.metrics.begins();
    Ok(next.run(request).await)
}

/// Behind a proxy the last address of `X-Forwarded-For` is the one that the proxy saw; those before
/// it are the client's own words.
fn address_of(request: &Request, behind_proxy: bool) -> Option<IpAddr> {
    let peer = request.extensions().get::<Peer>().map(|Peer(address)| *address);
    if !behind_proxy {
        return peer;
    }
    let forwarded = request.headers().get_all("x-forwarded-for").iter().next_back();
    let last = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    last.and_then(|address| address.trim().parse().ok()).or(peer)
}

/// Gives up on a request that takes too long. What it wrote in a transaction is rolled back.
pub(crate) async fn time_out(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Answer<Response> {
    let is_upload =
        request.method() == axum::http::Method::POST && request.uri().path().ends_with("/activity");
    let settings = &app.settings;
    let patience = if is_upload { settings.upload_timeout } else { settings.request_timeout };
    tokio::time::timeout(patience, next.run(request)).await.map_err(|_| {
        let detail = format!("it took longer than {} s", patience.as_secs());
        Problem::new(Code::RequestTimeout, detail)
    })
}

/// Remembers which route answers.
pub(crate) async fn remember_route(path: MatchedPath, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.extensions_mut().insert(AnsweredBy(path));
    response
}

/// A handler that panicked.
#[expect(clippy::needless_pass_by_value, reason = "it is what the layer hands over")]
pub(crate) fn panicked(panic: Box<dyn std::any::Any + Send>) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?");
    let cause = std::io::Error::other(format!("a handler panicked: {text}"));
    Problem::internal(&cause).into_response()
}
