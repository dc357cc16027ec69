//! The budget of an epoch.

use async_trait::async_trait;
use ledger_core::{ComponentId, Credits, EpochId, NewPoolComponent, PoolComponent, pool_total};
use ledger_port::{LedgerPortError, Page, PageRequest, PoolStore, PortResult};

use crate::MemoryStore;
use crate::books::{Books, page};

impl Books {
    pub(crate) fn insert_pool_component(
        &mut self,
        epoch_id: EpochId,
        new: &NewPoolComponent,
    ) -> PortResult<PoolComponent> {
        new.check()?;
        self.epoch(epoch_id)?;
        let key = (epoch_id, new.component_id.clone());
        if let Some(known) = self.components.get(&key) {
            if new.says_the_same_as(&known.component) {
                return Ok(known.clone());
            }
            return Err(LedgerPortError::PoolComponentExists {
                epoch_id,
                component_id: new.component_id.clone(),
                found: known.component.amount,
            });
        }
        self.unclosed_epoch(epoch_id)?;
        let component = PoolComponent { epoch_id, component: new.clone() };
        pool_total(self.components_of(epoch_id)?.into_iter().chain([&component]))?;
        self.components.insert(key, component.clone());
        Ok(component)
    }

    /// The parts of an epoch's budget, bytewise by component id.
    fn components_of(&self, epoch_id: EpochId) -> PortResult<Vec<&PoolComponent>> {
        self.epoch(epoch_id)?;
        let of_epoch = |component: &&PoolComponent| component.epoch_id == epoch_id;
        Ok(self.components.values().filter(of_epoch).collect())
    }

    /// The sum of the parts, where there is a base issuance (POOL_REQUIRES_BASE).
    pub(crate) fn payable_pool(&self, epoch_id: EpochId) -> PortResult<Credits> {
        let parts = self.components_of(epoch_id)?;
        if !parts.iter().any(|part| part.component.component_id.is_base_issuance()) {
            return Err(LedgerPortError::PoolRequiresBase { epoch_id });
        }
        Ok(pool_total(parts)?)
    }
}

#[async_trait]
impl PoolStore for MemoryStore {
    async fn insert_pool_component(
        &self,
        epoch_id: EpochId,
        component: &NewPoolComponent,
    ) -> PortResult<PoolComponent> {
        self.write(|books, _| books.insert_pool_component(epoch_id, component))
    }

    async fn get_pool_components_for_epoch(
        &self,
        epoch_id: EpochId,
        request: PageRequest<ComponentId>,
    ) -> PortResult<Page<PoolComponent, ComponentId>> {
        self.read(|books| {
            let parts = books.components_of(epoch_id)?;
            Ok(page(parts, &request, |part| part.component.component_id.clone()))
        })
    }
}
