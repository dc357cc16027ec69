//! The example file is the manual of the keys, so it must be right and complete.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use worker::config::EXAMPLE;
use worker::{Config, WorkerSettings};

fn example() -> Config {
    Config::parse(EXAMPLE, "epoch-ledger.example.toml").unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_example_is_in_order_and_shows_the_defaults() {
    let config = example();
    assert_eq!(config.worker, WorkerSettings::default());
    let [ledger] = config.ledgers.as_slice() else { panic!("{config:?}") };
    let smallest = "[[ledger]]\nname = \"default\"\nweights = {}";
    let default = Config::parse(smallest, "f").unwrap().ledgers.remove(0);
    assert_eq!(ledger.create, default.create);
    assert_eq!(ledger.calendar, default.calendar);
    assert_eq!(ledger.last_collection_grace, default.last_collection_grace);
    assert_eq!(ledger.max_catch_up, default.max_catch_up);
    let [source] = ledger.sources.as_slice() else { panic!("{config:?}") };
    assert_eq!(
        source.settings,
        json!({ "path": "/srv/git/project.git", "bots": ["renovate*", "dependabot*"] })
    );
}

/// The names of every key under a value.
fn keys(value: &Value, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            for (key, inner) in entries {
                into.insert(key.clone());
                keys(inner, into);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| keys(item, into)),
        _ => {}
    }
}

#[test]
fn every_key_is_in_the_example() {
    let mut shown = BTreeSet::new();
    keys(&example().to_json(), &mut shown);
    assert!(shown.len() > 20, "{shown:?}");
    for key in shown {
        let is_told = EXAMPLE.lines().any(|line| {
            let line = line.trim_start_matches(['[', '"']);
            let line = line.strip_prefix("ledger.").unwrap_or(line);
            line.strip_prefix(key.as_str()).is_some_and(|rest| rest.starts_with([' ', ']', '"']))
        });
        assert!(is_told, "{key}");
    }
}
