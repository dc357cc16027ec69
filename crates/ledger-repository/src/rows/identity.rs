use diesel::QueryableByName;
use diesel::prelude::{Queryable, Selectable};
use diesel::sql_types::{BigInt, Nullable, Text};
use ledger_port::{BindingKey, IdentityBinding, StoreFault, UnresolvedIdentity};
use ledger_schema::schema::identity_bindings;

use super::Place;

#[derive(Queryable, Selectable)]
#[diesel(table_name = identity_bindings, check_for_backend(diesel::pg::Pg))]
pub(crate) struct BindingRow {
    source: String,
    platform_user_id: String,
    user_id: String,
}

fn key(table: &'static str, source: String, user: String) -> Result<BindingKey, StoreFault> {
    let row = format!("{source} {user}");
    let place = Place { table, row: &row };
    Ok(BindingKey {
        source: place.read("source", source)?,
        platform_user_id: place.read("platform_user_id", user)?,
    })
}

impl TryFrom<BindingRow> for IdentityBinding {
    type Error = StoreFault;
    fn try_from(row: BindingRow) -> Result<Self, StoreFault> {
        let key = key("identity_bindings", row.source, row.platform_user_id)?;
        let place = Place { table: "identity_bindings", row: &key.platform_user_id };
        let user_id = place.read("user_id", row.user_id)?;
        Ok(Self { key, user_id })
    }
}

#[derive(QueryableByName)]
pub(crate) struct UnresolvedRow {
    #[diesel(sql_type = Text)]
    source: String,
    #[diesel(sql_type = Text)]
    platform_user_id: String,
    #[diesel(sql_type = Nullable<Text>)]
    platform_login: Option<String>,
    #[diesel(sql_type = BigInt)]
    event_count: i64,
}

impl TryFrom<UnresolvedRow> for UnresolvedIdentity {
    type Error = StoreFault;
    fn try_from(row: UnresolvedRow) -> Result<Self, StoreFault> {
        let key = key("activity_events", row.source, row.platform_user_id)?;
        let place = Place { table: "activity_events", row: &key.platform_user_id };
        let event_count = place.read("count", row.event_count)?;
        Ok(Self { key, platform_login: row.platform_login, event_count })
    }
}
