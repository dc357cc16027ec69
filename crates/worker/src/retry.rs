//! How long to wait before a job that failed is tried again.

use std::time::Duration;

use ledger_core::OneLine;
use ledger_port::JobEnd;

use crate::config::WorkerSettings;

/// The pauses of one job: doubled each time up to a longest one, and after so many attempts it is
/// set aside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Retries {
    attempt: u32,
    max_attempts: u32,
    first: Duration,
    longest: Duration,
}

impl Retries {
    pub(crate) const fn new(settings: &WorkerSettings, attempt: u32) -> Self {
        Self {
            attempt,
            max_attempts: settings.max_attempts,
            first: settings.first_retry_after,
            longest: settings.longest_retry_after,
        }
    }

    /// What becomes of the job after that error.
    pub(crate) fn after(&self, error: OneLine) -> JobEnd {
        if self.attempt >= self.max_attempts {
            return JobEnd::SetAside { error };
        }
        let doubled = 2_u32.saturating_pow(self.attempt.saturating_sub(1));
        JobEnd::Retry { after: self.first.saturating_mul(doubled).min(self.longest), error }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use ledger_core::OneLine;
    use ledger_port::JobEnd;

    use super::Retries;

    #[test]
    fn pauses_double_up_to_the_longest_and_then_it_is_set_aside() {
        let (first, longest) = (Duration::from_secs(10), Duration::from_secs(35));
        let after = |attempt, max_attempts| {
            Retries { attempt, max_attempts, first, longest }.after(OneLine::of("no answer"))
        };
        let error = OneLine::of("no answer");
        for (attempt, seconds) in [(1, 10), (2, 20), (3, 35), (4, 35)] {
            let expected =
                JobEnd::Retry { after: Duration::from_secs(seconds), error: error.clone() };
            assert_eq!(after(attempt, 5), expected);
        }
        assert_eq!(after(5, 5), JobEnd::SetAside { error: error.clone() });
        assert_eq!(after(u32::MAX - 1, u32::MAX), JobEnd::Retry { after: longest, error });
    }
}
