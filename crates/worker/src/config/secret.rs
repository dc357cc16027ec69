//! Secrets are never in the file: who can read a plan need not be able to read what it reads.

use toml::de::DeValue;

use super::fault::Faults;
use super::table::{Entry, Table};

/// What the name of a secret ends with.
const NAMES: &[&str] = &["token", "secret", "password", "passphrase", "api_key", "private_key"];

/// Tells every secret in the entry, at any depth, without its value. Answers whether there is one.
pub(super) fn tell_secrets<'a, 't>(faults: &'a Faults<'t>, entry: &Entry<'a, 't>) -> bool {
    if is_secret_name(entry.key) {
        let name = entry.key.to_lowercase().replace('-', "_");
        let problem = format!(
            "a secret does not belong in this file; put it into an environment variable and name \
             that: {name}_env = \"{}\"",
            name.to_uppercase()
        );
        faults.add(entry.key_at, &entry.path, problem);
        return true;
    }
    match entry.value {
        DeValue::String(text) if has_credential(text) => {
            let problem = "the address holds a user name or password; leave it out, whatever is \
                           before the '@'";
            faults.add(entry.at, &entry.path, problem);
            true
        }
        DeValue::Table(entries) => {
            let table = Table::new(faults, entries, entry.path.clone(), entry.at);
            // Every one is told, so the first must not end the search.
            table.rest().filter(|inner| tell_secrets(faults, inner)).count() > 0
        }
        DeValue::Array(list) => {
            list.iter().filter(|one| tell_secrets(faults, &entry.item(one))).count() > 0
        }
        _ => false,
    }
}

fn is_secret_name(key: &str) -> bool {
    let key = key.to_lowercase().replace('-', "_");
    NAMES.iter().any(|name| key == *name || key.ends_with(&format!("_{name}")))
}

/// Whether an address carries a credential. `ssh://git@host` does not: that name is everybody's.
fn has_credential(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once('@') {
        Some((user, _)) => scheme.to_lowercase().starts_with("http") || user.contains(':'),
        None => false,
    }
}
