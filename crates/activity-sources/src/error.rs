//! Why a source cannot be read. Each message names the thing and says what to do.

use ledger_core::CursorKey;

/// Why a source could not be opened or read.
///
/// No variant ever holds a credential: URLs are taken apart before they are shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// The settings of a source cannot be used.
    #[error("the settings of source {kind} cannot be used: {problem}")]
    Settings {
        /// The source, as it is registered.
        kind: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// There is nothing of that kind at that place.
    #[error("{place} {problem}. {advice}")]
    NotThere {
        /// Where it was looked for.
        place: String,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        advice: String,
    },
    /// The place is there, and the stream is not.
    #[error("{place} has no {stream}. {known}")]
    NoSuchStream {
        /// The repository or account.
        place: String,
        /// What was asked for, for example `branch "trunk"`.
        stream: String,
        /// What there is instead.
        known: String,
    },
    /// The stored cursor cannot be used.
    #[error(
        "the cursor of {} {} in {} cannot be used: {problem}",
        key.source(), key.stream(), key.scope()
    )]
    Cursor {
        /// Whose cursor it is.
        key: CursorKey,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// Something that must be there is missing or cannot be decoded.
    #[error("{place}: {object} {problem}. {advice}")]
    Damaged {
        /// The repository.
        place: String,
        /// What is damaged, for example `object 2f1c…`.
        object: String,
        /// What is wrong with it.
        problem: String,
        /// What to do.
        advice: String,
    },
    /// The place could not be read just now.
    #[error("{place} cannot be read: {problem}")]
    Unreadable {
        /// The place.
        place: String,
        /// What happened.
        problem: String,
    },
    /// The program is shutting down and the work was dropped.
    #[error("reading {place} was stopped before it was done; nothing is lost, run it again")]
    Stopped {
        /// What was being read.
        place: String,
    },
}
