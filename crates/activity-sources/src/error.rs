//! Why a source cannot be read. Each message names the thing and says what to do.

use std::time::Duration;

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
    /// A file holds lines that cannot be recorded, so none of it was.
    #[error("{}", faults_text(place, listed, *count))]
    Faults {
        /// The file.
        place: String,
        /// The first faults, each with its line.
        listed: Vec<String>,
        /// How many there are.
        count: u64,
    },
    /// The place could not be read just now.
    #[error("{place} cannot be read: {problem}")]
    Unreadable {
        /// The place.
        place: String,
        /// What happened.
        problem: String,
    },
    /// The place lets us in, and not to this part of it. Trying again changes nothing.
    #[error("{place} {problem}. {advice}")]
    Forbidden {
        /// What was asked for.
        place: String,
        /// What it answered, for example `may not be read`.
        problem: String,
        /// What to do.
        advice: String,
    },
    /// The place does not let us in. Trying again changes nothing.
    #[error("{place} {problem}. {advice}")]
    Denied {
        /// The place.
        place: String,
        /// What it answered, for example `does not accept the token`.
        problem: String,
        /// What to do.
        advice: String,
    },
    /// The place asks to be left alone for a while.
    #[error("{place} asks to wait {} s: {reason}", wait.as_secs())]
    Throttled {
        /// The place.
        place: String,
        /// Why, for example `the rate limit is used up`.
        reason: String,
        /// For how long, by the place's own clock.
        wait: Duration,
    },
    /// The program is shutting down and the work was dropped.
    #[error("reading {place} was stopped before it was done; nothing is lost, run it again")]
    Stopped {
        /// What was being read.
        place: String,
    },
}

/// What there is to do about a source that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remedy {
    /// Somebody has to change something first.
    Mend,
    /// Try again after a pause; it may pass.
    TryAgain,
    /// Try again, and not before so long has passed.
    Wait(Duration),
}

impl SourceError {
    pub(crate) fn settings(kind: &str, problem: impl Into<String>) -> Self {
        Self::Settings { kind: kind.to_owned(), problem: problem.into() }
    }

    pub(crate) fn unreadable(place: &str, error: &std::io::Error) -> Self {
        Self::Unreadable { place: place.to_owned(), problem: error.to_string() }
    }

    /// Another stream was asked for than those that are read there.
    pub(crate) fn no_such_stream(place: &str, asked: &CursorKey, known: String) -> Self {
        Self::NoSuchStream {
            place: place.to_owned(),
            stream: format!("stream {:?} of {:?}", asked.stream(), asked.scope()),
            known,
        }
    }

    /// Whether the other streams of the source can be read all the same.
    #[must_use]
    pub const fn is_of_one_stream(&self) -> bool {
        let is_of_the_whole = matches!(self, Self::Settings { .. } | Self::Denied { .. });
        matches!(self.remedy(), Remedy::Mend) && !is_of_the_whole
    }

    /// What there is to do about it.
    #[must_use]
    pub const fn remedy(&self) -> Remedy {
        match self {
            Self::Settings { .. }
            | Self::NotThere { .. }
            | Self::NoSuchStream { .. }
            | Self::Cursor { .. }
            | Self::Damaged { .. }
            | Self::Faults { .. }
            | Self::Forbidden { .. }
            | Self::Denied { .. } => Remedy::Mend,
            Self::Unreadable { .. } | Self::Stopped { .. } => Remedy::TryAgain,
            Self::Throttled { wait, .. } => Remedy::Wait(*wait),
        }
    }
}

fn faults_text(place: &str, listed: &[String], count: u64) -> String {
    let faults = if count == 1 { "a fault" } else { "faults" };
    let mut text = format!("{place} has {faults}, so nothing of it was recorded:");
    for fault in listed {
        text.push_str("\n  ");
        text.push_str(fault);
    }
    let more = count.saturating_sub(listed.len() as u64);
    if more > 0 {
        text.push_str(&format!("\n  and {more} more"));
    }
    text.push_str("\nMend the file, or leave faulty lines out with `--skip-invalid`");
    text
}
