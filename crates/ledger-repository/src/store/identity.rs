use async_trait::async_trait;
use diesel::prelude::{
    BoolExpressionMethods, ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper,
};
use diesel::sql_types::{BigInt, Text, Uuid as SqlUuid};
use diesel_async::RunQueryDsl;
use ledger_core::{EpochId, EventId, UserId};
use ledger_port::{
    BindingKey, IdentityBinding, IdentityResolution, IdentityStore, Page, PageRequest, PortResult,
    ResolutionOutcome, UnresolvedIdentity,
};
use ledger_schema::schema::identity_bindings as bindings;

use super::{PgLedgerStore, fetch, page};
use crate::Role;
use crate::commands::{BindIdentities, ResolveByBindings, ResolveIdentities};
use crate::rows::{BindingRow, UnresolvedRow};

#[async_trait]
impl<R: Role> IdentityStore for PgLedgerStore<R> {
    async fn resolve_activity_identity(
        &self,
        event_id: &EventId,
        user_id: &UserId,
    ) -> PortResult<ResolutionOutcome> {
        let resolution =
            IdentityResolution { event_id: event_id.clone(), user_id: user_id.clone() };
        self.resolve_activity_identities(&[resolution]).await
    }

    async fn resolve_activity_identities(
        &self,
        resolutions: &[IdentityResolution],
    ) -> PortResult<ResolutionOutcome> {
        self.pool.run(&ResolveIdentities { ledger_id: self.ledger_id, resolutions }).await
    }

    async fn bind_identities(&self, bindings: &[IdentityBinding]) -> PortResult<u64> {
        self.pool.run(&BindIdentities::new(self.ledger_id, bindings, self.now())).await
    }

    async fn get_identity_binding(&self, key: &BindingKey) -> PortResult<Option<IdentityBinding>> {
        let mut loan = self.pool.lend().await?;
        let found = bindings::table
            .filter(bindings::ledger_id.eq(self.ledger_id.0))
            .filter(bindings::source.eq(key.source.as_str()))
            .filter(bindings::platform_user_id.eq(key.platform_user_id.as_str()))
            .select(BindingRow::as_select())
            .first(loan.connection())
            .await
            .optional();
        let row: Option<BindingRow> = loan.end("get_identity_binding", found)?;
        Ok(row.map(IdentityBinding::try_from).transpose()?)
    }

    async fn list_identity_bindings(
        &self,
        request: PageRequest<BindingKey>,
    ) -> PortResult<Page<IdentityBinding, BindingKey>> {
        let mut loan = self.pool.lend().await?;
        let (source, user) = after(&request);
        let is_after = bindings::source
            .gt(source)
            .or(bindings::source.eq(source).and(bindings::platform_user_id.gt(user)));
        let found = bindings::table
            .filter(bindings::ledger_id.eq(self.ledger_id.0))
            .filter(is_after)
            .order((bindings::source, bindings::platform_user_id))
            .limit(fetch(request.limit))
            .select(BindingRow::as_select())
            .load(loan.connection())
            .await;
        let rows: Vec<BindingRow> = loan.end("list_identity_bindings", found)?;
        page(rows, request.limit, |binding: &IdentityBinding| binding.key.clone())
    }

    async fn resolve_activity_by_bindings(&self, epoch_id: EpochId) -> PortResult<u64> {
        self.pool.run(&ResolveByBindings { ledger_id: self.ledger_id, epoch_id }).await
    }

    async fn list_unresolved_identities(
        &self,
        epoch_id: EpochId,
        request: PageRequest<BindingKey>,
    ) -> PortResult<Page<UnresolvedIdentity, BindingKey>> {
        let (source, user) = after(&request);
        let mut loan = self.pool.lend().await?;
        let found = diesel::sql_query(LIST_UNRESOLVED)
            .bind::<SqlUuid, _>(self.ledger_id.0)
            .bind::<BigInt, _>(epoch_id.0)
            .bind::<Text, _>(source)
            .bind::<Text, _>(user)
            .bind::<BigInt, _>(fetch(request.limit))
            .load(loan.connection())
            .await;
        let rows: Vec<UnresolvedRow> = loan.end("list_unresolved_identities", found)?;
        if rows.is_empty() {
            self.require_epoch("list_unresolved_identities", epoch_id).await?;
        }
        page(rows, request.limit, |identity: &UnresolvedIdentity| identity.key.clone())
    }
}

/// The key to begin after; no key is smaller than two empty texts.
fn after(request: &PageRequest<BindingKey>) -> (&str, &str) {
    request
        .after
        .as_ref()
        .map_or(("", ""), |key| (key.source.as_str(), key.platform_user_id.as_str()))
}

const LIST_UNRESOLVED: &str = "
    SELECT source, platform_user_id, max(platform_login) AS platform_login,
        count(*) AS event_count
    FROM activity_events
    WHERE ledger_id = $1 AND epoch_id = $2 AND user_id IS NULL
        AND (source, platform_user_id) > ($3, $4)
    GROUP BY source, platform_user_id
    ORDER BY source, platform_user_id
    LIMIT $5";
