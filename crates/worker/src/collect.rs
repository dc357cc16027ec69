//! Collects one source into the open epoch, and says what became of it.

use std::sync::Arc;
use std::time::Duration;

use activity_collector::{
    CollectError, CollectReport, Collected, Collector, Progress, SharedHistory, books_begin,
};
use activity_sources::{ActivitySource, Remedy, SourceStream, open_source};

use ledger_core::{CollectionOutcome, Epoch, OneLine, Timestamp};
use ledger_port::{Clock, JobEnd, LedgerPortError, PortResult};
use tokio_util::sync::CancellationToken;

use crate::books::Books;
use crate::config::SourcePlan;
use crate::metrics_text::Counts;
use crate::moments::after;
use crate::retry::Retries;

/// What a place asks to wait is counted from its own answer; a little more is on the safe side.
const MORE_THAN_ASKED: Duration = Duration::from_secs(1);

/// One attempt to collect a source.
pub(crate) struct Collection<'a> {
    pub(crate) books: &'a Books,
    pub(crate) source: &'a SourcePlan,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) counts: &'a Counts,
    pub(crate) stop: &'a CancellationToken,
    pub(crate) retries: Retries,
}

impl Collection<'_> {
    /// Does it. Every page is stored with its cursor, so whatever ends this loses nothing.
    pub(crate) async fn run(&self) -> JobEnd {
        match self.collect_and_record().await {
            Ok(end) => end,
            Err(error) => self.retries.after(OneLine::of_error(&error)),
        }
    }

    async fn collect_and_record(&self) -> PortResult<JobEnd> {
        let store = self.books.store.as_ref();
        let Some(epoch) = store.get_open_epoch().await? else {
            // There will be one again when its window begins; then this is asked for again.
            return Ok(JobEnd::Done);
        };
        let began = self.clock.now();
        let collected = self.collect(&epoch).await;
        self.counts.count(&self.books.plan.name, self.source, &collected);
        let Collected { report, ended } = collected;
        if report != CollectReport::default() {
            self.tell(&epoch, &report);
        }
        match ended {
            Ok(()) if report.stopped => {
                unless_closed(store.propose_allocations(epoch.id).await)?;
                Ok(JobEnd::PutBack)
            }
            Ok(()) => {
                store.propose_allocations(epoch.id).await?;
                self.record(&epoch, CollectionOutcome::Complete { through: began }).await?;
                Ok(JobEnd::Done)
            }
            // It was closed in the meantime; the next attempt finds the epoch that is open now.
            Err(CollectError::Store(LedgerPortError::EpochClosed { .. })) => Ok(JobEnd::PutBack),
            Err(error) => {
                let said = OneLine::of_error(&error);
                self.record(&epoch, CollectionOutcome::Failed { error: said.clone() }).await?;
                // What was read before it failed stays, and counts. Whether that is proposed now or by the next run
                // changes nothing about what is to be done about the failure.
                if let Err(error) = unless_closed(store.propose_allocations(epoch.id).await) {
                    let (ledger, source) = (&self.books.plan.name, &self.source.id);
                    tracing::warn!(%ledger, %source, epoch = %epoch.id, %error, "nothing was proposed");
                }
                Ok(self.end_of(&error, said))
            }
        }
    }

    async fn collect(&self, epoch: &Epoch) -> Collected {
        match self.begin(epoch).await {
            Ok((source, since)) => {
                let (store, clock) = (self.books.store.as_ref(), self.clock);
                let shared_history = SharedHistory::IsRefused;
                let collector = Collector { store, clock, epoch, since, shared_history };
                collector.collect(source.as_ref(), &mut UntilStopped(self.stop)).await
            }
            Err(error) => Collected::nothing(error),
        }
    }

    /// The source, and where the books begin.
    async fn begin(
        &self,
        epoch: &Epoch,
    ) -> Result<(Arc<dyn ActivitySource>, Timestamp), CollectError> {
        let source = open_source(&self.source.kind, &self.source.settings).await?;
        let since = books_begin(self.books.store.as_ref()).await?;
        Ok((source, since.unwrap_or(epoch.period.start())))
    }

    fn end_of(&self, error: &CollectError, said: OneLine) -> JobEnd {
        let remedy = match error {
            CollectError::SharedHistory { .. } => Remedy::Mend,
            CollectError::Store(_) => Remedy::TryAgain,
            CollectError::Source(source) => source.remedy(),
        };
        match remedy {
            Remedy::Mend => JobEnd::SetAside { error: said },
            Remedy::TryAgain => self.retries.after(said),
            Remedy::Wait(wait) => {
                JobEnd::Later { after: wait.saturating_add(MORE_THAN_ASKED), waits_for: said }
            }
        }
    }

    /// What is missing is frozen with its epoch: into a closed one nothing is recorded any more.
    async fn record(&self, epoch: &Epoch, outcome: CollectionOutcome) -> PortResult<()> {
        let store = self.books.store.as_ref();
        unless_closed(store.record_collection(epoch.id, &self.source.id, &outcome).await)
    }

    fn tell(&self, epoch: &Epoch, report: &CollectReport) {
        let (ledger, source) = (&self.books.plan.name, &self.source.id);
        tracing::info!(
            %ledger, %source, epoch = %epoch.id, inserted = report.inserted,
            duplicates = report.duplicates, conflicts = report.conflicts.count, late = report.late,
            unresolved = report.unresolved, "collected"
        );
        for notice in &report.notices {
            tracing::warn!(%ledger, %source, "{notice}");
        }
        for conflict in &report.conflicts.first {
            tracing::warn!(
                %ledger, %source, event = %conflict.event_id,
                "was stored before with another payload; the first stays"
            );
        }
    }
}

/// Into an epoch that was closed meanwhile nothing goes any more, and nothing has to.
fn unless_closed<T>(answer: PortResult<T>) -> PortResult<()> {
    match answer {
        Ok(_) | Err(LedgerPortError::EpochClosed { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Whether a source is due at that moment, given how far it was collected into the open epoch.
pub(crate) fn is_due(through: Option<Timestamp>, every: Duration, now: Timestamp) -> bool {
    through.is_none_or(|through| after(through, every) <= now)
}

/// Goes on until the worker is to stop: then the page in hand is the last one.
struct UntilStopped<'a>(&'a CancellationToken);

impl Progress for UntilStopped<'_> {
    fn stream_begins(&mut self, _: &SourceStream, _: Option<u64>) {}
    fn page_stored(&mut self, _: u64) {}
    fn goes_on(&self) -> bool {
        !self.0.is_cancelled()
    }
}
