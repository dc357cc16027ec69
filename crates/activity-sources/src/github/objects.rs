//! What GitHub says of things, as far as it is read here. The same objects are in the REST API, in
//! webhooks and in GH Archive.

use ledger_core::Timestamp;
use serde::Deserialize;

/// Somebody with an account.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) login: String,
    /// `Bot` for an app.
    #[serde(rename = "type", default)]
    pub(super) kind: String,
}

/// A repository. Its id stays when it is renamed or given to somebody else.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Repository {
    pub(super) id: u64,
}

/// An issue, or a pull request as the list of issues has it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Issue {
    pub(super) number: u64,
    /// `None` where the account is gone.
    pub(super) user: Option<User>,
    pub(super) html_url: String,
    /// `open` or `closed`. An issue that was reopened keeps its `closed_at`.
    pub(super) state: String,
    pub(super) state_reason: Option<String>,
    pub(super) closed_at: Option<Timestamp>,
    pub(super) updated_at: Timestamp,
    pub(super) pull_request: Option<PullRequestLink>,
}

/// What the list of issues knows of a pull request besides.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PullRequestLink {
    pub(super) merged_at: Option<Timestamp>,
}

/// A pull request, as far as its reviews need it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Reviewed {
    pub(super) number: u64,
    pub(super) user: Option<User>,
}

/// A pull request as it is told on its own.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PullRequest {
    pub(super) number: u64,
    pub(super) user: Option<User>,
    pub(super) html_url: String,
    pub(super) merged_at: Option<Timestamp>,
}

/// A review of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Review {
    pub(super) id: u64,
    pub(super) user: Option<User>,
    pub(super) html_url: String,
    /// `None` while it is not submitted.
    pub(super) submitted_at: Option<Timestamp>,
}

/// A comment on an issue or on a pull request's conversation.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) user: Option<User>,
    pub(super) html_url: String,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

/// A release.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Release {
    pub(super) id: u64,
    pub(super) author: Option<User>,
    pub(super) html_url: String,
    /// `None` for a draft.
    pub(super) published_at: Option<Timestamp>,
}
