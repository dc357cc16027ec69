use std::collections::BTreeMap;

use async_trait::async_trait;
use diesel::prelude::{ExpressionMethods, NullableExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use ledger_core::{DisplayName, InvalidValue, UserId};
use ledger_port::{MAX_NAMES, PeopleStore, PortResult};
use ledger_schema::schema::users;

use super::PgLedgerStore;
use crate::Role;
use crate::rows::Place;

#[async_trait]
impl<R: Role> PeopleStore for PgLedgerStore<R> {
    async fn set_display_name(
        &self,
        user_id: &UserId,
        name: Option<&DisplayName>,
    ) -> PortResult<()> {
        let name = name.map(DisplayName::as_str);
        let row = (
            users::ledger_id.eq(self.ledger_id.0),
            users::user_id.eq(user_id.as_str()),
            users::display_name.eq(name),
            users::created_at.eq(self.now().as_datetime()),
        );
        let mut loan = self.pool.lend().await?;
        let written = diesel::insert_into(users::table)
            .values(row)
            .on_conflict((users::ledger_id, users::user_id))
            .do_update()
            .set(users::display_name.eq(name))
            .execute(loan.connection())
            .await;
        loan.end("set_display_name", written).map(|_| ())
    }

    async fn get_display_names(
        &self,
        user_ids: &[UserId],
    ) -> PortResult<BTreeMap<UserId, DisplayName>> {
        if user_ids.len() > MAX_NAMES {
            let asked = user_ids.len().to_string();
            let problem = format!("ask for at most {MAX_NAMES} at a time");
            return Err(InvalidValue::new("number of names", &asked, problem).into());
        }
        let ids: Vec<&str> = user_ids.iter().map(UserId::as_str).collect();
        let mut loan = self.pool.lend().await?;
        let found = users::table
            .filter(users::ledger_id.eq(self.ledger_id.0))
            .filter(users::user_id.eq_any(ids))
            .filter(users::display_name.is_not_null())
            .select((users::user_id, users::display_name.assume_not_null()))
            .load(loan.connection())
            .await;
        let rows: Vec<(String, String)> = loan.end("get_display_names", found)?;
        let mut names = BTreeMap::new();
        for (user_id, name) in rows {
            let place = Place { table: "users", row: &user_id.clone() };
            let user_id = place.read("user_id", user_id)?;
            if let Ok(name) = DisplayName::new(name) {
                names.insert(user_id, name);
            }
        }
        Ok(names)
    }
}
