//! What one user gets units for in one epoch.

use crate::{EpochId, InvalidValue, Timestamp, Units, UserId};

/// A computed proposal for one user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAllocation {
    /// Whose it is.
    pub user_id: UserId,
    /// The sum of the weights of the user's events.
    pub proposed_units: Units,
    /// How many events of the epoch are the user's, those of weight 0 included.
    pub activity_count: u32,
}

/// An admin's decision to use other units than the proposed ones, with the reason for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllocationOverride {
    final_units: Units,
    reason: String,
}

impl AllocationOverride {
    /// The longest reason, in bytes.
    pub const MAX_REASON_BYTES: usize = 2_000;

    /// Decides on units, with a reason.
    ///
    /// # Errors
    /// When the reason is empty, too long, or holds a control character other than a
    /// line break or a tab.
    pub fn new(final_units: Units, reason: impl Into<String>) -> Result<Self, InvalidValue> {
        let reason = reason.into();
        let invalid = |problem: &str| Err(InvalidValue::new("override reason", &reason, problem));
        if reason.trim().is_empty() {
            return invalid("it is empty; say why, because contributors will read it");
        }
        if reason.len() > Self::MAX_REASON_BYTES {
            return invalid("it is longer than 2000 bytes");
        }
        // An escape sequence would reach the terminals of those who read it.
        if reason.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\t')) {
            return invalid("it holds a control character; remove it");
        }
        Ok(Self { final_units, reason })
    }

    /// The units to use.
    pub const fn final_units(&self) -> Units {
        self.final_units
    }

    /// Why.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// One user's units in one epoch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allocation {
    /// The epoch.
    pub epoch_id: EpochId,
    /// Whose it is.
    pub user_id: UserId,
    /// What the events came to when last computed.
    pub proposed_units: Units,
    /// What an admin decided instead, if anything.
    pub decision: Option<AllocationOverride>,
    /// How many events of the epoch are the user's.
    pub activity_count: u32,
    /// When it was first proposed.
    pub created_at: Timestamp,
    /// When it was last proposed or decided on.
    pub updated_at: Timestamp,
}

impl Allocation {
    /// The units that are paid: the admin's, or else the proposed ones.
    pub fn payable_units(&self) -> Units {
        self.decision.as_ref().map_or(self.proposed_units, AllocationOverride::final_units)
    }
}
