//! How far a list of GitHub's was read, as JSON that another run understands.

use std::collections::BTreeMap;

use ledger_core::{CursorKey, Sha256Hex, Timestamp};
use serde::{Deserialize, Serialize};

use crate::SourceError;
use crate::cursor::{Terms, parse_cursor};

/// The version this program writes. Raise it when an older program would misread the value.
const VERSION: u32 = 1;

/// What a stored cursor says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GithubCursor {
    pub(super) version: u32,
    /// Where the books began.
    pub(super) since: Timestamp,
    /// The fingerprint of the operator's list of bots; `None` where it was empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bots: Option<Sha256Hex>,
    /// Up to which change everything was looked at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seen: Option<Timestamp>,
    /// What is done of the last moments before that, which are read again: each fact's id and
    /// each pull request, and when it was changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) recent: BTreeMap<String, Timestamp>,
    /// How far a run looked ahead, beyond the end of its window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) ahead: Option<Ahead>,
    /// The entity tag (RFC 9110, 8.8.3) of the answer that the next run's first request had the last
    /// time, when there was nothing more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) etag: Option<String>,
}

/// Of what was changed up to `at`, what happened before `until` is done; the rest waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ahead {
    pub(super) until: Timestamp,
    pub(super) at: Timestamp,
}

impl GithubCursor {
    pub(super) fn new(Terms { since, bots }: Terms) -> Self {
        Self {
            version: VERSION,
            since,
            bots,
            seen: None,
            recent: BTreeMap::new(),
            ahead: None,
            etag: None,
        }
    }

    /// What the run was told to leave out.
    pub(super) fn terms(&self) -> Terms {
        Terms { since: self.since, bots: self.bots.clone() }
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// When it is damaged, or a newer program wrote it.
    pub(super) fn parse(key: &CursorKey, value: &str) -> Result<Self, SourceError> {
        parse_cursor(key, value, VERSION, "list")
    }

    /// The value to store.
    pub(super) fn to_value(&self) -> String {
        serde_json::to_string(self).expect("texts and times always serialize")
    }
}
