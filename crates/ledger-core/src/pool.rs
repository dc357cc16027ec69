//! The budget of an epoch, part by part.

use serde_json::Value;

use crate::{
    AmountOverflow, ComponentId, Credits, EpochId, InvalidValue, Timestamp,
    json::{check_json, is_same_json},
};

/// One part of an epoch's budget, as it is proposed.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPoolComponent {
    /// Which part; one of each per epoch (POOL_UNIQUE_PER_TYPE).
    pub component_id: ComponentId,
    /// The version of the rule that gave the amount.
    pub algorithm_version: String,
    /// What the rule was given, so that the amount can be computed again. Amounts beyond 2^53-1 are texts.
    pub inputs: Value,
    /// The amount.
    pub amount: Credits,
    /// Where the evidence is, for example the address of a vote.
    pub evidence_ref: Option<String>,
    /// When the amount was computed.
    pub computed_at: Timestamp,
}

impl NewPoolComponent {
    /// The longest algorithm version or evidence reference, in bytes.
    pub const MAX_TEXT_BYTES: usize = 2_048;

    /// Checks what the field types do not.
    ///
    /// # Errors
    /// When a text is empty, too long, or holds what PostgreSQL cannot keep; when the inputs hold a whole
    /// number that not every reader of JSON keeps (RFC 7493, 2.2).
    pub fn check(&self) -> Result<(), InvalidValue> {
        let texts = [
            ("pool algorithm version", Some(&self.algorithm_version)),
            ("pool evidence reference", self.evidence_ref.as_ref()),
        ];
        for (what, text) in texts {
            let Some(text) = text else { continue };
            if text.is_empty() || text.len() > Self::MAX_TEXT_BYTES {
                return Err(InvalidValue::new(what, text, "it must have 1 to 2048 bytes"));
            }
            if text.chars().any(char::is_control) {
                return Err(InvalidValue::new(what, text, "it holds a control character"));
            }
        }
        check_json(&self.inputs).map_err(|problem| {
            InvalidValue::new("pool inputs", &self.inputs.to_string(), format!("it {problem}"))
        })
    }

    /// Whether both say the same. When they were computed is no part of it, and neither is how a
    /// number is written.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        let as_other =
            Self { computed_at: other.computed_at, inputs: other.inputs.clone(), ..self.clone() };
        as_other == *other && is_same_json(&self.inputs, &other.inputs)
    }
}

/// One part of an epoch's budget. Immutable (POOL_IMMUTABLE).
#[derive(Debug, Clone, PartialEq)]
pub struct PoolComponent {
    /// The epoch.
    pub epoch_id: EpochId,
    /// The part.
    pub component: NewPoolComponent,
}

/// The budget: the sum of its parts (POOL_REPRODUCIBLE).
///
/// # Errors
/// When the sum does not fit into 63 bits.
pub fn pool_total<'a>(
    components: impl IntoIterator<Item = &'a PoolComponent>,
) -> Result<Credits, AmountOverflow> {
    components.into_iter().try_fold(Credits::ZERO, |sum, part| {
        sum.checked_add(part.component.amount)
            .ok_or_else(|| AmountOverflow { what: "the pool components".to_owned() })
    })
}
