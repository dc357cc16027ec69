//! Ledgers, epochs, and their budget.

use std::collections::BTreeMap;

use ledger_core::{Epoch, PoolComponent, json_without_addresses, without_addresses};
use ledger_port::{FinalizedEpoch, Ledger};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{Names, StatementRecord, time, weights};
use crate::access::Eyes;

/// One community's books.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Ledger)]
pub(crate) struct LedgerRecord {
    #[schema(format = "uuid")]
    id: String,
    name: String,
    /// `public` or `private`.
    visibility: &'static str,
    #[schema(format = "date-time")]
    created_at: String,
}

impl LedgerRecord {
    pub(crate) fn of(ledger: &Ledger) -> Self {
        Self {
            id: ledger.id.to_string(),
            name: ledger.name.to_string(),
            visibility: ledger.visibility.as_str(),
            created_at: time(ledger.created_at),
        }
    }
}

/// A window of time that is paid for together.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Epoch)]
pub(crate) struct EpochRecord {
    id: i64,
    /// `open`, `review` or `closed`.
    status: &'static str,
    /// The window's beginning, which is in it.
    #[schema(format = "date-time")]
    period_start: String,
    /// The window's end, which is not in it.
    #[schema(format = "date-time")]
    period_end: String,
    /// What one event of a kind weighs, in milli-units. A kind that is missing weighs nothing.
    weights: BTreeMap<String, String>,
    /// What was paid, once the epoch is closed.
    pool_total_credits: Option<String>,
    #[schema(format = "date-time")]
    opened_at: String,
    #[schema(format = "date-time")]
    closed_at: Option<String>,
}

impl EpochRecord {
    pub(crate) fn of(epoch: &Epoch) -> Self {
        Self {
            id: epoch.id.0,
            status: epoch.status.as_str(),
            period_start: time(epoch.period.start()),
            period_end: time(epoch.period.end()),
            weights: weights(&epoch.weights),
            pool_total_credits: epoch.pool_total.map(|total| total.to_string()),
            opened_at: time(epoch.opened_at),
            closed_at: epoch.closed_at.map(time),
        }
    }
}

/// One part of an epoch's budget.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PoolComponent)]
pub(crate) struct ComponentRecord {
    component_id: String,
    /// The version of the rule that gave the amount.
    algorithm_version: String,
    /// What the rule was given.
    inputs: Value,
    amount_credits: String,
    /// Where the evidence is.
    evidence_ref: Option<String>,
    #[schema(format = "date-time")]
    computed_at: String,
}

impl ComponentRecord {
    pub(crate) fn of(part: &PoolComponent, eyes: Eyes) -> Self {
        let part = &part.component;
        let is_public = eyes == Eyes::Public;
        let shown = |text: &String| match is_public {
            true => without_addresses(text),
            false => text.clone(),
        };
        Self {
            component_id: part.component_id.to_string(),
            algorithm_version: shown(&part.algorithm_version),
            inputs: if is_public {
                json_without_addresses(&part.inputs)
            } else {
                part.inputs.clone()
            },
            amount_credits: part.amount.to_string(),
            evidence_ref: part.evidence_ref.as_ref().map(shown),
            computed_at: time(part.computed_at),
        }
    }
}

/// What a call to close came to.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CloseOutcome {
    /// Nothing was written; this is what would be, and its statement's id will be another.
    DryRun,
    /// This call wrote the statement.
    Closed,
    /// The statement was there.
    AlreadyClosed,
}

/// A closed epoch and what it pays.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = FinalizedEpoch)]
pub(crate) struct FinalizedRecord {
    outcome: CloseOutcome,
    epoch: EpochRecord,
    statement: StatementRecord,
}

impl FinalizedRecord {
    pub(crate) fn of(finalized: &FinalizedEpoch, outcome: CloseOutcome, names: &Names) -> Self {
        Self {
            outcome,
            epoch: EpochRecord::of(&finalized.epoch),
            statement: StatementRecord::of(&finalized.statement, names),
        }
    }
}
