//! How long each statement of somebody who works during an upgrade took.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;

use crate::{Failure, Outcome, chain};

/// What somebody did, and how long they had to wait.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    /// Statements that were answered.
    pub(crate) statements: u64,
    /// Statements that ran into their timeout, and were asked again.
    pub(crate) timeouts: u64,
    /// The longest that one statement took.
    pub(crate) longest: Duration,
    longest_was: &'static str,
}

/// What came of a statement.
#[derive(Debug)]
pub(crate) enum Answered<T> {
    /// The answer.
    With(T),
    /// It waited as long as it may; the whole transaction is to be asked again.
    TooLate,
    /// The table is not any more as the asking program knows it.
    Outgrown,
}

impl Meter {
    /// Waits for the answer to a statement, and takes the time.
    pub(crate) async fn time<T>(
        &mut self,
        what: &'static str,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Outcome<Answered<T>> {
        let began = Instant::now();
        let answer = statement.await;
        let took = began.elapsed();
        if took > self.longest {
            (self.longest, self.longest_was) = (took, what);
        }
        let error = match answer {
            Ok(answer) => {
                self.statements += 1;
                return Ok(Answered::With(answer));
            }
            Err(error) => error,
        };
        let code = error.code();
        if [&SqlState::LOCK_NOT_AVAILABLE, &SqlState::QUERY_CANCELED].map(Some).contains(&code) {
            self.timeouts += 1;
            return Ok(Answered::TooLate);
        }
        if code == Some(&SqlState::NOT_NULL_VIOLATION) {
            return Ok(Answered::Outgrown);
        }
        Err(Failure::Broken(format!(
            "during the upgrade, \"{what}\" was refused: {}",
            chain(&error)
        )))
    }

    /// The longest wait, in words.
    pub(crate) fn longest_in_words(&self) -> String {
        format!("{} ms ({})", self.longest.as_millis(), self.longest_was)
    }
}
