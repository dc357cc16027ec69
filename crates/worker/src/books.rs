//! One ledger as the worker sees it: what is planned for it, and its store.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ledger_core::{
    ComponentId, Epoch, EpochId, NewPoolComponent, SourceCollection, SourceId, Timestamp,
};
use ledger_port::{ActivityLedgerStore, PortResult, all_pages};
use serde_json::json;

use crate::config::LedgerPlan;
use crate::moments;

/// Which rule gives the base issuance: what the configuration says, and nothing else.
const BASE_ISSUANCE_RULE: &str = "configured-v1";

/// One ledger's plan and store.
pub(crate) struct Books {
    pub(crate) plan: LedgerPlan,
    pub(crate) store: Arc<dyn ActivityLedgerStore>,
    /// The epoch whose window this worker saw over, and when it first did.
    seen_over: Mutex<Option<(EpochId, Timestamp)>>,
}

/// The open epoch, and how far each source was collected into it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OpenEpoch {
    pub(crate) epoch: Epoch,
    collections: BTreeMap<SourceId, SourceCollection>,
}

impl OpenEpoch {
    /// How far that source was collected; `None` where it was never tried.
    pub(crate) fn collection(&self, source: &SourceId) -> Option<&SourceCollection> {
        self.collections.get(source)
    }
}

/// The open epoch of a ledger, if there is one.
pub(crate) async fn open_epoch(store: &dyn ActivityLedgerStore) -> PortResult<Option<OpenEpoch>> {
    let Some(epoch) = store.get_open_epoch().await? else { return Ok(None) };
    let list = |page| store.list_collections_for_epoch(epoch.id, page);
    let collections = all_pages(list).await?;
    let collections = collections.into_iter().map(|one| (one.source_id.clone(), one)).collect();
    Ok(Some(OpenEpoch { epoch, collections }))
}

impl Books {
    pub(crate) fn new(plan: LedgerPlan, store: Arc<dyn ActivityLedgerStore>) -> Self {
        Self { plan, store, seen_over: Mutex::new(None) }
    }

    /// How long this worker has seen that epoch's window over.
    pub(crate) fn waited_for(&self, epoch_id: EpochId, now: Timestamp) -> Duration {
        let mut seen = self.seen_over.lock().unwrap_or_else(PoisonError::into_inner);
        let since = match *seen {
            Some((id, since)) if id == epoch_id => since,
            _ => now,
        };
        *seen = Some((epoch_id, since));
        moments::since(since, now)
    }

    /// When the last window of the books ends. Epochs may have been opened by hand in any order.
    pub(crate) async fn books_end(&self) -> PortResult<Option<Timestamp>> {
        let epochs = all_pages(|page| self.store.list_epochs(page)).await?;
        Ok(epochs.iter().map(|epoch| epoch.period.end()).max())
    }

    /// Whether the epoch still lacks the base issuance that it is to have.
    pub(crate) async fn lacks_base(&self, epoch_id: EpochId) -> PortResult<bool> {
        if self.plan.base_issuance.is_none() {
            return Ok(false);
        }
        let list = |page| self.store.get_pool_components_for_epoch(epoch_id, page);
        let parts = all_pages(list).await?;
        Ok(!parts.iter().any(|part| part.component.component_id.is_base_issuance()))
    }

    /// Adds the base issuance, once: whatever was added before stays.
    pub(crate) async fn add_base(&self, epoch_id: EpochId, now: Timestamp) -> PortResult<()> {
        let Some(amount) = self.plan.base_issuance else { return Ok(()) };
        let component = NewPoolComponent {
            component_id: ComponentId::base_issuance(),
            algorithm_version: BASE_ISSUANCE_RULE.to_owned(),
            inputs: json!({ "amount_credits": amount.get().to_string() }),
            amount,
            evidence_ref: None,
            computed_at: now,
        };
        self.store.insert_pool_component(epoch_id, &component).await?;
        Ok(())
    }

    /// Gives out what bindings resolve, and computes the proposals again. Overrides stay.
    pub(crate) async fn propose(&self, epoch_id: EpochId) -> PortResult<()> {
        self.store.resolve_activity_by_bindings(epoch_id).await?;
        self.store.propose_allocations(epoch_id).await?;
        Ok(())
    }
}
