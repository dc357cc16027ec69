//! The whole story on a throwaway ledger.

mod shown;

use std::sync::Arc;

use activity_collector::{Collected, Collector, SharedHistory};
use activity_sources::git::{GitOptions, GitSource};
use app_container::{Container, Database, DatabaseConfig};
use ledger_core::{
    ComponentId, Credits, Epoch, NewEpoch, NewPoolComponent, Period, UserId, WeightTable,
};
use ledger_port::{ActivityLedgerStore, IdentityBinding, all_pages, verify_statement};
use serde_json::json;
use uuid::Uuid;

use super::{allocate, close, collect, serve, statement, token, weights};
use crate::cli::DemoArguments;
use crate::failure::Failure;
use crate::output::counted;
use crate::session::{Session, closing_shared};
use crate::views;

/// A commit is worth one unit, so the totals can be held against `git shortlog`.
const WEIGHT: &str = "git:commit_authored=1000";

pub(super) async fn run(arguments: &DemoArguments, session: &Session) -> Result<(), Failure> {
    let output = session.output;
    let weights = match arguments.weights.as_slice() {
        [] => weights::from_arguments(&[WEIGHT.to_owned()])?,
        given => weights::from_arguments(given)?,
    };
    session.interruption_leaves.set("nothing of the demo stays");
    let source = GitSource::open(&arguments.repo, GitOptions::default())?;

    output.step("Starting a throwaway PostgreSQL");
    let directory = std::env::temp_dir().join(format!("epoch-ledger-demo-{}", Uuid::new_v4()));
    let database = Database::open(&DatabaseConfig::Throwaway(directory)).await?;
    closing_shared(Container::open(database).await?, async |container| {
        let story = Story { container, source: &source, session };
        if arguments.serve {
            return shown::show(&story, arguments, &weights).await;
        }
        story.tell(arguments, weights).await
    })
    .await
}

struct Story<'a> {
    container: &'a Arc<Container>,
    source: &'a GitSource,
    session: &'a Session,
}

impl Story<'_> {
    async fn tell(&self, arguments: &DemoArguments, weights: WeightTable) -> Result<(), Failure> {
        let output = self.session.output;
        let ledger = "demo".parse()?;
        self.container.ledger_registry().create_ledger(&ledger).await?;
        let store = self.container.activity_ledger_store(&ledger).await?;
        let store = store.as_ref();

        let period = self.recent_weeks(arguments.weeks).await?;
        let epoch = store.create_epoch(&NewEpoch { period, weights }).await?;
        output.step(&format!("Opened epoch {}, {}", epoch.id, epoch.period));
        let report = self.collect(store, &epoch).await?;
        let people = bind_everybody(store, &epoch).await?;
        output.step(&format!("Bound {} to users", counted(people, "email")));

        store.propose_allocations(epoch.id).await?;
        let allocations = all_pages(|page| store.get_allocations_for_epoch(epoch.id, page)).await?;
        self.show("Proposed", || allocate::allocation_table(&allocations))?;
        self.fund(store, &epoch, arguments.pool).await?;
        output.step(&format!("Added a base issuance of {} credits", arguments.pool));

        let finalized = store.finalize_epoch(&close::first_look(&epoch)).await?;
        output.step(&format!("Closed epoch {}", epoch.id));
        self.show("Paid", || statement::payout_text(&finalized.statement))?;
        let verification = verify_statement(store, epoch.id).await?;
        let json = json!({
            "repository": self.source.repository_name(),
            "epoch": views::epoch(&finalized.epoch),
            "collected": views::report(&report),
            "allocations": allocations.iter().map(views::allocation).collect::<Vec<_>>(),
            "statement": views::statement(&finalized.statement),
            "verification": views::verification(&verification),
        });
        output.result(&json, || statement::report_text(&verification))?;
        statement::require_verified(&finalized.epoch, &verification)
    }

    fn show(&self, title: &str, people: impl FnOnce() -> String) -> Result<(), Failure> {
        if self.session.output.is_json {
            return Ok(());
        }
        self.session.output.text(&format!("\n{title}\n{}\n", people()))
    }

    /// The last weeks up to the newest commit that is not from the future.
    async fn recent_weeks(&self, weeks: u32) -> Result<Period, Failure> {
        let now = self.container.clock().now();
        let newest = self.source.newest_commit_time(now).await?.ok_or_else(|| {
            Failure::not_found(format!(
                "{} has no commits yet, so there is nothing to pay for; name another repository \
                 with --repo",
                self.source.repository_name()
            ))
        })?;
        Ok(Period::weeks_up_to(newest, weeks)?)
    }

    async fn collect(
        &self,
        store: &dyn ActivityLedgerStore,
        epoch: &Epoch,
    ) -> Result<activity_collector::CollectReport, Failure> {
        let output = self.session.output;
        output.step(&format!(
            "Reading {} ({})",
            self.source.repository_name(),
            self.source.branch()
        ));
        let clock = self.container.clock();
        let shared_history = SharedHistory::IsRefused;
        let collector =
            Collector { store, clock, epoch, since: epoch.period.start(), shared_history };
        let mut bar = output.progress();
        let Collected { report, ended } = collector.collect(self.source, &mut bar).await;
        bar.finish();
        collect::print_notices(&report, output);
        ended?;
        for line in collect::summary(&report, epoch).lines() {
            output.step(line);
        }
        Ok(report)
    }

    async fn fund(
        &self,
        store: &dyn ActivityLedgerStore,
        epoch: &Epoch,
        amount: Credits,
    ) -> Result<(), Failure> {
        let component = NewPoolComponent {
            component_id: ComponentId::base_issuance(),
            algorithm_version: "demo-v1".to_owned(),
            inputs: json!({ "credits": amount }),
            amount,
            evidence_ref: None,
            computed_at: self.container.clock().now(),
        };
        store.insert_pool_component(epoch.id, &component).await?;
        Ok(())
    }
}

/// Each email becomes a user of that name.
async fn bind_everybody(store: &dyn ActivityLedgerStore, epoch: &Epoch) -> Result<u64, Failure> {
    let unresolved = all_pages(|page| store.list_unresolved_identities(epoch.id, page)).await?;
    let bindings = unresolved
        .into_iter()
        .map(|identity| {
            let user_id = UserId::new(identity.key.platform_user_id.as_str())?;
            Ok(IdentityBinding { key: identity.key, user_id })
        })
        .collect::<Result<Vec<_>, Failure>>()?;
    let bound = store.bind_identities(&bindings).await?;
    store.resolve_activity_by_bindings(epoch.id).await?;
    Ok(bound)
}
