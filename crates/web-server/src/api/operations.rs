//! For whoever runs the service.

use axum::Json;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use ledger_port::PageRequest;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::{Answer, Code};
use crate::state::App;

/// That the service is there.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`.
    status: &'static str,
}

/// Whether the process answers; it does not ask the database.
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = OK, body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Whether the service can do its work: it asks the database.
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = OK, body = Health)))]
pub(crate) async fn readyz(State(app): State<App>) -> Answer<Json<Health>> {
    app.container.ledger_registry().list_ledgers(PageRequest::first().of_at_most(1)).await?;
    Ok(Json(Health { status: "ok" }))
}

/// The description of this API (OpenAPI 3.1).
pub(crate) async fn openapi_json() -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], super::openapi::text())
}

/// One line of the list of codes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CodeRecord {
    code: &'static str,
    status: u16,
    title: &'static str,
}

/// Every code that an answer of this API may have.
#[utoipa::path(
    get, path = "/problems", tag = "operations", responses((status = OK, body = Vec<CodeRecord>))
)]
pub(crate) async fn problems() -> Json<Vec<CodeRecord>> {
    let record = |code: &Code| CodeRecord {
        code: code.name(),
        status: code.status().as_u16(),
        title: code.title(),
    };
    Json(Code::ALL.iter().map(record).collect())
}
