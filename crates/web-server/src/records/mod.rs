//! Records as JSON, the same wherever they are shown. Amounts and units are strings, because a reader
//! that keeps numbers as IEEE 754 doubles would lose the last digits; times are RFC 3339 in UTC.
//!
//! What everybody may see of a public ledger is decided here, once, by [`Eyes`].

mod activity;
mod epoch;
mod payout;
mod people;

pub(crate) use activity::{ActivityRecord, FaultRecord, IngestRecord};
pub(crate) use epoch::{CloseOutcome, ComponentRecord, EpochRecord, FinalizedRecord, LedgerRecord};
pub(crate) use payout::{
    ExplanationRecord, HoldingRecord, KindRecord, OverrideRecord, StatementRecord, StepsRecord,
    UserEpochRecord, VerificationRecord,
};
pub(crate) use people::{
    AllocationRecord, BindingRecord, BoundRecord, Names, PreviewRecord, ProposedRecord,
    UnresolvedRecord,
};

use ledger_core::{Timestamp, WeightTable};
use std::collections::BTreeMap;

/// A time as JSON has it.
pub(crate) fn time(moment: Timestamp) -> String {
    moment.to_string()
}

/// Weights by `source:event_type`, in milli-units.
pub(crate) fn weights(table: &WeightTable) -> BTreeMap<String, String> {
    table.iter().map(|(kind, weight)| (kind.to_string(), weight.get().to_string())).collect()
}
