//! What is paid, and why.

use ledger_core::{
    Allocation, AllocationOverride, Check, Epoch, Payout, PayoutStatement, PayoutSteps,
    VerificationReport,
};
use ledger_port::Holding;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ActivityRecord, EpochRecord, Names, time};

/// What one user is paid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payout)]
pub(crate) struct PayoutRecord {
    /// Null where everybody may read the ledger and the id holds an address.
    user_id: Option<String>,
    display_name: Option<String>,
    /// In milli-units.
    total_units: String,
    /// The part of all units, cut to six decimals.
    share: String,
    amount_credits: String,
}

impl PayoutRecord {
    pub(crate) fn of(row: &Payout, names: &Names) -> Self {
        Self {
            user_id: names.id(&row.user_id),
            display_name: names.display_name(&row.user_id),
            total_units: row.total_units.get().to_string(),
            share: row.share.clone(),
            amount_credits: row.amount_credits.to_string(),
        }
    }
}

/// The payout table of a closed epoch, and its fingerprints.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub(crate) struct StatementRecord {
    #[schema(format = "uuid")]
    id: String,
    epoch_id: i64,
    /// SHA-256 of the lines `user_id:units`, sorted bytewise by user id.
    allocation_set_hash: String,
    /// SHA-256 of the rows as canonical JSON (RFC 8785), display names left out.
    payouts_hash: String,
    pool_total_credits: String,
    /// Sorted bytewise by user id.
    payouts: Vec<PayoutRecord>,
    /// The statement that this one corrects.
    #[schema(format = "uuid")]
    supersedes_statement_id: Option<String>,
    #[schema(format = "date-time")]
    created_at: String,
}

impl StatementRecord {
    pub(crate) fn of(stored: &PayoutStatement, names: &Names) -> Self {
        let statement = &stored.statement;
        Self {
            id: statement.id.to_string(),
            epoch_id: statement.epoch_id.0,
            allocation_set_hash: statement.allocation_set_hash.to_string(),
            payouts_hash: stored.payouts_hash().to_string(),
            pool_total_credits: statement.pool_total.to_string(),
            payouts: statement.payouts.iter().map(|row| PayoutRecord::of(row, names)).collect(),
            supersedes_statement_id: statement.supersedes.map(|id| id.to_string()),
            created_at: time(stored.created_at),
        }
    }
}

/// The recomputation of a statement from the stored facts.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Verification)]
pub(crate) struct VerificationRecord {
    /// Whether every check agrees.
    verified: bool,
    checks: Vec<CheckRecord>,
}

/// One thing that was recomputed and compared.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Check)]
pub(crate) struct CheckRecord {
    pub(crate) name: &'static str,
    pub(crate) agrees: bool,
    /// The first difference.
    pub(crate) difference: Option<String>,
}

impl CheckRecord {
    pub(crate) fn of(check: &Check, names: &Names) -> Self {
        Self {
            name: check.name,
            agrees: check.difference.is_none(),
            difference: check.difference.as_deref().map(|text| names.text(text)),
        }
    }
}

impl VerificationRecord {
    pub(crate) fn of(report: &VerificationReport, names: &Names) -> Self {
        Self {
            verified: report.is_verified(),
            checks: report.checks.iter().map(|check| CheckRecord::of(check, names)).collect(),
        }
    }
}

/// What one user was paid over all closed epochs.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Holding)]
pub(crate) struct HoldingRecord {
    user_id: Option<String>,
    display_name: Option<String>,
    amount_credits: String,
    /// In how many epochs.
    epochs: u64,
    /// The newest of them.
    last_epoch_id: i64,
}

impl HoldingRecord {
    pub(crate) fn of(holding: &Holding, names: &Names) -> Self {
        Self {
            user_id: names.id(&holding.user_id),
            display_name: names.display_name(&holding.user_id),
            amount_credits: holding.amount.to_string(),
            epochs: holding.epochs,
            last_epoch_id: holding.last_epoch_id.0,
        }
    }
}

/// One user in one epoch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserEpoch)]
pub(crate) struct UserEpochRecord {
    epoch_id: i64,
    /// `open`, `review` or `closed`.
    status: &'static str,
    #[schema(format = "date-time")]
    period_start: String,
    #[schema(format = "date-time")]
    period_end: String,
    proposed_units: String,
    final_units: Option<String>,
    activity_count: u32,
    /// The part of all units; null while nothing is paid.
    share: Option<String>,
    /// What is paid; null while nothing is.
    amount_credits: Option<String>,
}

impl UserEpochRecord {
    pub(crate) fn of(epoch: &Epoch, allocation: &Allocation, payout: Option<&Payout>) -> Self {
        let decision = allocation.decision.as_ref();
        Self {
            epoch_id: epoch.id.0,
            status: epoch.status.as_str(),
            period_start: time(epoch.period.start()),
            period_end: time(epoch.period.end()),
            proposed_units: allocation.proposed_units.get().to_string(),
            final_units: decision.map(|one| one.final_units().get().to_string()),
            activity_count: allocation.activity_count,
            share: payout.map(|row| row.share.clone()),
            amount_credits: payout.map(|row| row.amount_credits.to_string()),
        }
    }
}

/// How one kind of event adds to one user's units.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KindUnits)]
pub(crate) struct KindRecord {
    /// `source:event_type`.
    pub(crate) kind: String,
    pub(crate) events: u64,
    /// What one weighs, in milli-units.
    pub(crate) weight: String,
    /// Events times weight.
    pub(crate) units: String,
}

/// An admin's decision.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Override)]
pub(crate) struct OverrideRecord {
    from_units: String,
    to_units: String,
    reason: String,
}

impl OverrideRecord {
    pub(crate) fn of(
        allocation: &Allocation,
        decision: &AllocationOverride,
        names: &Names,
    ) -> Self {
        Self {
            from_units: allocation.proposed_units.get().to_string(),
            to_units: decision.final_units().get().to_string(),
            reason: names.text(decision.reason()),
        }
    }
}

/// From units to credits: the largest remainder method.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayoutSteps)]
pub(crate) struct StepsRecord {
    units: String,
    total_units: String,
    pool_total_credits: String,
    share: String,
    /// `units · pool / total_units`, rounded down.
    floor_credits: String,
    /// `units · pool mod total_units`.
    remainder: String,
    /// Credits that all the rounding down left over; each goes to one of the largest remainders.
    left_over_credits: String,
    /// Where this remainder stands among all, from 1.
    remainder_rank: u64,
    /// One where the rank is within what was left over.
    extra_credits: String,
    /// Floor and extra.
    amount_credits: String,
}

impl StepsRecord {
    pub(crate) fn of(steps: &PayoutSteps) -> Self {
        Self {
            units: steps.units.get().to_string(),
            total_units: steps.total_units.to_string(),
            pool_total_credits: steps.pool.to_string(),
            share: steps.share.clone(),
            floor_credits: steps.floor.to_string(),
            remainder: steps.remainder.to_string(),
            left_over_credits: steps.left_over.to_string(),
            remainder_rank: steps.rank,
            extra_credits: steps.extra.to_string(),
            amount_credits: steps.amount.to_string(),
        }
    }
}

/// Everything behind one user's amount in one epoch.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Explanation)]
pub(crate) struct ExplanationRecord {
    pub(crate) user_id: Option<String>,
    pub(crate) display_name: Option<String>,
    pub(crate) epoch: EpochRecord,
    /// `paid` by the statement, or a `forecast` from the pool and the units of today.
    pub(crate) basis: &'static str,
    /// Events times weights, by kind.
    pub(crate) kinds: Vec<KindRecord>,
    /// The sum over the kinds.
    pub(crate) computed_units: String,
    /// What the epoch has as proposed.
    pub(crate) proposed_units: String,
    pub(crate) r#override: Option<OverrideRecord>,
    /// What is paid for.
    pub(crate) payable_units: String,
    /// How the units become credits; null where nobody is paid.
    pub(crate) steps: Option<StepsRecord>,
    pub(crate) amount_credits: String,
    /// The user's events, a page of them.
    pub(crate) events: Vec<ActivityRecord>,
    /// Where the next page of events begins.
    pub(crate) next: Option<String>,
}
