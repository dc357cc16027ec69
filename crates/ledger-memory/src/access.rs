//! Tokens.

use async_trait::async_trait;
use ledger_core::{AccessToken, InvalidValue, NewAccessToken, Timestamp, TokenId};
use ledger_port::{AccessStore, LedgerPortError, Page, PageRequest, PortResult};

use crate::MemoryStore;
use crate::books::{Books, page};

impl Books {
    fn insert_access_token(
        &mut self,
        new: &NewAccessToken,
        now: Timestamp,
    ) -> PortResult<AccessToken> {
        let as_new = || AccessToken { token: new.clone(), created_at: now, revoked_at: None };
        let stored = self.tokens.entry(new.id).or_insert_with(as_new);
        if stored.token == *new {
            return Ok(stored.clone());
        }
        let id = new.id.to_string();
        Err(InvalidValue::new("token id", &id, "it is taken; make another").into())
    }

    fn revoke_access_token(&mut self, id: TokenId, now: Timestamp) -> PortResult<AccessToken> {
        let stored = self.tokens.get_mut(&id).ok_or(LedgerPortError::TokenNotFound { id })?;
        stored.revoked_at.get_or_insert(now);
        Ok(stored.clone())
    }
}

#[async_trait]
impl AccessStore for MemoryStore {
    async fn insert_access_token(&self, token: &NewAccessToken) -> PortResult<AccessToken> {
        self.write(|books, now| books.insert_access_token(token, now))
    }

    async fn get_access_token(&self, id: TokenId) -> PortResult<Option<AccessToken>> {
        Ok(self.read(|books| books.tokens.get(&id).cloned()))
    }

    async fn list_access_tokens(
        &self,
        request: PageRequest<TokenId>,
    ) -> PortResult<Page<AccessToken, TokenId>> {
        Ok(self.read(|books| page(books.tokens.values(), &request, |token| token.token.id)))
    }

    async fn revoke_access_token(&self, id: TokenId) -> PortResult<AccessToken> {
        self.write(|books, now| books.revoke_access_token(id, now))
    }
}
