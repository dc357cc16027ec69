//! What the stored values of cursors have in common: JSON with a version.

use ledger_core::CursorKey;
use serde::Deserialize;
use serde::de::DeserializeOwned;

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
