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

/// Where somebody came to who read a source to its end.
#[derive(Default)]
struct Read {
    events: Vec<NewActivityEvent>,
    cursor: Option<String>,
}

/// Reads a source to its end.
pub(crate) async fn read_all(
    what: &str,
    source: &dyn ActivitySource,
) -> Outcome<Result<Vec<NewActivityEvent>, SourceError>> {
    Ok(read_from(what, source, None).await?.map(|read| read.events))
}

/// Goes on from a cursor that nobody gave out, or that somebody changed since.
pub(crate) async fn any_cursor(
    what: &str,
    source: &dyn ActivitySource,
    dice: &mut Rng,
) -> Outcome<Verdict> {
    let sound = read_from(what, source, None).await?.ok();
    let sound = sound.and_then(|read| read.cursor).unwrap_or_default();
    let cursor = match dice.u8(..4) {
        0 => text(dice),
        1 => String::from_utf8_lossy(&json_text(dice, &sound)).into_owned(),
        2 => touched(dice, &sound),
        _ => sound,
    };
    let read = read_from(what, source, Some(&cursor)).await?;
    Ok(if read.is_ok() { Verdict::Accepted } else { Verdict::Refused })
}

async fn read_from(
    what: &str,
    source: &dyn ActivitySource,
    cursor: Option<&str>,
) -> Outcome<Result<Read, SourceError>> {
    let window = always()?;
    let read = async {
        let mut read = Read::default();
        for stream in source.streams().await?.streams {
            let mut reader = source.read(&stream, cursor, window).await?;
            while let Some(page) = reader.next_page().await? {
                read.events.extend(page.events);
                read.cursor = Some(page.next_cursor);
            }
        }
        Ok(read)
    };
    let read: Result<Read, SourceError> = AssertUnwindSafe(read)
        .catch_unwind()
        .await
        .map_err(|panic| panicked(what, cursor.unwrap_or("all of it"), &*panic))?;
    if let Ok(read) = &read {
        read.events.iter().try_for_each(keeps)?;
    }
    Ok(read)
}
