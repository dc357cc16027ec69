//! What became of the inputs of one target.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{Failure, Outcome, Report};

/// What a target made of one input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It answered.
    Accepted,
    /// It said clearly that it takes no such thing.
    Refused,
}

#[derive(Debug, Default)]
struct Count {
    accepted: u64,
    refused: u64,
}

/// How many inputs each target got, and what it made of them.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    counts: BTreeMap<&'static str, Count>,
}

impl Tally {
    /// Counts one input.
    pub(crate) fn add(&mut self, target: &'static str, verdict: Verdict) {
        let count = self.counts.entry(target).or_default();
        match verdict {
            Verdict::Accepted => count.accepted += 1,
            Verdict::Refused => count.refused += 1,
        }
    }

    /// Counts many.
    pub(crate) fn add_many(&mut self, target: &'static str, accepted: u64, refused: u64) {
        let count = self.counts.entry(target).or_default();
        count.accepted += accepted;
        count.refused += refused;
    }

    /// All inputs.
    pub(crate) fn inputs(&self) -> u64 {
        self.counts.values().map(|count| count.accepted + count.refused).sum()
    }

    /// How many targets there are.
    pub(crate) fn targets(&self) -> usize {
        self.counts.len()
    }

    /// A target that refused everything: it was never given what it takes, so little of it was reached.
    pub(crate) fn never_accepted(&self) -> Option<&'static str> {
        self.counts.iter().find(|(_, count)| count.accepted == 0).map(|(target, _)| *target)
    }

    /// A line for each target.
    pub(crate) fn tell(&self, report: &mut Report) {
        for (target, Count { accepted, refused }) in &self.counts {
            report.tell(*target, format!("{accepted} accepted, {refused} refused"));
        }
    }
}

/// Asks a target, where a panic is a broken promise.
pub(crate) fn guarded<T>(
    target: &str,
    input: impl FnOnce() -> String,
    ask: impl FnOnce() -> Outcome<T>,
) -> Outcome<T> {
    match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(answer) => answer.map_err(|failure| failure.told(|what| format!("{target}: {what}"))),
        Err(panic) => Err(panicked(target, &input(), &*panic)),
    }
}

/// What a panic is called.
pub(crate) fn panicked(target: &str, input: &str, panic: &(dyn Any + Send)) -> Failure {
    let words = panic.downcast_ref::<String>().map(String::as_str);
    let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("?");
    Failure::Broken(format!("{target} panicked at {}: {words}", shown(input)))
}

/// An input as it can be read, cut where it is long.
pub(crate) fn shown(input: &str) -> String {
    const MOST: usize = 400;
    let cut: String = input.chars().take(MOST).collect();
    format!("{cut:?} ({} bytes)", input.len())
}
