//! A problem as a page.

use axum::http::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};

use super::frame::{frame_of_problem, html};
use crate::pages::{ErrorPage, address};
use crate::problem::{Code, Problem, set_headers};
use crate::state::App;

/// The page for a problem, where a browser asked for a page; `None` where a program asked.
pub(crate) async fn page_of(
    app: &App,
    problem: &Problem,
    request_id: &str,
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Option<Response> {
    let is_page = !path.starts_with("/api/");
    let accepts = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_page || !accepts.contains("text/html") {
        return None;
    }
    if problem.code == Code::Unauthorized && *method == Method::GET {
        let to = format!("/sign-in{}", address::query(&[("next", path)]));
        let mut response = StatusCode::SEE_OTHER.into_response();
        response.headers_mut().insert(LOCATION, HeaderValue::from_str(&to).ok()?);
        return Some(response);
    }
    let title = title(problem.code);
    let page = ErrorPage {
        layout: frame_of_problem(app, headers, problem, &title, path).await,
        status: problem.code.status().as_u16(),
        title,
        detail: problem.detail.clone().into_owned(),
        next: what_helps(problem.code),
        request_id: request_id.to_owned(),
    };
    let mut response = html(&page).ok()?;
    *response.status_mut() = problem.code.status();
    set_headers(problem, response.headers_mut());
    debug_assert!(response.headers().contains_key(CONTENT_TYPE));
    Some(response)
}

/// Without the full stop that a heading does not have.
fn title(code: Code) -> String {
    let first = code.title().split(". ").next().unwrap_or_default();
    first.trim_end_matches('.').to_owned()
}

fn what_helps(code: Code) -> Vec<String> {
    let sentences: &[&str] = match code {
        Code::NotFound => {
            &["Check the address.", "If the ledger is not public, sign in with a token of it."]
        }
        Code::Unauthorized => &["Sign in with a token of this ledger."],
        Code::Forbidden => &["Sign in with a token that may do this, or ask the operator for one."],
        Code::ForgedForm => &["Go back, load the page again, and send its form."],
        Code::TooManyRequests => &["Wait a moment, then load the page again."],
        Code::Unavailable | Code::RequestTimeout => &["Load the page again in a moment."],
        Code::Internal => &["Tell the operator the request's id, which the log has."],
        _ => &["Go back and look at what was entered."],
    };
    sentences.iter().map(|sentence| (*sentence).to_owned()).collect()
}
