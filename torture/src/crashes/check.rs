//! Holds a ledger against the journal of its writer, while nobody writes: what was acknowledged is there,
//! and of the call that was under way all or nothing.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::TryStreamExt as _;
use ledger_core::{AllocationOverride, EpochId, EpochStatus, NewActivityEvent, Units};
use ledger_port::{FinalizedEpoch, PageRequest, Written, all_pages, verify_statement};

use super::deed::{
    Deed, NOTHING_TO_DECIDE, Run, STREAMS, binding_of, make, person_of, stream_of, text_of,
};
use super::expected::{Expected, ExpectedEpoch};
use super::journal::{Call, Journal};
use crate::ground::Store;
use crate::{Outcome, broken, chain, ensure};

/// How many of the newest calls are made again.
const AGAIN: usize = 12;

/// What was looked at, in figures.
#[derive(Debug, Default)]
pub(super) struct Looked {
    pub(super) calls: u64,
    pub(super) events: u64,
    pub(super) statements: u64,
    pub(super) again: u64,
    /// Calls that were under way, and were found done, or not done.
    pub(super) found_done: u64,
    pub(super) found_undone: u64,
}

/// One writer's journal as far as it was looked at.
#[derive(Debug)]
pub(super) struct Watched {
    journal: Journal,
    looked_at: usize,
    expected: Expected,
}

impl Watched {
    pub(super) fn new(journal: Journal) -> Self {
        Self { journal, looked_at: 0, expected: Expected::default() }
    }

    /// Holds what was acknowledged since the last look against the ledger; with `everything`, all of it.
    pub(super) async fn look(
        &mut self,
        store: &Store,
        everything: bool,
        looked: &mut Looked,
    ) -> Outcome<()> {
        self.journal.read_on()?;
        for (call, answer) in &self.journal.answered[self.looked_at..] {
            self.expected.take(call, answer)?;
            looked.calls += 1;
        }
        self.looked_at = self.journal.answered.len();
        let under_way = self.journal.unanswered.as_ref();
        let mut epochs = std::mem::take(&mut self.expected.touched);
        epochs.extend(self.expected.epochs.keys().next_back().copied());
        if everything {
            epochs.extend(self.expected.epochs.keys().copied());
        }
        let mut is_done = None;
        for id in epochs {
            let look = Look { store, id, expected: &self.expected.epochs[&id], under_way };
            is_done = is_done.or(look.epoch(looked).await?);
        }
        self.cursors(store, under_way, is_done).await?;
        match is_done {
            Some(true) => looked.found_done += 1,
            Some(false) => looked.found_undone += 1,
            None => {}
        }
        self.people(store).await?;
        self.whole_epochs(store).await?;
        self.ask_again(store, looked).await
    }

    /// A cursor is where it was acknowledged to be, and moves on with its events or not at all.
    async fn cursors(
        &self,
        store: &Store,
        under_way: Option<&Call>,
        is_done: Option<bool>,
    ) -> Outcome<()> {
        for stream in 0..STREAMS {
            let found = store.get_cursor(&stream_of(stream)).await?;
            let found: u64 = found.map_or(Ok(0), |cursor| cursor.value.parse())?;
            let expected = match under_way.map(|call| &call.deed) {
                Some(Deed::Page { run, .. }) if run.stream == stream && is_done == Some(true) => {
                    run.end()
                }
                _ => self.expected.cursors[stream],
            };
            ensure!(
                found == expected,
                "the cursor of stream {stream} is at {found}, its events reach to {expected}; under \
                 way was {under_way:?}"
            );
        }
        Ok(())
    }

    async fn people(&self, store: &Store) -> Outcome<()> {
        for person in &self.expected.bound {
            let binding = binding_of(*person);
            let found = store.get_identity_binding(&binding.key).await?;
            ensure!(found.as_ref() == Some(&binding), "person {person} is bound to {found:?}");
        }
        Ok(())
    }

    /// No epoch of the newest is closed without a statement, or has one and is not closed; and none is there
    /// that nobody asked for.
    async fn whole_epochs(&self, store: &Store) -> Outcome<()> {
        let page = store.list_epochs(PageRequest::first().of_at_most(4)).await?;
        let may_open = self
            .journal
            .unanswered
            .as_ref()
            .is_some_and(|call| matches!(call.deed, Deed::Open { .. } | Deed::GoOn { .. }));
        for epoch in page.items {
            let is_known = self.expected.epochs.contains_key(&epoch.id);
            ensure!(is_known || may_open, "nobody opened epoch {}", epoch.id);
            let has_statement = store.get_statement_for_epoch(epoch.id).await?.is_some();
            let is_closed = epoch.status == EpochStatus::Closed;
            ensure!(
                is_closed == has_statement,
                "epoch {} is {}, and a statement of it {}",
                epoch.id,
                epoch.status,
                if has_statement { "is there" } else { "is missing" }
            );
        }
        Ok(())
    }

    /// The newest calls under a key are answered as they were, byte for byte, whatever was under way.
    async fn ask_again(&self, store: &Store, looked: &mut Looked) -> Outcome<()> {
        for (call, answer) in self.journal.answered.iter().rev().take(AGAIN) {
            // What was refused has no key, and may be done by now.
            let is_answered_again = call.is_keyed || matches!(call.deed, Deed::Finalize { .. });
            if !is_answered_again || answer == NOTHING_TO_DECIDE {
                continue;
            }
            match make(store, call, "asked again").await {
                Ok(again) => ensure!(
                    again == *answer,
                    "{call:?} was answered {answer:?}, and when asked again {again:?}"
                ),
                Err(error) => {
                    broken!("{call:?} was answered {answer:?}, and again: {}", chain(&error))
                }
            }
            looked.again += 1;
        }
        Ok(())
    }
}

/// A look at one epoch.
struct Look<'a> {
    store: &'a Store,
    id: EpochId,
    expected: &'a ExpectedEpoch,
    under_way: Option<&'a Call>,
}

impl Look<'_> {
    /// Answers whether the call under way was done, where it writes events of this epoch.
    async fn epoch(&self, looked: &mut Looked) -> Outcome<Option<bool>> {
        let Some(epoch) = self.store.get_epoch(self.id).await? else {
            broken!("epoch {}, which was opened, is missing", self.id);
        };
        ensure!(
            epoch.status >= self.expected.status,
            "epoch {} is {}, acknowledged as {}",
            self.id,
            epoch.status,
            self.expected.status
        );
        let is_done = self.events(looked).await?;
        self.parts().await?;
        self.decisions().await?;
        if let Some(statement) = self.store.get_statement_for_epoch(self.id).await? {
            let found = text_of(&Written::Finalized(FinalizedEpoch { epoch, statement }));
            // Under a key, who was answered stands behind it.
            let answered = self.expected.finalized.as_deref().unwrap_or(&found);
            ensure!(answered.starts_with(&found), "finalized as {answered}, and stored is {found}");
            let report = verify_statement(self.store.as_ref(), self.id).await?;
            ensure!(report.is_verified(), "epoch {}: {report:?}", self.id);
            looked.statements += 1;
        } else {
            ensure!(self.expected.finalized.is_none(), "the statement of {} is missing", self.id);
        }
        Ok(is_done)
    }

    async fn events(&self, looked: &mut Looked) -> Outcome<Option<bool>> {
        let mut stored: BTreeMap<String, NewActivityEvent> = BTreeMap::new();
        let mut events = self.store.stream_activity_for_epoch(self.id).await?;
        while let Some(event) = events.try_next().await? {
            stored.insert(event.event.id.as_str().to_owned(), event.event);
        }
        for run in &self.expected.runs {
            let found = take(&mut stored, run);
            ensure!(
                found == run.events,
                "of {run:?} of epoch {}, which was acknowledged, {found} events are as they were",
                self.id
            );
            looked.events += found;
        }
        let under_way = self.under_way.and_then(|call| match &call.deed {
            Deed::Insert { epoch, run } | Deed::Page { epoch, run } if *epoch == self.id => {
                Some(run)
            }
            _ => None,
        });
        let found = under_way.map(|run| (take(&mut stored, run), run));
        if let Some((found, run)) = found {
            ensure!(found == 0 || found == run.events, "{found} events of {run:?} are there");
        }
        let more: BTreeSet<&String> = stored.keys().collect();
        ensure!(more.is_empty(), "epoch {} has events that nobody sent: {more:?}", self.id);
        Ok(found.map(|(found, _)| found > 0))
    }

    async fn parts(&self) -> Outcome<()> {
        let parts =
            all_pages(|page| self.store.get_pool_components_for_epoch(self.id, page)).await?;
        for (name, credits) in &self.expected.parts {
            let found = parts.iter().find(|part| part.component.component_id.as_str() == name);
            let found = found.map(|part| part.component.amount.get());
            ensure!(found == Some(*credits), "{name} of epoch {} is {found:?}", self.id);
        }
        Ok(())
    }

    async fn decisions(&self) -> Outcome<()> {
        let stored = all_pages(|page| self.store.get_allocations_for_epoch(self.id, page)).await?;
        for (person, expected) in &self.expected.decisions {
            let name = person_of(*person);
            let found = stored.iter().find(|one| one.user_id.as_str() == name);
            let found =
                found.and_then(|one| one.decision.as_ref()).map(AllocationOverride::final_units);
            let found = found.map(Units::get);
            let may_be = match self.under_way.map(|call| &call.deed) {
                Some(Deed::Decide { epoch, person: whose, units })
                    if *epoch == self.id && whose == person =>
                {
                    *units
                }
                _ => *expected,
            };
            ensure!(
                found == *expected || found == may_be,
                "of {name} in epoch {} {found:?} is stored, acknowledged {expected:?}",
                self.id
            );
        }
        Ok(())
    }
}

/// Takes those events of a run out that are as they were sent, but for whose they are, and says how many.
fn take(stored: &mut BTreeMap<String, NewActivityEvent>, run: &Run) -> u64 {
    let mut found = 0;
    for mut sent in run.events() {
        let Some(one) = stored.remove(sent.id.as_str()) else { continue };
        sent.user_id.clone_from(&one.user_id);
        found += u64::from(one == sent);
    }
    found
}
