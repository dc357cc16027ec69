use chrono::{DateTime, Utc};
use diesel::prelude::{Insertable, Queryable, Selectable};
use ledger_core::{AccessToken, LedgerId, NewAccessToken, Timestamp, TokenId};
use ledger_port::StoreFault;
use ledger_schema::schema::access_tokens;
use uuid::Uuid;

use super::Place;

#[derive(Queryable, Selectable)]
#[diesel(table_name = access_tokens, check_for_backend(diesel::pg::Pg))]
pub(crate) struct AccessTokenRow {
    id: Uuid,
    name: String,
    scope: String,
    secret_hash: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    revoked_at: Option<DateTime<Utc>>,
}

impl TryFrom<AccessTokenRow> for AccessToken {
    type Error = StoreFault;
    fn try_from(row: AccessTokenRow) -> Result<Self, StoreFault> {
        let place = Place { table: "access_tokens", row: &row.id };
        let scope = row.scope.parse().map_err(|problem| place.corrupt("scope", problem))?;
        let secret_hash =
            row.secret_hash.parse().map_err(|problem| place.corrupt("secret_hash", problem))?;
        let time = |column, moment: Option<DateTime<Utc>>| {
            moment.map(|moment| place.time(column, moment)).transpose()
        };
        Ok(Self {
            token: NewAccessToken {
                id: TokenId(row.id),
                name: place.read("name", row.name)?,
                scope,
                secret_hash,
                expires_at: time("expires_at", row.expires_at)?,
            },
            created_at: place.time("created_at", row.created_at)?,
            revoked_at: time("revoked_at", row.revoked_at)?,
        })
    }
}

#[derive(Insertable)]
#[diesel(table_name = access_tokens)]
pub(crate) struct NewAccessTokenRow<'a> {
    ledger_id: Uuid,
    id: Uuid,
    name: &'a str,
    scope: &'static str,
    secret_hash: &'a str,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
}

impl<'a> NewAccessTokenRow<'a> {
    pub(crate) fn of(ledger_id: LedgerId, token: &'a NewAccessToken, now: Timestamp) -> Self {
        Self {
            ledger_id: ledger_id.0,
            id: token.id.0,
            name: token.name.as_str(),
            scope: token.scope.as_str(),
            secret_hash: token.secret_hash.as_str(),
            created_at: now.as_datetime(),
            expires_at: token.expires_at.map(Timestamp::as_datetime),
        }
    }
}
