//! Sources read to their end, from wherever somebody says that they stand.

use std::panic::AssertUnwindSafe;

use activity_sources::{ActivitySource, CollectWindow, SourceError};
use fastrand::Rng;
use futures_util::FutureExt as _;
use ledger_core::{NewActivityEvent, Timestamp};

use super::json::json_text;
use super::tally::{Verdict, panicked};
use super::texts::{text, touched};
use crate::{Outcome, ensure};

pub(crate) fn at(text: &str) -> Outcome<Timestamp> {
    Ok(text.parse()?)
}

/// What every event keeps to.
pub(crate) fn keeps(event: &NewActivityEvent) -> Outcome<()> {
    let fault = event.check().err();
    ensure!(fault.is_none(), "a parser let {event:?} through: {fault:?}");
    let is_canonical = event.payload_hash == event.canonical_payload_hash();
    ensure!(is_canonical, "the hash of {event:?} is not that of its payload");
    Ok(())
}

/// Whether an event is among them.
pub(crate) fn has(events: &[NewActivityEvent], id: &str) -> bool {
    events.iter().any(|event| event.id.as_str() == id)
}

fn always() -> Outcome<CollectWindow> {
    Ok(CollectWindow {
        since: at("1970-01-01")?,
        until: at("2100-01-01")?,
        retrieved_at: at("2026-11-22")?,
    })
}

/// Reads a source to its end.
pub(crate) async fn read_all(
    what: &str,
    source: &dyn ActivitySource,
) -> Outcome<Result<Vec<NewActivityEvent>, SourceError>> {
    let window = always()?;
    let all = async {
        let mut events = Vec::new();
        for stream in source.streams().await?.streams {
            let mut reader = source.read(&stream, None, window).await?;
            while let Some(page) = reader.next_page().await? {
                events.extend(page.events);
            }
        }
        Ok(events)
    };
    let all: Result<Vec<NewActivityEvent>, SourceError> = AssertUnwindSafe(all)
        .catch_unwind()
        .await
        .map_err(|panic| panicked(what, "all of it", &*panic))?;
    if let Ok(events) = &all {
        events.iter().try_for_each(keeps)?;
    }
    Ok(all)
}

/// Goes on from a cursor that nobody gave out, or that somebody changed since.
pub(crate) async fn any_cursor(
    what: &str,
    source: &dyn ActivitySource,
    dice: &mut Rng,
) -> Outcome<Verdict> {
    let sound = go_on(what, source, None).await?.ok().flatten().unwrap_or_default();
    let cursor = match dice.u8(..4) {
        0 => text(dice),
        1 => String::from_utf8_lossy(&json_text(dice, &sound)).into_owned(),
        2 => touched(dice, &sound),
        _ => sound,
    };
    let read = go_on(what, source, Some(&cursor)).await?;
    Ok(if read.is_ok() { Verdict::Accepted } else { Verdict::Refused })
}

/// Reads on from a cursor to the end; answers the cursor there.
async fn go_on(
    what: &str,
    source: &dyn ActivitySource,
    cursor: Option<&str>,
) -> Outcome<Result<Option<String>, SourceError>> {
    let window = always()?;
    let read = async {
        let mut last = None;
        for stream in source.streams().await?.streams {
            let mut reader = source.read(&stream, cursor, window).await?;
            while let Some(page) = reader.next_page().await? {
                last = Some(page.next_cursor);
            }
        }
        Ok(last)
    };
    let read = AssertUnwindSafe(read).catch_unwind().await;
    read.map_err(|panic| panicked(what, cursor.unwrap_or_default(), &*panic))
}
