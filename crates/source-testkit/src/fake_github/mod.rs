//! A GitHub to poll: a local HTTP server with what a test puts into it, its pages, entity tags,
//! renames, limits and failures.
//!
//! It answers as the REST API's documentation says, and where that is silent, in the way that is
//! harder for whoever asks: `since` leaves its own second out.

mod answer;
mod objects;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use ledger_core::Timestamp;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use self::objects::{comment, issue, pull_request, release, review, user};

/// A running server. It ends when it is dropped.
pub struct FakeGithub {
    api: String,
    state: Arc<Mutex<State>>,
    server: JoinHandle<()>,
}

/// What it answers instead of what was asked, once.
#[derive(Debug, Clone, Default)]
pub struct Instead {
    /// The status.
    pub status: u16,
    /// More headers.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// How long it takes.
    pub after: Duration,
}

/// What the server knows.
#[derive(Debug, Default)]
struct State {
    repositories: BTreeMap<u64, Repository>,
    token: Option<String>,
    instead: VecDeque<Instead>,
    bodies: BTreeMap<&'static str, Vec<u8>>,
    /// What it shows was changed until then.
    now: Option<Timestamp>,
    /// The most things on one page.
    page_items: Option<usize>,
    /// How many requests are left until the limit is reset.
    left: Option<u64>,
    asked: Vec<Asked>,
}

/// A request, and with which status it was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Path and query.
    pub what: String,
    /// The answer's status.
    pub status: u16,
}

#[derive(Debug, Default)]
struct Repository {
    /// `owner/name`, and before it what it was called earlier.
    names: Vec<String>,
    issues: Vec<Value>,
    comments: Vec<Value>,
    releases: Vec<Value>,
    reviews: BTreeMap<u64, Vec<Value>>,
    has_no_issues: bool,
}

impl FakeGithub {
    /// Starts one with nothing in it.
    ///
    /// # Panics
    /// When no port of this machine is free.
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(State::default()));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let address = listener.local_addr().expect("the port is known");
        let router = Router::new().fallback(answer::answer).with_state(Arc::clone(&state));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the server goes on");
        });
        Self { api: format!("http://{address}"), state, server }
    }

    /// The address of its API.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// Adds a repository, or gives one another name.
    pub fn name(&self, repository: u64, name: &str) -> &Self {
        self.state().repositories.entry(repository).or_default().names.push(name.to_owned());
        self
    }

    /// Puts an issue or a pull request there, in place of one with its number.
    pub fn put_issue(&self, repository: u64, issue: Value) -> &Self {
        self.with(repository, |one| put(&mut one.issues, "number", issue))
    }

    /// Puts a comment there, in place of one with its id.
    pub fn put_comment(&self, repository: u64, comment: Value) -> &Self {
        self.with(repository, |one| put(&mut one.comments, "id", comment))
    }

    /// Puts a release there, in place of one with its id.
    pub fn put_release(&self, repository: u64, release: Value) -> &Self {
        self.with(repository, |one| put(&mut one.releases, "id", release))
    }

    /// Adds a review to a pull request.
    pub fn add_review(&self, repository: u64, pull_request: u64, review: Value) -> &Self {
        self.with(repository, |one| one.reviews.entry(pull_request).or_default().push(review))
    }

    /// Switches a repository's issues on or off.
    pub fn switch_issues(&self, repository: u64, is_on: bool) -> &Self {
        self.with(repository, |one| one.has_no_issues = !is_on)
    }

    /// Refuses whoever comes without that token.
    pub fn require_token(&self, token: &str) -> &Self {
        self.state().token = Some(token.to_owned());
        self
    }

    /// Shows nothing that was changed, submitted or published after that time.
    pub fn show_until(&self, now: Timestamp) -> &Self {
        self.state().now = Some(now);
        self
    }

    /// Puts at most so many things on a page, however many are asked for.
    pub fn limit_pages(&self, items: usize) -> &Self {
        self.state().page_items = Some(items);
        self
    }

    /// Answers so many more requests, and then that the limit is used up.
    pub fn limit(&self, left: Option<u64>) -> &Self {
        self.state().left = left;
        self
    }

    /// Answers that to the next request that has no such answer yet.
    pub fn answer_instead(&self, instead: Instead) -> &Self {
        self.state().instead.push_back(instead);
        self
    }

    /// Answers that, with status 200, whenever a path is asked for that ends so.
    pub fn answer_always(&self, path_end: &'static str, body: Vec<u8>) -> &Self {
        self.state().bodies.insert(path_end, body);
        self
    }

    /// What was asked since the last time somebody looked.
    pub fn asked(&self) -> Vec<Asked> {
        std::mem::take(&mut self.state().asked)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with(&self, repository: u64, change: impl FnOnce(&mut Repository)) -> &Self {
        let mut state = self.state();
        change(state.repositories.get_mut(&repository).expect("it was given a name before"));
        self
    }
}

impl Drop for FakeGithub {
    fn drop(&mut self) {
        self.server.abort();
    }
}

fn put(list: &mut Vec<Value>, key: &str, new: Value) {
    list.retain(|old| old[key] != new[key]);
    list.push(new);
}
