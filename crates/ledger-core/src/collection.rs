//! How far a configured source has been collected into an epoch, and what is missing.

use crate::{EpochId, OneLine, SourceId, Timestamp};

/// How a run of a source ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CollectionOutcome {
    /// It came to its end: whatever happened before this moment has been read.
    Complete {
        /// When the run began to read.
        through: Timestamp,
    },
    /// It did not.
    Failed {
        /// Why.
        error: OneLine,
    },
}

/// How far one configured source has been collected into one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCollection {
    /// The epoch.
    pub epoch_id: EpochId,
    /// The source, as the operator calls it.
    pub source_id: SourceId,
    /// Whatever happened before this moment has been read; `None` while no run has come to its end.
    pub collected_through: Option<Timestamp>,
    /// When the last run failed, and why; `None` where it did not.
    pub failure: Option<CollectionFailure>,
}

/// A run that did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CollectionFailure {
    /// When it failed.
    pub failed_at: Timestamp,
    /// Why.
    pub error: OneLine,
}

impl SourceCollection {
    /// Nothing was collected yet.
    pub const fn none_yet(epoch_id: EpochId, source_id: SourceId) -> Self {
        Self { epoch_id, source_id, collected_through: None, failure: None }
    }

    /// The same after one more run. A run that began earlier takes nothing back.
    #[must_use]
    pub fn after(mut self, outcome: &CollectionOutcome, now: Timestamp) -> Self {
        match outcome {
            CollectionOutcome::Complete { through } => {
                self.collected_through = self.collected_through.max(Some(*through));
                // A run that began before another one failed says nothing about that failure.
                self.failure = self.failure.filter(|failure| failure.failed_at > *through);
            }
            CollectionOutcome::Failed { error } => {
                self.failure = Some(CollectionFailure { failed_at: now, error: error.clone() });
            }
        }
        self
    }

    /// Whether everything from before that moment has been read.
    pub fn covers(&self, moment: Timestamp) -> bool {
        self.collected_through.is_some_and(|through| through >= moment)
    }
}

#[cfg(test)]
mod tests {
    use super::{CollectionOutcome, SourceCollection};
    use crate::{EpochId, OneLine, Timestamp};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds).expect("a time")
    }

    #[test]
    fn a_run_that_began_earlier_takes_nothing_back() {
        let none = SourceCollection::none_yet(EpochId(1), "main".parse().expect("a slug"));
        assert!(!none.covers(at(0)));
        let later = none.after(&CollectionOutcome::Complete { through: at(20) }, at(21));
        let earlier = later.after(&CollectionOutcome::Complete { through: at(10) }, at(22));
        assert_eq!(earlier.collected_through, Some(at(20)));
        assert!(earlier.covers(at(20)) && !earlier.covers(at(21)));
        let failed =
            earlier.after(&CollectionOutcome::Failed { error: OneLine::of("no answer") }, at(30));
        assert_eq!(failed.collected_through, Some(at(20)));
        assert_eq!(failed.failure.as_ref().expect("it failed").failed_at, at(30));
        let before = failed.clone().after(&CollectionOutcome::Complete { through: at(29) }, at(41));
        assert_eq!(before.failure, failed.failure);
        let since = failed.after(&CollectionOutcome::Complete { through: at(30) }, at(41));
        assert_eq!(since.failure, None);
    }
}
