//! What people are called.

use std::collections::BTreeMap;

use async_trait::async_trait;
use ledger_core::{DisplayName, InvalidValue, UserId};
use ledger_port::{MAX_NAMES, PeopleStore, PortResult};

use crate::MemoryStore;

#[async_trait]
impl PeopleStore for MemoryStore {
    async fn set_display_name(
        &self,
        user_id: &UserId,
        name: Option<&DisplayName>,
    ) -> PortResult<()> {
        self.write(|books, _| {
            match name {
                Some(name) => books.display_names.insert(user_id.clone(), name.clone()),
                None => books.display_names.remove(user_id),
            };
            Ok(())
        })
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
        Ok(self.read(|books| {
            let name_of = |user_id: &UserId| {
                books.display_names.get(user_id).map(|name| (user_id.clone(), name.clone()))
            };
            user_ids.iter().filter_map(name_of).collect()
        }))
    }
}
