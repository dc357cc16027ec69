//! What stands on a list, taken one by one: a single broken thing must not cost the others.

use ledger_core::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::facts::{Fact, Place};
use super::objects::{Comment, Issue, Release, Reviewed};
use crate::text::shown;

/// The most of what is wrong with a thing that is shown.
const MAX_PROBLEM_CHARS: usize = 200;

/// Something on a list.
pub(super) struct Item {
    /// What it is, within its list.
    pub(super) key: String,
    /// When it was last changed; `None` for what is broken, which stands where the one before does.
    pub(super) changed: Option<Timestamp>,
    /// What it comes to, or what is wrong with it.
    pub(super) content: Result<Vec<Fact>, String>,
    /// The pull request whose reviews belong to it.
    pub(super) reviews_of: Option<Reviewed>,
}

pub(super) fn issue_item(place: &Place, value: &Value) -> Item {
    match parse::<Issue>("an issue", value) {
        Ok(issue) => Item {
            key: issue.number.to_string(),
            changed: Some(issue.updated_at),
            content: Ok(place.of_issue(&issue).into_iter().collect()),
            reviews_of: issue
                .pull_request
                .is_some()
                .then_some(Reviewed { number: issue.number, user: issue.user }),
        },
        Err(problem) => broken(problem),
    }
}

pub(super) fn comment_item(place: &Place, value: &Value) -> Item {
    match parse::<Comment>("a comment", value) {
        Ok(comment) => Item {
            key: comment.id.to_string(),
            changed: Some(comment.updated_at),
            content: Ok(vec![place.of_comment(&comment)]),
            reviews_of: None,
        },
        Err(problem) => broken(problem),
    }
}

/// A draft is nothing yet.
pub(super) fn release_item(place: &Place, value: &Value) -> Option<Item> {
    match parse::<Release>("a release", value) {
        Ok(release) => place.of_release(&release).map(|fact| Item {
            key: release.id.to_string(),
            changed: Some(fact.time),
            content: Ok(vec![fact]),
            reviews_of: None,
        }),
        Err(problem) => Some(broken(problem)),
    }
}

fn broken(problem: String) -> Item {
    Item { key: String::new(), changed: None, content: Err(problem), reviews_of: None }
}

pub(super) fn parse<T: DeserializeOwned>(what: &str, value: &Value) -> Result<T, String> {
    T::deserialize(value).map_err(|error| {
        let id = value.get("id").and_then(Value::as_u64);
        let id = id.map_or_else(String::new, |id| format!(" (id {id})"));
        let problem = shown(&error.to_string(), MAX_PROBLEM_CHARS);
        format!("{what}{id} is not what was expected: {problem}")
    })
}
