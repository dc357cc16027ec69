//! Answers as text that two stores can be compared by. A JSON number may be written in more than one
//! way, so documents are told in their canonical form; nothing else is changed.

use std::fmt::Debug;

use ledger_core::{ActivityEvent, PoolComponent, canonical_json};
use ledger_port::{ActivityKey, Ledger, Page, Written};
use serde_json::Value;

/// Whatever has no JSON in it is told as it is.
pub(super) fn plainly(answer: impl Debug) -> String {
    format!("{answer:?}")
}

fn canonical(document: &mut Value) {
    if let Ok(read) = serde_json::from_slice(&canonical_json(document)) {
        *document = read;
    }
}

pub(super) fn event(mut event: ActivityEvent) -> ActivityEvent {
    if let Some(metadata) = &mut event.event.metadata {
        canonical(metadata);
    }
    event
}

pub(super) fn events(page: Page<ActivityEvent, ActivityKey>) -> String {
    let items: Vec<_> = page.items.into_iter().map(event).collect();
    format!("{items:?}, next {:?}", page.next)
}

pub(super) fn component(mut part: PoolComponent) -> PoolComponent {
    canonical(&mut part.component.inputs);
    part
}

pub(super) fn written(written: &Written) -> String {
    match written {
        Written::PoolComponent(part) => format!("{:?}", component(part.clone())),
        other => format!("{other:?}"),
    }
}

/// The ledger `default` is as old as its database, so ages are left out.
pub(super) fn ledger(ledger: &Ledger) -> String {
    format!("{} {} {}", ledger.id, ledger.name, ledger.visibility)
}
