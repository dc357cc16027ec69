//! What GitHub's objects come to: who did what and when, under which id.
//!
//! Only what the REST API, webhooks and GH Archive all know, and what never changes afterwards, is
//! in the fact: ids and numbers, no titles, no names, no verdict of a review. So the same fact has
//! the same id and the same hash whichever way it comes, and after a rename too.

use ledger_core::{EventId, NewActivityEvent, PlatformUserId, Sha256Hex, SourceName, Timestamp};
use serde_json::{Value, json};

use super::objects::{Comment, Issue, PullRequest, Release, Review, Reviewed, User};
use crate::bots::Bots;
use crate::text::{bounded, printable};

const PRODUCER: &str = "epoch-ledger/activity-sources/github";

/// The longest login that an event shows, in bytes. GitHub's own limit is 39.
const MAX_LOGIN_BYTES: usize = 256;

/// The longest link that an event keeps, in bytes.
const MAX_URL_BYTES: usize = 2_048;

/// Where repositories and accounts have their numbers: GitHub, or a company's own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Instance {
    /// github.com, whose numbers stand alone.
    Public,
    /// Another host, which stands beside its numbers so that they are nobody else's.
    Other(String),
}

impl Instance {
    pub(super) fn host(&self) -> &str {
        match self {
            Self::Public => "github.com",
            Self::Other(host) => host,
        }
    }

    /// A number of a repository, or of anything that is numbered across all of them.
    fn number(&self, id: u64) -> String {
        match self {
            Self::Public => id.to_string(),
            Self::Other(host) => format!("{host}/{id}"),
        }
    }

    fn user(&self, id: u64) -> String {
        match self {
            Self::Public => id.to_string(),
            Self::Other(host) => format!("{id}@{host}"),
        }
    }
}

/// A repository, by what never changes about it.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) instance: Instance,
    pub(crate) repository_id: u64,
}

/// Something that somebody did.
#[derive(Debug, Clone)]
pub(crate) struct Fact {
    /// The id of its event.
    pub(crate) id: String,
    event_type: &'static str,
    author: Option<User>,
    pub(crate) time: Timestamp,
    url: String,
    metadata: Value,
}

impl Place {
    /// The pull request that was merged, or the issue that is closed. What is neither is no fact.
    pub(super) fn of_issue(&self, issue: &Issue) -> Option<Fact> {
        let Issue { number, user, html_url, .. } = issue;
        if let Some(link) = &issue.pull_request {
            return self.of_pull_request(&PullRequest {
                number: *number,
                user: user.clone(),
                html_url: html_url.clone(),
                merged_at: link.merged_at,
            });
        }
        if issue.state != "closed" {
            return None;
        }
        Some(Fact {
            id: format!("github:issue:{}:{number}", self.instance.number(self.repository_id)),
            event_type: type_of_closed(issue),
            author: user.clone(),
            time: issue.closed_at?,
            url: html_url.clone(),
            metadata: json!({ "repository_id": self.repository_id, "number": number }),
        })
    }

    /// A pull request that was merged.
    pub(super) fn of_pull_request(&self, pull_request: &PullRequest) -> Option<Fact> {
        let PullRequest { number, user, html_url, merged_at } = pull_request;
        Some(Fact {
            id: format!("github:pr:{}:{number}", self.instance.number(self.repository_id)),
            event_type: "pr_merged",
            author: user.clone(),
            time: (*merged_at)?,
            url: html_url.clone(),
            metadata: json!({ "repository_id": self.repository_id, "number": number }),
        })
    }

    /// A review that was submitted by somebody else than the pull request's author: GitHub makes a
    /// review of each answer that an author gives to a reviewer.
    pub(super) fn of_review(&self, review: &Review, of: &Reviewed) -> Option<Fact> {
        let (by, author) = (&review.user, &of.user);
        if by.as_ref().zip(author.as_ref()).is_some_and(|(by, author)| by.id == author.id) {
            return None;
        }
        Some(Fact {
            id: format!("github:review:{}", self.instance.number(review.id)),
            event_type: "review_submitted",
            author: by.clone(),
            time: review.submitted_at?,
            url: review.html_url.clone(),
            metadata: json!({ "repository_id": self.repository_id, "pull_request": of.number }),
        })
    }

    /// A comment.
    pub(super) fn of_comment(&self, comment: &Comment) -> Fact {
        Fact {
            id: format!("github:comment:{}", self.instance.number(comment.id)),
            event_type: "issue_commented",
            author: comment.user.clone(),
            time: comment.created_at,
            url: comment.html_url.clone(),
            metadata: json!({ "repository_id": self.repository_id }),
        }
    }

    /// A release that was published.
    pub(super) fn of_release(&self, release: &Release) -> Option<Fact> {
        Some(Fact {
            id: format!("github:release:{}", self.instance.number(release.id)),
            event_type: "release_published",
            author: release.author.clone(),
            time: release.published_at?,
            url: release.html_url.clone(),
            metadata: json!({ "repository_id": self.repository_id }),
        })
    }
}

fn type_of_closed(issue: &Issue) -> &'static str {
    match issue.state_reason.as_deref() {
        Some("not_planned" | "duplicate") => "issue_dismissed",
        _ => "issue_closed",
    }
}

/// What a fact comes to.
pub(crate) enum Outcome {
    /// An event of the ledger.
    Event(Box<NewActivityEvent>),
    /// A bot did it.
    Bot,
    /// It cannot be recorded, and why.
    Faulty(String),
}

impl Fact {
    pub(crate) fn outcome(
        &self,
        place: &Place,
        source: &SourceName,
        bots: &Bots,
        retrieved_at: Timestamp,
    ) -> Outcome {
        let Some(author) = &self.author else {
            return Outcome::Faulty("GitHub does not say whose it is: the account is gone".into());
        };
        if author.kind == "Bot" || bots.has(&author.login) {
            return Outcome::Bot;
        }
        match self.event(author, place, source.clone(), retrieved_at) {
            Ok(event) => Outcome::Event(Box::new(event)),
            Err(problem) => Outcome::Faulty(problem),
        }
    }

    fn event(
        &self,
        author: &User,
        place: &Place,
        source: SourceName,
        retrieved_at: Timestamp,
    ) -> Result<NewActivityEvent, String> {
        let user = place.instance.user(author.id);
        let is_link = self.url.starts_with("https://") || self.url.starts_with("http://");
        let url = printable(&self.url);
        let mut event = NewActivityEvent {
            id: EventId::new(self.id.clone()).map_err(|error| error.to_string())?,
            source,
            event_type: self.event_type.parse().expect("the types of this source are slugs"),
            platform_user_id: PlatformUserId::new(user).map_err(|error| error.to_string())?,
            platform_login: Some(bounded(printable(&author.login), MAX_LOGIN_BYTES))
                .filter(|login| !login.is_empty()),
            user_id: None,
            artifact_url: Some(url).filter(|url| is_link && url.len() <= MAX_URL_BYTES),
            metadata: Some(self.metadata.clone()),
            payload_hash: Sha256Hex::of(&[]),
            producer: PRODUCER.to_owned(),
            producer_version: env!("CARGO_PKG_VERSION").to_owned(),
            event_time: self.time,
            retrieved_at,
        };
        event.payload_hash = event.canonical_payload_hash();
        event.check().map_err(|fault| fault.to_string())?;
        Ok(event)
    }
}
