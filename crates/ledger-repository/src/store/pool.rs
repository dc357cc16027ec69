use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, QueryDsl, SelectableHelper};
use diesel_async::RunQueryDsl;
use ledger_core::{ComponentId, EpochId, NewPoolComponent, PoolComponent};
use ledger_port::{Page, PageRequest, PoolStore, PortResult};
use ledger_schema::schema::epoch_pool_components as components;

use super::{PgLedgerStore, fetch, page};
use crate::Role;
use crate::commands::InsertPoolComponent;
use crate::rows::PoolComponentRow;

#[async_trait]
impl<R: Role> PoolStore for PgLedgerStore<R> {
    async fn insert_pool_component(
        &self,
        epoch_id: EpochId,
        component: &NewPoolComponent,
    ) -> PortResult<PoolComponent> {
        self.pool.run(&InsertPoolComponent::new(self.ledger_id, epoch_id, component)?).await
    }

    async fn get_pool_components_for_epoch(
        &self,
        epoch_id: EpochId,
        request: PageRequest<ComponentId>,
    ) -> PortResult<Page<PoolComponent, ComponentId>> {
        let name = "get_pool_components_for_epoch";
        let after = request.after.as_ref().map_or("", ComponentId::as_str);
        let mut loan = self.pool.lend().await?;
        let found = components::table
            .filter(components::ledger_id.eq(self.ledger_id.0))
            .filter(components::epoch_id.eq(epoch_id.0))
            .filter(components::component_id.gt(after))
            .order(components::component_id)
            .limit(fetch(request.limit))
            .select(PoolComponentRow::as_select())
            .load(loan.connection())
            .await;
        let rows: Vec<PoolComponentRow> = loan.end(name, found)?;
        if rows.is_empty() {
            self.require_epoch(name, epoch_id).await?;
        }
        page(rows, request.limit, |part: &PoolComponent| part.component.component_id.clone())
    }
}
