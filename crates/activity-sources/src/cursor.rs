//! What the stored values of cursors have in common: JSON with a version.

use ledger_core::{CursorKey, Sha256Hex, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::SourceError;

/// Reads a stored value. `known` is the newest version that this program knows, and `what` is what
/// would be read from its beginning without the cursor.
///
/// # Errors
/// When it is damaged, or a newer program wrote it.
pub(crate) fn parse_cursor<T: DeserializeOwned>(
    key: &CursorKey,
    value: &str,
    known: u32,
    what: &str,
) -> Result<T, SourceError> {
    #[derive(Deserialize)]
    struct Version {
        version: u32,
    }
    let refused = |problem: String| SourceError::Cursor { key: key.clone(), problem };
    let damaged = |error: serde_json::Error| {
        refused(format!(
            "it is damaged ({error}). Delete it to read the {what} from its beginning; \
             what is recorded already is skipped by its id"
        ))
    };
    let Version { version } = serde_json::from_str(value).map_err(damaged)?;
    if version > known {
        return Err(refused(format!(
            "version {version} wrote it and this program knows {known}. Update the program"
        )));
    }
    serde_json::from_str(value).map_err(damaged)
}

/// What a run was told to leave out. Under other terms, what was left out may be wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Terms {
    /// Where the books began.
    pub(crate) since: Timestamp,
    /// The fingerprint of the operator's list of bots; `None` where it was empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bots: Option<Sha256Hex>,
}

impl Terms {
    /// Why what was left out under the stored terms may be wanted now; `None` where it is not.
    pub(crate) fn why_anew(&self, stored: &Self) -> Option<String> {
        if self.since < stored.since {
            return Some(format!(
                "the books now begin at {} and not at {}",
                self.since, stored.since
            ));
        }
        let have_changed = self.bots != stored.bots;
        have_changed.then(|| "other bots are left out than the last time".to_owned())
    }
}
