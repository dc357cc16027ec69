//! `[[ledger.source]]`: one source of a ledger. What the plan does not know is the source's own.

use std::collections::BTreeMap;
use std::time::Duration;

use activity_sources::SOURCES;
use ledger_core::SourceId;
use serde_json::{Map, Value};

use super::table::Table;
use super::value::{SHORTEST, checked, duration, json, shown, text, texts};
use super::{SourcePlan, secret};

/// Reads one source. `None` where something that must be there is faulty; what is faulty is told.
pub(super) fn read(
    mut table: Table<'_, '_>,
    bots: &[String],
    collect_every: Duration,
    seen: &mut BTreeMap<SourceId, usize>,
) -> Option<SourcePlan> {
    let id = table.require("id", "write id = \"main\"", checked::<SourceId>);
    if let Some(id) = &id {
        table.tell_second("id", id, seen, |line| {
            format!(
                "\"{id}\" is the source of line {line} already; each source of a ledger has an id \
                 of its own"
            )
        });
    }
    let known = || SOURCES.iter().map(|kind| kind.name).collect::<Vec<_>>().join(", ");
    let kind = table.require("kind", &format!("known are: {}", known()), |value| {
        let kind = text(value)?;
        let is_known = SOURCES.iter().any(|source| source.name == kind);
        is_known.then(|| kind.to_owned()).ok_or_else(|| {
            let kind = shown(kind);
            format!("there is no source of kind \"{kind}\"; known are: {}", known())
        })
    });
    let collect_every =
        table.read("collect_every", |value| duration(value, SHORTEST)).unwrap_or(collect_every);
    let takes_bots =
        SOURCES.iter().any(|source| Some(source.name) == kind.as_deref() && source.takes_bots);
    let all_bots = all_bots(&mut table, if takes_bots { bots } else { &[] });
    if let Some(kind) = kind.as_deref().filter(|_| !takes_bots && !all_bots.is_empty()) {
        table.tell("bots", format!("a source of kind {kind} has no bots; leave them out"));
    }
    let mut settings = own_settings(&table);
    if !all_bots.is_empty() {
        settings.insert("bots".to_owned(), all_bots.into());
    }
    Some(SourcePlan { id: id?, kind: kind?, settings: Value::Object(settings), collect_every })
}

/// The ledger's bots, then the source's own that are not among them.
fn all_bots(table: &mut Table<'_, '_>, bots: &[String]) -> Vec<String> {
    let mut all = bots.to_vec();
    for bot in table.read("bots", texts).unwrap_or_default() {
        if !all.contains(&bot) {
            all.push(bot);
        }
    }
    all
}

fn own_settings(table: &Table<'_, '_>) -> Map<String, Value> {
    let mut settings = Map::new();
    for entry in table.rest() {
        if secret::tell_secrets(table.faults(), &entry) {
            continue;
        }
        match json(entry.value) {
            Ok(value) => {
                settings.insert(entry.key.to_owned(), value);
            }
            Err(problem) => table.faults().add(entry.at, &entry.path, problem),
        }
    }
    settings
}
