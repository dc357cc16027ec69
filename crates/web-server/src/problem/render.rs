//! A problem as `application/problem+json`.

use axum::body::Body;
use axum::http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::Problem;

/// The media type of RFC 9457.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// What went wrong (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody {
    /// Where the code is described.
    #[schema(format = "uri-reference")]
    r#type: String,
    /// What the code says, the same each time.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// One of a closed list, for programs.
    code: &'static str,
    /// What happened this time, and what to do.
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
    /// Under which the log has the request.
    request_id: String,
    /// More members, such as `faults`.
    #[serde(flatten)]
    #[schema(value_type = Object, additional_properties)]
    more: Map<String, Value>,
}

/// The headers that a problem brings, whatever its body is.
pub(crate) fn set_headers(problem: &Problem, headers: &mut HeaderMap) {
    if let Some(wait) = problem.retry_after {
        // Whole seconds, and never before it helps.
        headers.insert(RETRY_AFTER, HeaderValue::from(wait.as_secs().saturating_add(1)));
    }
    if problem.code.status() == StatusCode::UNAUTHORIZED {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if let Ok(methods) = HeaderValue::from_str(&problem.allow.join(", "))
        && !problem.allow.is_empty()
    {
        headers.insert(ALLOW, methods);
    }
}

/// Writes the answer to a program.
pub(crate) fn render(problem: &Problem, request_id: &str) -> Response<Body> {
    let code = problem.code;
    let body = ProblemBody {
        r#type: format!("/problems#{}", code.name()),
        title: code.title(),
        status: code.status().as_u16(),
        code: code.name(),
        detail: problem.detail.clone().into_owned(),
        request_id: request_id.to_owned(),
        more: problem.more.clone(),
    };
    let bytes = serde_json::to_vec(&body).expect("text and numbers always serialize");
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = code.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(PROBLEM_JSON));
    set_headers(problem, headers);
    response
}
