//! What every source of activity keeps to, as one list of checks that each source's tests run.

use std::collections::{BTreeMap, BTreeSet};

use activity_sources::{
    ActivitySource, CollectWindow, MAX_PAGE_EVENTS, SourceError, SourcePage, SourceStream,
};
use ledger_core::{NewActivityEvent, SourceCursor, Timestamp};
use serde_json::{Value, json};

/// Checks a source against everything that the ledger and the collector trust it to do.
///
/// `open` opens the same place afresh each time. The place must hold at least three events inside
/// the window, must hand them out on several pages (make pages small), and must have one of them at
/// or after `earlier`, and one before it.
///
/// # Errors
/// The first rule that is broken, in a sentence.
pub async fn check_source<S: ActivitySource>(
    open: impl Fn() -> S,
    window: CollectWindow,
    earlier: Timestamp,
) -> Result<(), String> {
    let list = open().streams().await.map_err(|error| error.to_string())?;
    if list.streams.is_empty() {
        return Err("there is no stream to check".to_owned());
    }
    for stream in &list.streams {
        let pages = run(&open(), stream, None, window).await?;
        check_pages(&pages)?;
        if run(&open(), stream, None, window).await? != pages {
            return Err("a second run from the beginning hands out other pages".to_owned());
        }
        check_resuming(&open, stream, window, &pages).await?;
        check_two_windows(&open, stream, window, earlier, &pages).await?;
        check_foreign_cursors(&open, stream, window).await?;
    }
    Ok(())
}

async fn run(
    source: &impl ActivitySource,
    stream: &SourceStream,
    cursor: Option<&str>,
    window: CollectWindow,
) -> Result<Vec<SourcePage>, String> {
    let mut reader =
        source.read(stream, cursor, window).await.map_err(|error| error.to_string())?;
    let mut pages = Vec::new();
    while let Some(page) = reader.next_page().await.map_err(|error| error.to_string())? {
        pages.push(page);
    }
    if pages.is_empty() {
        return Err("a run has no page, so its cursor would not be stored".to_owned());
    }
    Ok(pages)
}

fn events(pages: &[SourcePage]) -> Vec<&NewActivityEvent> {
    pages.iter().flat_map(|page| &page.events).collect()
}

fn check_pages(pages: &[SourcePage]) -> Result<(), String> {
    let all = events(pages);
    if all.len() < 3 || pages.len() < 2 {
        return Err(format!(
            "{} events on {} pages are too few to check anything",
            all.len(),
            pages.len()
        ));
    }
    for page in pages {
        if page.events.len() > MAX_PAGE_EVENTS {
            return Err(format!("a page holds {} events", page.events.len()));
        }
        SourceCursor::check_value(&page.next_cursor).map_err(|error| error.to_string())?;
    }
    let mut ids = BTreeSet::new();
    for event in all {
        check_event(event)?;
        if !ids.insert(&event.id) {
            return Err(format!("{} is handed out twice in one run", event.id));
        }
    }
    Ok(())
}

fn check_event(event: &NewActivityEvent) -> Result<(), String> {
    event.check().map_err(|fault| format!("{}: {fault}", event.id))?;
    if event.payload_hash != event.canonical_payload_hash() {
        return Err(format!("{}: payload_hash is not that of the fact", event.id));
    }
    let Some(metadata) = &event.metadata else { return Ok(()) };
    for path in leaves(metadata) {
        let mut changed = event.clone();
        let leaf = changed.metadata.as_mut().and_then(|metadata| metadata.pointer_mut(&path));
        let leaf = leaf.ok_or_else(|| format!("{}: metadata has no {path:?}", event.id))?;
        *leaf = if *leaf == json!("changed") { json!("again") } else { json!("changed") };
        if changed.canonical_payload_hash() == event.payload_hash {
            return Err(format!("{}: payload_hash does not see {path:?} change", event.id));
        }
    }
    Ok(())
}

/// The JSON pointers of everything in the document that holds nothing else.
fn leaves(document: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![(String::new(), document)];
    while let Some((path, value)) = left.pop() {
        match value {
            Value::Object(entries) if !entries.is_empty() => {
                left.extend(entries.iter().map(|(key, value)| {
                    let key = key.replace('~', "~0").replace('/', "~1");
                    (format!("{path}/{key}"), value)
                }));
            }
            Value::Array(items) if !items.is_empty() => {
                let items = items.iter().enumerate();
                left.extend(items.map(|(at, value)| (format!("{path}/{at}"), value)));
            }
            _ => found.push(path),
        }
    }
    found
}

async fn check_resuming<S: ActivitySource>(
    open: &impl Fn() -> S,
    stream: &SourceStream,
    window: CollectWindow,
    pages: &[SourcePage],
) -> Result<(), String> {
    for (at, page) in pages.iter().enumerate() {
        let rest = run(&open(), stream, Some(&page.next_cursor), window).await?;
        if events(&rest) != events(&pages[at + 1..]) {
            return Err(format!("resuming after page {} loses or repeats something", at + 1));
        }
    }
    Ok(())
}

/// A window that ends earlier, stopped after any of its pages, and then the whole one, come to what
/// the whole one alone does.
async fn check_two_windows<S: ActivitySource>(
    open: &impl Fn() -> S,
    stream: &SourceStream,
    window: CollectWindow,
    earlier: Timestamp,
    pages: &[SourcePage],
) -> Result<(), String> {
    let first = run(&open(), stream, None, CollectWindow { until: earlier, ..window }).await?;
    let whole: BTreeMap<_, _> = events(pages).into_iter().map(|one| (&one.id, one)).collect();
    for (at, page) in first.iter().enumerate() {
        let then = run(&open(), stream, Some(&page.next_cursor), window).await?;
        let both = [events(&first[..=at]), events(&then)].concat();
        let union: BTreeMap<_, _> = both.iter().map(|one| (&one.id, *one)).collect();
        if union != whole {
            return Err(format!("after page {} of an earlier window something is lost", at + 1));
        }
        if both.len() != whole.len() {
            return Err(format!("after page {} of an earlier window something repeats", at + 1));
        }
    }
    let early = events(&first);
    if early.iter().any(|event| event.event_time >= earlier) {
        return Err("something from after the window did not wait".to_owned());
    }
    if early.is_empty() || early.len() == whole.len() {
        return Err("nothing lies on one side of the earlier end".to_owned());
    }
    Ok(())
}

async fn check_foreign_cursors<S: ActivitySource>(
    open: &impl Fn() -> S,
    stream: &SourceStream,
    window: CollectWindow,
) -> Result<(), String> {
    for foreign in ["", "17", "{}", "{\"version\":4294967295}", "\u{fffd}"] {
        match open().read(stream, Some(foreign), window).await {
            Err(SourceError::Cursor { .. }) => {}
            Err(other) => return Err(format!("the cursor {foreign:?} is refused as {other}")),
            Ok(_) => return Err(format!("the cursor {foreign:?} is taken")),
        }
    }
    Ok(())
}
