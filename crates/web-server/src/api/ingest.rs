//! `POST …/activity`: events in bulk, as a JSON array or as a stream of lines.
//!
//! An array is one transaction. A stream may be of any length: it goes into a temporary file while it
//! comes, is checked whole, and is then stored some thousand events at a time. Events are known by
//! their ids, so whoever is cut off sends the stream again, and what was stored is skipped.

use std::sync::{Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use ledger_core::{Epoch, NewActivityEvent};
use ledger_port::{
    ActivityLedgerStore, Answer as StoredAnswer, EpochNotFoundPortError, InsertOutcome,
    LedgerPortError, Once, PortResult, Render, Write, Written,
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::{Asked, At, EpochChoice, idempotency_key, media_type, read_body};
use super::items::{Checked, Item, Received, Spool};
use super::writing::{answered, json};
use crate::access::Visit;
use crate::problem::{Answer, Code, Problem};
use crate::records::{FaultRecord, IngestRecord};
use crate::state::App;

/// What to do about faults.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IngestQuery {
    /// `true`: leave faulty items out, list them, and store the others. Otherwise one fault keeps
    /// everything out.
    #[serde(default)]
    skip_invalid: bool,
}

/// Appends events to an epoch that is not closed: a JSON array, or NDJSON of any length. An event
/// whose id is known is skipped, so again is safe. Every fault is listed by its index.
#[utoipa::path(
    post, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/activity", tag = "activity",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = String, Path, description = "The epoch's number, or `current` for the open one"),
        IngestQuery,
    ),
    responses((status = OK, body = IngestRecord))
)]
pub(crate) async fn insert(
    State(app): State<App>,
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
    Asked(query): Asked<IngestQuery>,
    request: Request,
) -> Answer<Response> {
    let key = idempotency_key(request.headers())?;
    // What was answered is answered again, even where there is no such epoch any more.
    let epoch = match target(&visit, &epoch).await {
        Err(problem) if key.is_none() => return Err(problem),
        epoch => epoch,
    };
    let target = format!("{} {}\n", request.method(), request.uri());
    let received = receive(&app, request).await?;
    let once = key.map(|key| Once { key, request_hash: received.hash_under(&target) });
    if let Some(once) = &once
        && let Some(answer) = visit.store.find_answer(once).await?
    {
        return Ok(answered(StatusCode::OK, answer));
    }
    let epoch = epoch?;
    let checked = received.check(&epoch, app.container.clock().now()).await?;
    if checked.fault_count > 0 && !query.skip_invalid {
        return Err(all_refused(&checked));
    }
    store(&app, &visit, &epoch, checked, once.as_ref()).await
}

async fn receive(app: &App, request: Request) -> Answer<Received> {
    match media_type(request.headers()).as_str() {
        "application/json" => {
            read_body(request, app.settings.max_body_bytes).await.map(Received::Array)
        }
        "application/x-ndjson" | "application/ndjson" | "application/jsonl" => {
            Spool::receive(request, app.settings.max_upload_bytes).await.map(Received::Lines)
        }
        _ => {
            let detail = "send events as application/json (an array) or application/x-ndjson";
            Err(Problem::new(Code::UnsupportedMediaType, detail))
        }
    }
}

/// The epoch by number; `current` is the open one, and no other.
async fn target(visit: &Visit, epoch: &str) -> Answer<Epoch> {
    match EpochChoice::parse(epoch)? {
        EpochChoice::Numbered(epoch_id) => {
            let found = visit.store.get_epoch(epoch_id).await?;
            Ok(found.ok_or(EpochNotFoundPortError { epoch_id })?)
        }
        EpochChoice::Current => visit.store.get_open_epoch().await?.ok_or_else(no_open_epoch),
    }
}

pub(crate) fn no_open_epoch() -> Problem {
    Problem::new(Code::NoOpenEpoch, "no epoch is open; open one, or name one by its number")
}

fn all_refused(checked: &Checked) -> Problem {
    let count = checked.fault_count;
    let detail = format!(
        "{count} of the items cannot be taken, so none was; mend them, or leave \
                          them out with skip_invalid=true"
    );
    let faults = serde_json::to_value(&checked.faults).expect("faults are text and numbers");
    Problem::new(Code::InvalidEvents, detail).with("fault_count", count).with("faults", faults)
}

async fn store(
    app: &App,
    visit: &Visit,
    epoch: &Epoch,
    mut checked: Checked,
    once: Option<&Once>,
) -> Answer<Response> {
    let mut outcomes: Vec<InsertOutcome> = Vec::new();
    let mut batch = checked.next_batch().await?;
    loop {
        let following = checked.next_batch().await?;
        if following.is_empty() {
            break;
        }
        let (events, indices) = apart(batch);
        let write = Write::InsertActivityEvents { epoch_id: epoch.id, events };
        let stored =
            write_events(app, visit.store.as_ref(), &write, None, &|_| String::new()).await;
        let (_, outcome) = stored.map_err(|error| of_the_request(error, &indices))?;
        outcomes.extend(outcome);
        batch = following;
    }
    let (events, indices) = apart(batch);
    let (count, faults): (u64, &[FaultRecord]) = (checked.fault_count, &checked.faults);
    let render = |written: &Written| {
        let Written::Activity(last) = written else { unreachable!("events are written as events") };
        let all: Vec<InsertOutcome> = outcomes.iter().chain([last]).cloned().collect();
        json(&IngestRecord::of(&all, count, faults.to_vec()))
    };
    let write = Write::InsertActivityEvents { epoch_id: epoch.id, events };
    let stored = write_events(app, visit.store.as_ref(), &write, once, &render).await;
    let (answer, _) = stored.map_err(|error| of_the_request(error, &indices))?;
    Ok(answered(StatusCode::OK, answer))
}

/// Writes events and counts what became of them, which is nothing where the answer is a replay.
pub(crate) async fn write_events(
    app: &App,
    store: &dyn ActivityLedgerStore,
    write: &Write,
    once: Option<&Once>,
    render: Render<'_>,
) -> PortResult<(StoredAnswer, Option<InsertOutcome>)> {
    // A transaction may run twice; the last run is the one that counts.
    let stored = Mutex::new(None);
    let kept = |written: &Written| {
        if let Written::Activity(outcome) = written {
            *stored.lock().unwrap_or_else(PoisonError::into_inner) = Some(outcome.clone());
        }
        render(written)
    };
    let answer = store.write(write, once, &kept).await?;
    let stored = stored.into_inner().unwrap_or_else(PoisonError::into_inner);
    let outcome = stored.filter(|_| !answer.is_replayed);
    if let Some(outcome) = &outcome {
        app.metrics.ingested(outcome);
    }
    Ok((answer, outcome))
}

fn apart(items: Vec<Item>) -> (Vec<NewActivityEvent>, Vec<u64>) {
    items.into_iter().map(|item| (item.event, item.index)).unzip()
}

/// A refusal names an event by its place in the call; the caller knows its place in the request.
fn of_the_request(error: LedgerPortError, indices: &[u64]) -> Problem {
    let at = match &error {
        LedgerPortError::InvalidEvent { index, .. }
        | LedgerPortError::EventAfterEpoch { index, .. } => indices.get(*index).copied(),
        _ => None,
    };
    let problem = Problem::from(error);
    match at {
        Some(index) => problem.with("index", index),
        None => problem,
    }
}
