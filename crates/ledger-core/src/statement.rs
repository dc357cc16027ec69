//! The payout table of one closed epoch.

use crate::{
    Credits, EpochId, InvalidValue, Payout, Sha256Hex, StatementId, Timestamp, canonical_json,
};

/// A statement before the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPayoutStatement {
    /// Made by the caller, so that a repeated call is seen as one.
    pub id: StatementId,
    /// The epoch it pays.
    pub epoch_id: EpochId,
    /// The fingerprint of the units it was computed from.
    pub allocation_set_hash: Sha256Hex,
    /// The pool it splits.
    pub pool_total: Credits,
    /// The rows, sorted bytewise by user id.
    pub payouts: Vec<Payout>,
    /// The statement that this one corrects.
    pub supersedes: Option<StatementId>,
}

impl NewPayoutStatement {
    /// Checks that the rows are sorted, name each user once, and sum to the pool.
    ///
    /// # Errors
    /// When they do not; the error names the user or the sums.
    pub fn check(&self) -> Result<(), InvalidValue> {
        for (row, next) in self.payouts.iter().zip(self.payouts.iter().skip(1)) {
            if row.user_id >= next.user_id {
                return Err(InvalidValue::new(
                    "payout of",
                    next.user_id.as_str(),
                    "rows must be sorted bytewise by user id, each user once",
                ));
            }
        }
        let sum = self
            .payouts
            .iter()
            .try_fold(Credits::ZERO, |sum, row| sum.checked_add(row.amount_credits));
        if !self.payouts.is_empty() && sum != Some(self.pool_total) {
            let shown = sum.map_or_else(|| "more than 2^63-1".to_owned(), |sum| sum.to_string());
            return Err(InvalidValue::new(
                "sum of payouts",
                &shown,
                format!("the pool is {}", self.pool_total),
            ));
        }
        Ok(())
    }
}

/// A statement of the ledger. Immutable; a correction is a new one that supersedes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutStatement {
    /// What it says.
    pub statement: NewPayoutStatement,
    /// When it was written.
    pub created_at: Timestamp,
}

impl PayoutStatement {
    /// The rows as canonical JSON (RFC 8785): the bytes that anyone can recompute.
    pub fn canonical_payouts(&self) -> Vec<u8> {
        let rows = serde_json::to_value(&self.statement.payouts)
            .expect("rows are text fields only, so they always serialize");
        canonical_json(&rows)
    }

    /// SHA-256 of [`Self::canonical_payouts`].
    pub fn payouts_hash(&self) -> Sha256Hex {
        Sha256Hex::of(&self.canonical_payouts())
    }
}
