//! What must be there, by what was acknowledged.

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::{EpochId, EpochStatus};

use super::deed::{Deed, NOTHING_TO_DECIDE, Run, STREAMS, epoch_in};
use super::journal::Call;
use crate::Outcome;

/// What must be in one epoch.
#[derive(Debug, Clone)]
pub(super) struct ExpectedEpoch {
    pub(super) status: EpochStatus,
    pub(super) runs: Vec<Run>,
    pub(super) parts: BTreeMap<String, i64>,
    /// Of each person, the last decision.
    pub(super) decisions: BTreeMap<u64, Option<i64>>,
    /// What who finalized it was answered.
    pub(super) finalized: Option<String>,
}

/// What must be in one ledger.
#[derive(Debug, Default)]
pub(super) struct Expected {
    pub(super) epochs: BTreeMap<EpochId, ExpectedEpoch>,
    pub(super) cursors: [u64; STREAMS],
    pub(super) bound: BTreeSet<u64>,
    /// The epochs that something was done to since this was emptied.
    pub(super) touched: BTreeSet<EpochId>,
}

impl Expected {
    /// Takes one call that was acknowledged.
    pub(super) fn take(&mut self, call: &Call, answer: &str) -> Outcome<()> {
        match &call.deed {
            Deed::Open { .. } => self.open(epoch_in(answer)?),
            Deed::GoOn { over, .. } => {
                self.epoch(*over).status = EpochStatus::Review;
                self.open(epoch_in(answer)?);
            }
            Deed::Review { epoch } => self.epoch(*epoch).status = EpochStatus::Review,
            Deed::Budget { epoch, part, credits } => {
                self.epoch(*epoch).parts.insert(part.clone(), *credits);
            }
            Deed::Insert { epoch, run } => self.epoch(*epoch).runs.push(*run),
            Deed::Page { epoch, run } => {
                self.epoch(*epoch).runs.push(*run);
                self.cursors[run.stream] = run.end();
            }
            Deed::Bind { person } => _ = self.bound.insert(*person),
            Deed::Decide { epoch, person, units } if answer != NOTHING_TO_DECIDE => {
                self.epoch(*epoch).decisions.insert(*person, *units);
            }
            Deed::Finalize { epoch, .. } => {
                let epoch = self.epoch(*epoch);
                epoch.status = EpochStatus::Closed;
                epoch.finalized = Some(answer.to_owned());
            }
            Deed::Propose { .. } | Deed::Decide { .. } => {}
        }
        Ok(())
    }

    fn open(&mut self, id: EpochId) {
        self.epoch(id);
    }

    fn epoch(&mut self, id: EpochId) -> &mut ExpectedEpoch {
        self.touched.insert(id);
        self.epochs.entry(id).or_insert_with(|| ExpectedEpoch {
            status: EpochStatus::Open,
            runs: Vec::new(),
            parts: BTreeMap::new(),
            decisions: BTreeMap::new(),
            finalized: None,
        })
    }
}
