use ledger_core::ActivityEvent;
use ledger_port::{ActivityLedgerStore, PageRequest, PortResult};
use serde_json::json;

use crate::cli::ActivityCommand;
use crate::failure::Failure;
use crate::output::table;
use crate::session::Session;
use crate::views;

pub(super) async fn run(
    command: &ActivityCommand,
    store: &dyn ActivityLedgerStore,
    session: &Session,
) -> Result<(), Failure> {
    let ActivityCommand::List { epoch, unresolved, limit } = command;
    let epoch = epoch.epoch.find(store).await?;
    let limit = if *limit == 0 { usize::MAX } else { *limit };
    let (events, has_more) = read_events(store, epoch.id, *unresolved, limit).await?;
    let json = json!({
        "events": events.iter().map(|event| views::event(event, &epoch)).collect::<Vec<_>>(),
        "more": has_more,
    });
    session.output.result(&json, || {
        let row = |event: &ActivityEvent| {
            let fact = &event.event;
            let late = if epoch.is_late(fact.event_time) { "late" } else { "" };
            vec![
                fact.event_time.to_string(),
                fact.kind().to_string(),
                fact.platform_user_id.to_string(),
                fact.user_id
                    .as_ref()
                    .map_or_else(|| "(nobody yet)".to_owned(), ToString::to_string),
                late.to_owned(),
                subject(event),
            ]
        };
        let header = ["time", "kind", "platform user", "user", "", "what"];
        let mut text = table(&header, &[], events.iter().map(row).collect());
        if has_more {
            text.push_str("\nThere are more; raise --limit, or 0 for all.");
        }
        text
    })
}

/// One line that tells a person which event this is.
fn subject(event: &ActivityEvent) -> String {
    const SHOWN: usize = 60;
    let metadata = event.event.metadata.as_ref();
    let subject = metadata.and_then(|metadata| metadata.get("subject")?.as_str());
    let text = subject.unwrap_or(event.event.id.as_str());
    let mut shown: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        shown.push('…');
    }
    shown
}

async fn read_events(
    store: &dyn ActivityLedgerStore,
    epoch_id: ledger_core::EpochId,
    unresolved: bool,
    limit: usize,
) -> PortResult<(Vec<ActivityEvent>, bool)> {
    let mut events = Vec::new();
    let mut request = PageRequest::first();
    loop {
        let left = u16::try_from(limit - events.len()).unwrap_or(u16::MAX);
        let request_now = request.of_at_most(left.min(ledger_port::MAX_PAGE_SIZE));
        let page = if unresolved {
            store.get_unresolved_activity(epoch_id, request_now).await?
        } else {
            store.get_activity_for_epoch(epoch_id, request_now).await?
        };
        events.extend(page.items);
        let Some(key) = page.next else { return Ok((events, false)) };
        if events.len() >= limit {
            return Ok((events, true));
        }
        request = PageRequest::after(key);
    }
}
