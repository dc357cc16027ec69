use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, OptionalExtension, QueryDsl, SelectableHelper};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use ledger_core::{AccessToken, InvalidValue, LedgerId, NewAccessToken, Timestamp, TokenId};
use ledger_port::{AccessStore, LedgerPortError, Page, PageRequest, PortResult};
use ledger_schema::schema::access_tokens as tokens;

use super::{PgLedgerStore, fetch, page};
use crate::Role;
use crate::rows::{AccessTokenRow, NewAccessTokenRow};
use crate::transaction::{Command, TxError};

#[async_trait]
impl<R: Role> AccessStore for PgLedgerStore<R> {
    async fn insert_access_token(&self, token: &NewAccessToken) -> PortResult<AccessToken> {
        let (ledger_id, now) = (self.ledger_id, self.now());
        self.pool.run(&InsertAccessToken { ledger_id, token, now }).await
    }

    async fn get_access_token(&self, id: TokenId) -> PortResult<Option<AccessToken>> {
        let mut loan = self.pool.lend().await?;
        let found = find(loan.connection(), self.ledger_id, id).await;
        loan.end("get_access_token", found)
    }

    async fn list_access_tokens(
        &self,
        request: PageRequest<TokenId>,
    ) -> PortResult<Page<AccessToken, TokenId>> {
        let mut query = tokens::table
            .filter(tokens::ledger_id.eq(self.ledger_id.0))
            .order(tokens::id)
            .limit(fetch(request.limit))
            .select(AccessTokenRow::as_select())
            .into_boxed();
        if let Some(after) = request.after {
            query = query.filter(tokens::id.gt(after.0));
        }
        let mut loan = self.pool.lend().await?;
        let found = query.load(loan.connection()).await;
        let rows: Vec<AccessTokenRow> = loan.end("list_access_tokens", found)?;
        page(rows, request.limit, |token: &AccessToken| token.token.id)
    }

    async fn revoke_access_token(&self, id: TokenId) -> PortResult<AccessToken> {
        let (ledger_id, now) = (self.ledger_id, self.now());
        self.pool.run(&RevokeAccessToken { ledger_id, id, now }).await
    }
}

async fn find(
    connection: &mut AsyncPgConnection,
    ledger_id: LedgerId,
    id: TokenId,
) -> Result<Option<AccessToken>, TxError> {
    let row: Option<AccessTokenRow> = tokens::table
        .filter(tokens::ledger_id.eq(ledger_id.0))
        .filter(tokens::id.eq(id.0))
        .select(AccessTokenRow::as_select())
        .first(connection)
        .await
        .optional()?;
    Ok(row.map(AccessToken::try_from).transpose()?)
}

struct InsertAccessToken<'a> {
    ledger_id: LedgerId,
    token: &'a NewAccessToken,
    now: Timestamp,
}

#[async_trait]
impl Command for InsertAccessToken<'_> {
    type Output = AccessToken;
    const NAME: &'static str = "insert_access_token";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<AccessToken, TxError> {
        diesel::insert_into(tokens::table)
            .values(NewAccessTokenRow::of(self.ledger_id, self.token, self.now))
            .on_conflict((tokens::ledger_id, tokens::id))
            .do_nothing()
            .execute(tx)
            .await?;
        match find(tx, self.ledger_id, self.token.id).await? {
            Some(stored) if stored.token == *self.token => Ok(stored),
            _ => {
                let id = self.token.id.to_string();
                Err(InvalidValue::new("token id", &id, "it is taken; make another").into())
            }
        }
    }
}

struct RevokeAccessToken {
    ledger_id: LedgerId,
    id: TokenId,
    now: Timestamp,
}

#[async_trait]
impl Command for RevokeAccessToken {
    type Output = AccessToken;
    const NAME: &'static str = "revoke_access_token";

    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<AccessToken, TxError> {
        diesel::update(tokens::table)
            .filter(tokens::ledger_id.eq(self.ledger_id.0))
            .filter(tokens::id.eq(self.id.0))
            .filter(tokens::revoked_at.is_null())
            .set(tokens::revoked_at.eq(self.now.as_datetime()))
            .execute(tx)
            .await?;
        let stored = find(tx, self.ledger_id, self.id).await?;
        Ok(stored.ok_or(LedgerPortError::TokenNotFound { id: self.id })?)
    }
}
