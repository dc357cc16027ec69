//! What it means when GitHub does not answer what it was asked: to wait, to mend something, or to
//! try again.

use std::time::Duration;

use reqwest::header::{self, HeaderMap};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use super::api::{Api, text};
use crate::SourceError;

/// How long to wait where GitHub does not say how long; what its documentation asks for.
const UNSAID_WAIT: Duration = Duration::from_secs(60);

/// The longest wait that is believed; GitHub's limits are reset each hour.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// The most of an error that is read.
const MAX_REFUSAL_BYTES: usize = 65_536;

impl Api {
    /// The message of an error.
    fn message(&self, body: &[u8]) -> String {
        let document: Option<Value> = serde_json::from_slice(body).ok();
        let message = document.as_ref().and_then(|document| document["message"].as_str());
        let text = match message {
            Some(message) => self.said(message),
            None => self.said(&String::from_utf8_lossy(body)),
        };
        if text.is_empty() { "it says no more".to_owned() } else { text }
    }

    /// Why it did not answer what it was asked.
    pub(super) async fn refusal(&self, path: &str, response: Response) -> SourceError {
        let (status, headers) = (response.status(), response.headers().clone());
        let message = match self.body(path, response, MAX_REFUSAL_BYTES).await {
            Ok(body) => self.message(&body),
            Err(error) => error.to_string(),
        };
        let place = self.place(path);
        match wait(status, &headers, &message) {
            // Whoever always asks to come back at once is not asked for ever.
            Some((Duration::ZERO, reason)) => {
                let problem = format!("it answers {status}, and to try again at once ({reason})");
                return SourceError::Unreadable { place, problem };
            }
            Some((wait, reason)) => {
                let place = self.instance.host().to_owned();
                return SourceError::Throttled { place, reason, wait };
            }
            None => {}
        }
        match status {
            StatusCode::UNAUTHORIZED => SourceError::Denied {
                place: self.instance.host().to_owned(),
                problem: format!("does not accept the token ({message})"),
                advice:
                    "Make a new one, and put it into the environment variable that `token_env` \
                         names"
                        .to_owned(),
            },
            StatusCode::FORBIDDEN => SourceError::Forbidden {
                place,
                problem: format!("may not be read ({message})"),
                advice: "Give the token read access to it".to_owned(),
            },
            StatusCode::UNAVAILABLE_FOR_LEGAL_REASONS => SourceError::Forbidden {
                place,
                problem: format!("is blocked ({message})"),
                advice: "Take it off the list, or wait until it is open again".to_owned(),
            },
            StatusCode::NOT_FOUND | StatusCode::GONE => SourceError::NotThere {
                place,
                problem: "is not there".to_owned(),
                advice: if self.token.is_some() {
                    "Look at how it is written, and whether the token may read it".to_owned()
                } else {
                    "Look at how it is written; a private one needs a token".to_owned()
                },
            },
            _ => SourceError::Unreadable {
                place,
                problem: format!("it answers {status} ({message})"),
            },
        }
    }
}

/// How long to wait and why, where that is what the answer means.
///
/// <https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api>
fn wait(status: StatusCode, headers: &HeaderMap, message: &str) -> Option<(Duration, String)> {
    let number = |name| text(headers, name).and_then(|text| text.trim().parse::<i64>().ok());
    let retry_after = number("retry-after").and_then(|seconds| u64::try_from(seconds).ok());
    if let Some(seconds) = retry_after {
        return Some((Duration::from_secs(seconds).min(LONGEST_WAIT), message.to_owned()));
    }
    if !matches!(status, StatusCode::FORBIDDEN | StatusCode::TOO_MANY_REQUESTS) {
        return None;
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let now = text(headers, header::DATE.as_str())
            .and_then(|date| chrono::DateTime::parse_from_rfc2822(date).ok())
            .map(|date| date.timestamp());
        let wait = match (number("x-ratelimit-reset"), now) {
            // The second of the reset itself is still before it.
            (Some(reset), Some(now)) => {
                let seconds = u64::try_from(reset.saturating_sub(now)).unwrap_or(0);
                Duration::from_secs(seconds.saturating_add(1)).min(LONGEST_WAIT)
            }
            _ => UNSAID_WAIT,
        };
        return Some((wait, "the rate limit is used up".to_owned()));
    }
    let is_secondary = message.to_lowercase().contains("rate limit");
    (status == StatusCode::TOO_MANY_REQUESTS || is_secondary)
        .then(|| (UNSAID_WAIT, message.to_owned()))
}
