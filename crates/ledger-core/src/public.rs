//! What everybody may see of a ledger whose operator shows it to everybody: display names, and no
//! addresses and no platform's ids.

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

use crate::{InvalidValue, UserId};

/// Who may read a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Visibility {
    /// Whoever holds a token.
    #[default]
    Private,
    /// Everybody, without addresses and platforms' ids.
    Public,
}

impl Visibility {
    /// The word that the database and JSON use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Visibility {
    type Err = InvalidValue;
    fn from_str(text: &str) -> Result<Self, InvalidValue> {
        match text {
            "private" => Ok(Self::Private),
            "public" => Ok(Self::Public),
            _ => Err(InvalidValue::new("visibility", text, "it must be private or public")),
        }
    }
}

/// What stands where an address was.
const HIDDEN: &str = "[hidden]";

/// Whether a text could hold an e-mail address.
fn holds_an_address(text: &str) -> bool {
    text.contains('@')
}

/// A user id as everybody may see it: itself, unless it holds an address. Ids of people should be
/// handles; where an operator uses addresses, the public sees that there is somebody, and not who.
pub fn public_user_id(user_id: &UserId) -> Option<&UserId> {
    (!holds_an_address(user_id.as_str())).then_some(user_id)
}

/// A text as everybody may see it: each word that could be an e-mail address is covered.
pub fn without_addresses(text: &str) -> String {
    let cover = |word: &str| {
        let ends_with_break = word.chars().next_back().filter(|c| c.is_whitespace());
        match (holds_an_address(word), ends_with_break) {
            (true, Some(space)) => format!("{HIDDEN}{space}"),
            (true, None) => HIDDEN.to_owned(),
            (false, _) => word.to_owned(),
        }
    };
    text.split_inclusive(char::is_whitespace).map(cover).collect()
}

/// JSON as everybody may see it: the texts in it without addresses, keys included.
pub fn json_without_addresses(json: &Value) -> Value {
    match json {
        Value::String(text) => Value::String(without_addresses(text)),
        Value::Array(items) => items.iter().map(json_without_addresses).collect(),
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (without_addresses(key), json_without_addresses(value)))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => json.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{json_without_addresses, public_user_id, without_addresses};
    use crate::UserId;

    #[test]
    fn addresses_are_covered_wherever_they_stand() {
        for (text, shown) in [
            ("", ""),
            ("asked by ada@example.org,\nsee #7", "asked by [hidden]\nsee #7"),
            ("<ada@example.org>", "[hidden]"),
            ("two  spaces", "two  spaces"),
        ] {
            assert_eq!(without_addresses(text), shown);
        }
        let inputs = json!({"voters": ["ada@example.org", 1], "b@c": null});
        assert_eq!(
            json_without_addresses(&inputs),
            json!({"voters": ["[hidden]", 1], "[hidden]": null})
        );
    }

    #[test]
    fn a_user_id_that_is_an_address_is_nobodys_to_see() {
        let id = |text: &str| UserId::new(text).expect("an id");
        assert_eq!(public_user_id(&id("ada")), Some(&id("ada")));
        assert_eq!(public_user_id(&id("ada@example.org")), None);
    }
}
