//! What the fake GitHub answers.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::{Query, State as Shared};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use ledger_core::{Sha256Hex, Timestamp};
use serde_json::{Value, json};

use super::{Asked, Instead, Repository, State};

/// When the limit is reset, after the time of the answer.
const RESET_SECONDS: i64 = 900;

/// What will be answered.
struct Answer {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json; charset=utf-8".to_owned())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    fn message(status: u16, message: &str) -> Self {
        Self::json(status, &json!({ "message": message }))
    }
}

pub(super) async fn answer(
    Shared(state): Shared<Arc<Mutex<State>>>,
    Query(query): Query<BTreeMap<String, String>>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let instead = state.lock().unwrap_or_else(PoisonError::into_inner).instead.pop_front();
    if let Some(instead) = &instead {
        tokio::time::sleep(instead.after).await;
    }
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let answer = match instead {
        Some(Instead { status, headers, body, .. }) => Answer { status, headers, body },
        None => match state.body_of(uri.path()) {
            Some(body) => Answer { status: 200, headers: Vec::new(), body },
            None => state.answer(uri.path(), &query, &headers),
        },
    };
    let what = uri.to_string();
    state.asked.push(Asked { what, status: answer.status });
    let status = StatusCode::from_u16(answer.status).expect("a test gives a status that exists");
    let mut response = Response::builder().status(status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).expect("a test gives headers that can be sent")
}

impl State {
    /// What is answered there always.
    fn body_of(&self, path: &str) -> Option<Vec<u8>> {
        let mut bodies = self.bodies.iter();
        bodies.find(|(end, _)| path.ends_with(**end)).map(|(_, body)| body.clone())
    }

    fn answer(
        &mut self,
        path: &str,
        query: &BTreeMap<String, String>,
        headers: &HeaderMap,
    ) -> Answer {
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(token) = &self.token
            && header("authorization") != Some(&format!("Bearer {token}"))
        {
            return Answer::message(401, "Bad credentials");
        }
        if self.left == Some(0) {
            let mut answer = Answer::message(403, "API rate limit exceeded for user ID 1.");
            let now = chrono::Utc::now();
            answer.headers.extend([
                ("x-ratelimit-remaining", "0".to_owned()),
                ("x-ratelimit-reset", (now.timestamp() + RESET_SECONDS).to_string()),
                ("date", now.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
            ]);
            return answer;
        }
        self.left = self.left.map(|left| left - 1);
        let segments: Vec<_> = path.trim_matches('/').split('/').collect();
        match segments.as_slice() {
            ["repos", owner, name] => self.named(&format!("{owner}/{name}")),
            ["orgs", owner, "repos"] => self.organization(owner, query),
            ["repositories", id, list @ ..] => {
                let repository = id.parse().ok().and_then(|id: u64| self.repositories.get(&id));
                let Some(repository) = repository else {
                    return Answer::message(404, "Not Found");
                };
                repository.list(list, &self.view(query, header("if-none-match")))
            }
            _ => Answer::message(404, "Not Found"),
        }
    }

    fn view<'a>(&self, query: &'a BTreeMap<String, String>, etag: Option<&'a str>) -> View<'a> {
        View { query, etag, now: self.now, page_items: self.page_items }
    }

    fn named(&self, name: &str) -> Answer {
        let is = |one: &String| one.eq_ignore_ascii_case(name);
        let now = |one: &Repository| one.names.last().is_some_and(is);
        if let Some((id, repository)) = self.repositories.iter().find(|(_, one)| now(one)) {
            return Answer::json(200, &described(*id, repository));
        }
        match self.repositories.iter().find(|(_, one)| one.names.iter().any(is)) {
            Some((id, repository)) => {
                let mut answer = Answer::message(301, "Moved Permanently");
                let to = repository.names.last().cloned().unwrap_or_default();
                answer.headers.push(("location", format!("/repos/{to}?id={id}")));
                answer
            }
            None => Answer::message(404, "Not Found"),
        }
    }

    fn organization(&self, owner: &str, query: &BTreeMap<String, String>) -> Answer {
        let owned = |one: &Repository| {
            one.names
                .last()
                .and_then(|name| name.split_once('/'))
                .is_some_and(|(of, _)| of == owner)
        };
        let repositories = self.repositories.iter().filter(|(_, one)| owned(one));
        let all: Vec<_> = repositories.map(|(id, one)| described(*id, one)).collect();
        if all.is_empty() {
            return Answer::message(404, "Not Found");
        }
        self.view(query, None).page(&all)
    }
}

fn described(id: u64, repository: &Repository) -> Value {
    json!({ "id": id, "full_name": repository.names.last() })
}

/// How a list is shown.
struct View<'a> {
    query: &'a BTreeMap<String, String>,
    etag: Option<&'a str>,
    now: Option<Timestamp>,
    page_items: Option<usize>,
}

impl Repository {
    fn list(&self, list: &[&str], view: &View<'_>) -> Answer {
        match list {
            ["issues", ..] if self.has_no_issues => {
                Answer::message(410, "Issues has been disabled in this repository.")
            }
            ["issues"] => view.page(&view.changed(&self.issues)),
            ["issues", "comments"] => view.page(&view.changed(&self.comments)),
            ["releases"] => {
                let mut newest_first = view.until_now(&self.releases, "published_at");
                newest_first.reverse();
                view.page(&newest_first)
            }
            ["pulls", number, "reviews"] => {
                let reviews = number.parse().ok().and_then(|number: u64| self.reviews.get(&number));
                let reviews = reviews.map_or(&[][..], Vec::as_slice);
                view.page(&view.until_now(reviews, "submitted_at"))
            }
            _ => Answer::message(404, "Not Found"),
        }
    }
}

fn time(one: &Value, key: &str) -> Option<Timestamp> {
    one[key].as_str().and_then(|text| text.parse().ok())
}

impl View<'_> {
    fn until_now(&self, all: &[Value], key: &str) -> Vec<Value> {
        let is_past = |one: &&Value| self.now.is_none() || time(one, key) <= self.now;
        all.iter().filter(is_past).cloned().collect()
    }

    /// Those that were changed after `since`, in the order of their changes.
    fn changed(&self, all: &[Value]) -> Vec<Value> {
        let query = self.query;
        assert_eq!(query.get("sort").map(String::as_str), Some("updated"), "{query:?}");
        assert_eq!(query.get("direction").map(String::as_str), Some("asc"), "{query:?}");
        let since = query.get("since").and_then(|since| since.parse::<Timestamp>().ok());
        let mut found = self.until_now(all, "updated_at");
        found.retain(|one| time(one, "updated_at") > since);
        found.sort_by_key(|one| time(one, "updated_at"));
        found
    }

    fn page(&self, all: &[Value]) -> Answer {
        let number = |name: &str, default: usize| {
            self.query.get(name).and_then(|text| text.parse::<usize>().ok()).unwrap_or(default)
        };
        let most = self.page_items.unwrap_or(100);
        let (size, at) = (number("per_page", 30).clamp(1, most), number("page", 1).max(1));
        let from = (size * (at - 1)).min(all.len());
        let to = (from + size).min(all.len());
        let mut answer = Answer::json(200, &Value::from(&all[from..to]));
        let tag = format!("W/\"{}\"", &Sha256Hex::of(&answer.body).as_str()[..16]);
        if self.etag == Some(&tag) {
            return Answer { status: 304, headers: Vec::new(), body: Vec::new() };
        }
        answer.headers.push(("etag", tag));
        if to < all.len() {
            let next = format!("<http://x/?page={}>; rel=\"next\"", at + 1);
            answer.headers.push(("link", format!("<http://x/?page=1>; rel=\"first\", {next}")));
        }
        answer
    }
}
