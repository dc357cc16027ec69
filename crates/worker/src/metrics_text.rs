//! What a monitoring system reads, in the text format of OpenMetrics.

use std::fmt;

use activity_collector::{CollectError, Collected};
use activity_sources::Remedy;
use ledger_core::{LedgerName, WorkerName};
use ledger_port::LedgerPortError;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::{encode_eof, encode_registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::config::SourcePlan;
use crate::status::{SourceStatus, WaitsFor};

/// What every name begins with.
const PREFIX: &str = "epoch_ledger";

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSource {
    ledger: String,
    source: String,
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcome {
    ledger: String,
    source: String,
    kind: String,
    outcome: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Waiting {
    ledger: String,
    source: String,
    kind: String,
    r#for: &'static str,
}

/// What this worker did since it began.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    collections: Family<Outcome, Counter>,
    events: Family<Outcome, Counter>,
}

impl Counts {
    /// Counts a collection and what it stored.
    pub(crate) fn count(
        &self,
        ledger: &LedgerName,
        source: &SourcePlan,
        Collected { report, ended }: &Collected,
    ) {
        let of = |outcome| Outcome {
            ledger: ledger.to_string(),
            source: source.id.to_string(),
            kind: source.kind.clone(),
            outcome,
        };
        let outcome = match ended {
            Ok(()) if report.stopped => "stopped",
            Ok(()) => "complete",
            Err(CollectError::Store(LedgerPortError::EpochClosed { .. })) => "stopped",
            Err(CollectError::Source(error)) if matches!(error.remedy(), Remedy::Wait(_)) => {
                "waits"
            }
            Err(_) => "failed",
        };
        self.collections.get_or_create(&of(outcome)).inc();
        for (outcome, count) in [
            ("inserted", report.inserted),
            ("duplicate", report.duplicates),
            ("conflict", report.conflicts.count),
            ("faulty", report.tally.faulty),
        ] {
            self.events.get_or_create(&of(outcome)).inc_by(count);
        }
    }

    fn register(&self, registry: &mut Registry) {
        let help = "Collections that this worker ended, by outcome";
        registry.register("worker_collections", help, self.collections.clone());
        let help = "Events of this worker's collections, by what became of them";
        registry.register("worker_events", help, self.events.clone());
    }
}

/// How the sources get on, as all workers together have brought it about.
#[derive(Debug, Default)]
struct Standing {
    collected_through: Family<OfSource, Gauge>,
    behind: Family<OfSource, Gauge>,
    is_failing: Family<OfSource, Gauge>,
    failed_at: Family<OfSource, Gauge>,
    waits_for: Family<Waiting, Gauge>,
}

impl Standing {
    fn add(&self, ledger: &LedgerName, status: &SourceStatus) {
        let (ledger, source, kind) =
            (ledger.to_string(), status.id.to_string(), status.kind.clone());
        for word in WaitsFor::WORDS {
            let (ledger, source, kind) = (ledger.clone(), source.clone(), kind.clone());
            let waiting = Waiting { ledger, source, kind, r#for: word };
            let is_so = i64::from(status.waits_for.word() == word);
            self.waits_for.get_or_create(&waiting).set(is_so);
        }
        let of = OfSource { ledger, source, kind };
        self.is_failing.get_or_create(&of).set(i64::from(status.failure.is_some()));
        if let Some(failure) = &status.failure {
            self.failed_at.get_or_create(&of).set(failure.failed_at.unix_seconds());
        }
        if let Some(through) = status.collected_through {
            self.collected_through.get_or_create(&of).set(through.unix_seconds());
        }
        if let Some(behind) = status.behind {
            let seconds = i64::try_from(behind.as_secs()).unwrap_or(i64::MAX);
            self.behind.get_or_create(&of).set(seconds);
        }
    }

    fn register(self, registry: &mut Registry) {
        let help = "Up to which moment a source was read into the open epoch, in Unix time";
        registry.register("source_collected_through_seconds", help, self.collected_through);
        let help = "How much of the epoch's window until now was not read, in seconds";
        registry.register("source_behind_seconds", help, self.behind);
        let help = "Whether the last collection of a source failed";
        registry.register("source_failing", help, self.is_failing);
        let help = "When it failed, in Unix time";
        registry.register("source_failed_at_seconds", help, self.failed_at);
        let help = "What a source waits for: 1 beside that, and 0 beside the rest";
        registry.register("source_waiting", help, self.waits_for);
    }
}

/// The whole page. Without statuses the database did not answer.
pub(crate) fn page(
    counts: &Counts,
    worker: &WorkerName,
    statuses: Option<&[(LedgerName, SourceStatus)]>,
) -> Result<String, fmt::Error> {
    let mut registry = Registry::with_prefix(PREFIX);
    let labels =
        [("version", env!("CARGO_PKG_VERSION").to_owned()), ("worker", worker.to_string())];
    registry.register("worker", "Which worker this is", Info::new(Vec::from(labels)));
    let answers: Gauge = Gauge::default();
    answers.set(i64::from(statuses.is_some()));
    registry.register("database_up", "Whether the database answers this worker", answers);
    counts.register(&mut registry);
    let standing = Standing::default();
    for (ledger, status) in statuses.unwrap_or_default() {
        standing.add(ledger, status);
    }
    standing.register(&mut registry);
    let mut text = String::new();
    encode_registry(&mut text, &registry)?;
    encode_eof(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{Counts, WaitsFor, page};

    #[test]
    fn a_database_that_does_not_answer_shows() {
        let worker = "ada \"1\"".parse().expect("a worker's name");
        let text = page(&Counts::default(), &worker, None).expect("a text takes it");
        assert!(text.contains("\nepoch_ledger_database_up 0\n"), "{text}");
        assert!(text.contains("worker=\"ada \\\"1\\\"\"} 1\n"), "{text}");
        assert!(!text.contains("epoch_ledger_source_waiting{"), "{text}");
    }

    #[test]
    fn each_wait_has_a_word_of_its_own() {
        assert_eq!(BTreeSet::from(WaitsFor::WORDS).len(), WaitsFor::WORDS.len());
    }
}
