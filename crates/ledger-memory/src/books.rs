//! One ledger's state: a map for each table, under the key that is unique in it.

use std::collections::BTreeMap;

use ledger_core::{
    AccessToken, ActivityEvent, Allocation, ComponentId, CursorKey, DisplayName, Epoch, EpochId,
    EpochStatus, EventId, IdempotencyKey, PayoutStatement, PoolComponent, Sha256Hex,
    SourceCollection, SourceCursor, SourceId, StatementId, Timestamp, TokenId, UserId,
};
use ledger_port::{
    BindingKey, EpochNotFoundPortError, IdentityBinding, LedgerPortError, Page, PageRequest,
    PortResult,
};

/// Everything that one ledger holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Books {
    pub(crate) epochs: BTreeMap<EpochId, Epoch>,
    pub(crate) events: BTreeMap<EventId, ActivityEvent>,
    pub(crate) bindings: BTreeMap<BindingKey, IdentityBinding>,
    pub(crate) allocations: BTreeMap<(EpochId, UserId), Allocation>,
    pub(crate) cursors: BTreeMap<CursorKey, SourceCursor>,
    pub(crate) collections: BTreeMap<(EpochId, SourceId), SourceCollection>,
    pub(crate) components: BTreeMap<(EpochId, ComponentId), PoolComponent>,
    pub(crate) statements: BTreeMap<StatementId, PayoutStatement>,
    pub(crate) tokens: BTreeMap<TokenId, AccessToken>,
    pub(crate) display_names: BTreeMap<UserId, DisplayName>,
    /// What was answered under each key, to which request, and when.
    pub(crate) answers: BTreeMap<IdempotencyKey, (Sha256Hex, String, Timestamp)>,
}

impl Books {
    /// The epoch, or the refusal.
    pub(crate) fn epoch(&self, epoch_id: EpochId) -> PortResult<&Epoch> {
        let missing = EpochNotFoundPortError { epoch_id };
        Ok(self.epochs.get(&epoch_id).ok_or(missing)?)
    }

    /// The epoch where it still takes writes, or the refusal (EPOCH_FROZEN_ON_CLOSE).
    pub(crate) fn unclosed_epoch(&self, epoch_id: EpochId) -> PortResult<&Epoch> {
        let epoch = self.epoch(epoch_id)?;
        match epoch.status {
            EpochStatus::Open | EpochStatus::Review => Ok(epoch),
            EpochStatus::Closed => Err(LedgerPortError::EpochClosed { epoch_id }),
        }
    }
}

/// A page of items that come in the order of their keys.
pub(crate) fn page<'a, T, K>(
    items: impl IntoIterator<Item = &'a T>,
    request: &PageRequest<K>,
    key: impl Fn(&T) -> K,
) -> Page<T, K>
where
    T: Clone + 'a,
    K: Ord,
{
    let unseen = |item: &&T| request.after.as_ref().is_none_or(|after| key(item) > *after);
    let one_more = usize::from(request.limit.get()) + 1;
    let fetched = items.into_iter().filter(unseen).take(one_more).cloned().collect();
    Page::from_fetched(fetched, request.limit, &key)
}
