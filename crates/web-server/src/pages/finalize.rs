//! What closing an epoch would write, before it is written.

use askama::Template;

use super::figures::{Count, Credits, Units};
use super::{EpochHead, Layout, Message, Pagination, PayoutRow, PoolPart};

/// Exactly what would be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FinalizePreview {
    /// The pool's parts.
    pub pool: Vec<PoolPart>,
    /// Their sum. Sent back, so that a pool that grew meanwhile is refused.
    pub pool_total: Credits,
    /// All units.
    pub total_units: Units,
    /// How many are paid, on all pages.
    pub row_count: Count,
    /// One page of the payouts, sorted bytewise by user id.
    pub rows: Vec<PayoutRow>,
    /// The other pages.
    pub pagination: Pagination,
    /// SHA-256 of the units. Sent back, so that other units are refused.
    pub allocation_set_hash: String,
    /// SHA-256 of the payouts.
    pub payouts_hash: String,
    /// How many decisions of admins are in it.
    pub decisions: Count,
    /// Events that stay unpaid, because nobody is known to have done them.
    pub unresolved: Count,
}

/// `/l/{ledger}/epochs/{id}/review?preview=finalize`
#[derive(Debug, Clone, Template)]
#[template(path = "finalize.html")]
pub struct FinalizePage {
    /// The frame.
    pub layout: Layout,
    /// Why the close was refused.
    pub message: Option<Message>,
    /// The epoch.
    pub head: EpochHead,
    /// What would be written; `None` where it cannot be closed yet.
    pub preview: Option<FinalizePreview>,
    /// Why not, one sentence each.
    pub missing: Vec<String>,
}
