//! Lines of GH Archive: what GitHub's Events API told at the time, one event on each.
//!
//! The objects in them are those of the REST API and of webhooks, so the facts are theirs too. Since
//! October 2025 GitHub says less of a pull request there: not who opened it. What would have to be
//! guessed is left out.

use std::borrow::Cow;

use ledger_core::Timestamp;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use super::facts::{Fact, Instance, Place};
use super::told::About;
use crate::text::{json_problem, shown};

/// The most of what is wrong that is shown.
const MAX_PROBLEM_CHARS: usize = 200;

/// What counts: the type of the event, its actions, and what it is about.
const TOLD: [(&str, &[&str], About); 5] = [
    ("IssueCommentEvent", &["created"], About::Comment),
    ("IssuesEvent", &["closed"], About::Issue),
    ("PullRequestEvent", &["closed", "merged"], About::PullRequest),
    ("PullRequestReviewEvent", &["created", "submitted"], About::Review),
    ("ReleaseEvent", &["published"], About::Release),
];

/// The repository of a line, as it was called then.
#[derive(Debug, Deserialize)]
pub(crate) struct ArchivedRepository<'a> {
    /// Its number, which stays.
    pub(crate) id: u64,
    /// `owner/name`.
    #[serde(borrow)]
    pub(crate) name: Cow<'a, str>,
}

/// What a line comes to.
#[derive(Debug)]
pub(crate) enum ArchivedLine {
    /// Somebody did something.
    Fact(Place, Fact),
    /// Somebody did something then, and the line does not say who opened the pull request.
    TooLittle(Timestamp),
    /// Nothing that the ledger counts, or in a repository that is not wanted.
    Nothing,
}

#[derive(Deserialize)]
struct Line<'a> {
    #[serde(rename = "type", borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    repo: ArchivedRepository<'a>,
    #[serde(borrow)]
    payload: &'a RawValue,
    created_at: Timestamp,
}

/// Reads a line. Only what counts and is wanted is looked at in full.
///
/// # Errors
/// What is wrong with it, on one line.
pub(crate) fn read_line(
    line: &[u8],
    is_wanted: impl Fn(&ArchivedRepository<'_>) -> bool,
) -> Result<ArchivedLine, String> {
    let refused = |error: serde_json::Error| shown(&json_problem(&error), MAX_PROBLEM_CHARS);
    let Line { kind, repo, payload, created_at } = serde_json::from_slice(line).map_err(refused)?;
    let told = TOLD.iter().find(|(name, ..)| *name == kind);
    let Some((_, actions, about)) = told.filter(|_| is_wanted(&repo)) else {
        return Ok(ArchivedLine::Nothing);
    };
    let refused = |error| format!("the payload of the {kind}: {}", refused(error));
    let payload = payload.get();
    let Payload { action, pull_request } = serde_json::from_str(payload).map_err(refused)?;
    if !actions.contains(&action.as_ref()) {
        return Ok(ArchivedLine::Nothing);
    }
    if pull_request.is_some_and(|told| told.says_too_little(*about)) {
        return Ok(ArchivedLine::TooLittle(created_at));
    }
    let place = Place { instance: Instance::Public, repository_id: repo.id };
    Ok(match about.fact(&place, payload.as_bytes()).map_err(refused)? {
        Some(fact) => ArchivedLine::Fact(place, fact),
        None => ArchivedLine::Nothing,
    })
}

#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(default)]
    pull_request: Option<Told>,
}

/// Which fields of a pull request are there, whatever they say.
#[derive(Deserialize)]
struct Told {
    #[serde(default, deserialize_with = "is_there")]
    user: bool,
    #[serde(default, deserialize_with = "is_there")]
    merged_at: bool,
}

impl Told {
    const fn says_too_little(&self, about: About) -> bool {
        match about {
            About::PullRequest => !(self.user && self.merged_at),
            About::Review => !self.user,
            About::Comment | About::Issue | About::Release => false,
        }
    }
}

fn is_there<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}
