//! What people are called.

use std::collections::BTreeMap;

use async_trait::async_trait;
use ledger_core::{DisplayName, UserId};

use crate::PortResult;

/// The most names that one call asks for.
pub const MAX_NAMES: usize = 5_000;

/// Keeps display names.
#[async_trait]
pub trait PeopleStore: Send + Sync {
    /// Sets what everybody may call a person, or takes it back with `None`. The person need not be
    /// known yet. Idempotent.
    async fn set_display_name(
        &self,
        user_id: &UserId,
        name: Option<&DisplayName>,
    ) -> PortResult<()>;

    /// The display names of those of these people who have one. A name of an older schema that
    /// breaks today's rule counts as none.
    ///
    /// Refuses more than [`MAX_NAMES`] (`InvalidValue`).
    async fn get_display_names(
        &self,
        user_ids: &[UserId],
    ) -> PortResult<BTreeMap<UserId, DisplayName>>;
}
