//! `POST /api/v1/webhooks/github/{ledger}`: deliveries of GitHub's hooks.

use activity_sources::github::{Delivery, DeliveryError, MAX_DELIVERY_BYTES, Received};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use ledger_core::{IdempotencyKey, LedgerName, NewActivityEvent, Sha256Hex};
use ledger_port::{ActivityLedgerStore, Once, Write, Written};

use super::extract::{At, read_body};
use super::ingest::{no_open_epoch, write_events};
use super::writing::{answered, json};
use crate::problem::{Answer, Code, Problem};
use crate::records::IngestRecord;
use crate::state::App;

/// Takes a delivery of GitHub's. It is signed with the hook's secret, which is checked before anything
/// is parsed. An event goes into the open epoch; what the ledger does not count is a 204. The same
/// delivery again is answered and not stored again.
#[utoipa::path(
    post, path = "/api/v1/webhooks/github/{ledger}", tag = "webhooks",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("X-GitHub-Event" = String, Header, description = "What happened"),
        ("X-GitHub-Delivery" = String, Header, description = "The delivery's id"),
        ("X-Hub-Signature-256" = String, Header, description = "HMAC-SHA256 over the body"),
    ),
    request_body(content = Object, content_type = "application/json"),
    responses(
        (status = OK, body = IngestRecord),
        (status = NO_CONTENT, description = "Nothing that the ledger counts"),
    )
)]
pub(crate) async fn github(
    State(app): State<App>,
    At(ledger): At<String>,
    request: Request,
) -> Answer<Response> {
    let no_hook = || Problem::not_found("this ledger has no hook; see `epoch-ledger serve --help`");
    let name: LedgerName = ledger.parse().map_err(|_| no_hook())?;
    let hook = app.settings.webhooks.get(&name).ok_or_else(no_hook)?;
    let headers = request.headers().clone();
    let body = read_body(request, MAX_DELIVERY_BYTES).await?;
    let delivery = Delivery {
        event: text_of(&headers, "x-github-event").unwrap_or_default(),
        signature: text_of(&headers, "x-hub-signature-256"),
        body: &body,
    };
    let event = match hook
        .0
        .read(delivery, app.container.clock().now())
        .map_err(|error| refused(&error))?
    {
        Received::Event(event) => *event,
        Received::Bot | Received::Nothing => return Ok(StatusCode::NO_CONTENT.into_response()),
    };
    let store = app.container.activity_ledger_store(&name).await?;
    let once = once(&headers, &body)?;
    store_event(&app, store.as_ref(), event, &once).await
}

fn text_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The delivery's id is the key. GitHub sends the same body when a delivery is repeated.
fn once(headers: &HeaderMap, body: &[u8]) -> Answer<Once> {
    let id = text_of(headers, "x-github-delivery").unwrap_or_default();
    let key = IdempotencyKey::new(format!("github-delivery:{id}"));
    let key = key.map_err(|error| Problem::malformed(format!("X-GitHub-Delivery: {error}")))?;
    if id.is_empty() {
        return Err(Problem::malformed("the delivery has no X-GitHub-Delivery"));
    }
    Ok(Once { key, request_hash: Sha256Hex::of(body) })
}

fn refused(error: &DeliveryError) -> Problem {
    let code = match error {
        DeliveryError::Unsigned | DeliveryError::WrongSignature => Code::Unauthorized,
        DeliveryError::TooLarge => Code::TooLarge,
        DeliveryError::Malformed { .. } => Code::InvalidValue,
    };
    Problem::new(code, error.to_string())
}

async fn store_event(
    app: &App,
    store: &dyn ActivityLedgerStore,
    event: NewActivityEvent,
    once: &Once,
) -> Answer<Response> {
    if let Some(answer) = store.find_answer(once).await? {
        return Ok(answered(StatusCode::OK, answer));
    }
    let Some(epoch) = store.get_open_epoch().await? else {
        // GitHub tries a delivery once.
        tracing::warn!(
            delivery = once.key.as_str(), event = %event.id,
            "a webhook's event was not taken, as no epoch is open: have it delivered again, or \
             collect from GitHub"
        );
        return Err(no_open_epoch());
    };
    let write = Write::InsertActivityEvents { epoch_id: epoch.id, events: vec![event] };
    let render = |written: &Written| {
        let Written::Activity(outcome) = written else {
            unreachable!("events are written as events")
        };
        json(&IngestRecord::of(std::slice::from_ref(outcome), 0, Vec::new()))
    };
    let (answer, _) = write_events(app, store, &write, Some(once), &render).await?;
    Ok(answered(StatusCode::OK, answer))
}
