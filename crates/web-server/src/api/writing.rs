//! Writes: once under a key, and the same answer each time.

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use ledger_port::{Answer as StoredAnswer, Once, Write, Written};
use serde::Serialize;

use crate::access::Visit;
use crate::problem::Answer;
use crate::state::App;

/// Says that nothing was done now: this is what was answered the first time.
pub(crate) static REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// Does a write and answers the record of what it did. What the pages remember of the ledger is
/// forgotten.
pub(crate) async fn write<R: Serialize>(
    app: &App,
    visit: &Visit,
    write: Write,
    once: Option<&Once>,
    status: StatusCode,
    record: impl Fn(&Written) -> R + Send + Sync,
) -> Answer<Response> {
    let render = |written: &Written| json(&record(written));
    let answer = visit.store.write(&write, once, &render).await;
    app.overviews.forget(visit.ledger.id);
    let answer = answer?;
    Ok(answered(status, answer))
}

/// The text of a record.
pub(crate) fn json(record: &impl Serialize) -> String {
    serde_json::to_string(record).expect("records are text, numbers and lists of them")
}

/// An answer as it was stored, or would have been.
pub(crate) fn answered(status: StatusCode, answer: StoredAnswer) -> Response {
    let json = HeaderValue::from_static("application/json");
    let mut response = (status, [(CONTENT_TYPE, json)], answer.text).into_response();
    if answer.is_replayed {
        response.headers_mut().insert(REPLAYED.clone(), HeaderValue::from_static("true"));
    }
    response
}
