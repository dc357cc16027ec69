//! What an event of GitHub's tells: the same objects in a webhook's delivery and in a line of
//! GH Archive.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::facts::{Fact, Place};
use super::objects::{Comment, Issue, PullRequest, Release, Review, Reviewed};

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    Comment,
    Issue,
    PullRequest,
    Release,
    Review,
}

impl About {
    /// The fact that the payload tells, where it tells one that counts.
    pub(super) fn fact(
        self,
        place: &Place,
        payload: &[u8],
    ) -> Result<Option<Fact>, serde_json::Error> {
        Ok(match self {
            Self::Comment => Some(place.of_comment(&read::<CommentTold>(payload)?.comment)),
            Self::Issue => place.of_issue(&read::<IssueTold>(payload)?.issue),
            Self::PullRequest => {
                place.of_pull_request(&read::<PullRequestTold>(payload)?.pull_request)
            }
            Self::Release => place.of_release(&read::<ReleaseTold>(payload)?.release),
            Self::Review => {
                let ReviewTold { review, pull_request } = read(payload)?;
                place.of_review(&review, &pull_request)
            }
        })
    }
}

fn read<T: DeserializeOwned>(payload: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(payload)
}

#[derive(Deserialize)]
struct PullRequestTold {
    pull_request: PullRequest,
}

#[derive(Deserialize)]
struct ReviewTold {
    review: Review,
    pull_request: Reviewed,
}

#[derive(Deserialize)]
struct IssueTold {
    issue: Issue,
}

#[derive(Deserialize)]
struct Numbered {
    #[serde(rename = "number")]
    _number: u64,
}

#[derive(Deserialize)]
struct CommentTold {
    /// Comments on commits and on lines of code have none. A webhook's event name is not signed.
    #[serde(rename = "issue")]
    _issue: Numbered,
    comment: Comment,
}

#[derive(Deserialize)]
struct ReleaseTold {
    release: Release,
}
