//! Tokens that open a ledger to programs and people.

use async_trait::async_trait;
use ledger_core::{AccessToken, NewAccessToken, TokenId};

use crate::{Page, PageRequest, PortResult};

/// Keeps access tokens. Only a secret's hash is ever stored.
#[async_trait]
pub trait AccessStore: Send + Sync {
    /// Adds a token.
    ///
    /// Refuses an id that is taken (`InvalidValue`). Idempotent: the same token again returns the
    /// stored one.
    async fn insert_access_token(&self, token: &NewAccessToken) -> PortResult<AccessToken>;

    /// One token of this ledger, or `None`. Revoked and expired ones are found too.
    async fn get_access_token(&self, id: TokenId) -> PortResult<Option<AccessToken>>;

    /// Every token of this ledger, by id.
    async fn list_access_tokens(
        &self,
        page: PageRequest<TokenId>,
    ) -> PortResult<Page<AccessToken, TokenId>>;

    /// Takes a token back, for good.
    ///
    /// Refuses a missing token (`TokenNotFound`). Idempotent: the first time stays.
    async fn revoke_access_token(&self, id: TokenId) -> PortResult<AccessToken>;
}
