//! The life of an epoch.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use ledger_core::{
    Credits, NewEpoch, Period, Sha256Hex, StatementId, Timestamp, UserId, WeightTable,
};
use ledger_port::{FinalizeEpoch, Write, Written};
use serde::Deserialize;
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::extract::{Asked, At, Body, EpochChoice};
use super::ledgers::PageQuery;
use super::listing::{Listing, Paging};
use super::writing::write;
use crate::access::{Eyes, Visit};
use crate::problem::{Answer, Code, Problem};
use crate::records::{CloseOutcome, EpochRecord, FinalizedRecord, Names};
use crate::state::App;

/// The epochs, newest first.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/epochs", tag = "epochs",
    params(("ledger" = String, Path, description = "The ledger's name"), PageQuery),
    responses((status = OK, body = Listing<EpochRecord>))
)]
pub(crate) async fn list(
    visit: Visit,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Listing<EpochRecord>>> {
    let list = format!("{} epochs", visit.ledger.id);
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), query.limit)?;
    let page = visit.store.list_epochs(paging.request()?).await?;
    Ok(Json(paging.listing(&page, EpochRecord::of)?))
}

/// One epoch, by its number or `current`: the open one, else the newest in review, else the newest.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}", tag = "epochs",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = String, Path, description = "The epoch's number, or `current`"),
    ),
    responses((status = OK, body = EpochRecord))
)]
pub(crate) async fn show(
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
) -> Answer<Json<EpochRecord>> {
    let epoch = EpochChoice::parse(&epoch)?.find(visit.store.as_ref()).await?;
    Ok(Json(EpochRecord::of(&epoch)))
}

/// What it takes to open an epoch: a window, as an ISO week or from and to, and weights.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewEpochBody {
    /// An ISO week, such as `2026-W47`; or say `period_start` and `period_end`.
    week: Option<String>,
    #[schema(format = "date-time")]
    period_start: Option<String>,
    #[schema(format = "date-time")]
    period_end: Option<String>,
    /// What one event of a kind (`source:event_type`) weighs, in milli-units, as a string or a whole
    /// number. Without weights: those of the newest epoch.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    weights: Option<BTreeMap<String, Value>>,
}

/// Weights as strings or numbers.
pub(crate) fn weight_table(weights: &BTreeMap<String, Value>) -> Answer<WeightTable> {
    let number = |value: &Value| match value.as_str().map(str::parse::<i64>) {
        Some(Ok(number)) => number.into(),
        _ => value.clone(),
    };
    let object = weights.iter().map(|(kind, weight)| (kind.clone(), number(weight))).collect();
    Ok(WeightTable::from_json(&Value::Object(object))?)
}

impl NewEpochBody {
    fn period(&self) -> Answer<Period> {
        let time = |text: &String| text.parse::<Timestamp>();
        match (&self.week, &self.period_start, &self.period_end) {
            (Some(week), None, None) => Ok(Period::iso_week(week)?),
            (None, Some(start), Some(end)) => Ok(Period::new(time(start)?, time(end)?)?),
            _ => {
                let detail = "say `week`, or `period_start` and `period_end`, and not both";
                Err(Problem::new(Code::InvalidValue, detail))
            }
        }
    }
}

/// Opens an epoch.
#[utoipa::path(
    post, path = "/api/v1/ledgers/{ledger}/epochs", tag = "epochs",
    params(("ledger" = String, Path, description = "The ledger's name")),
    request_body = NewEpochBody, responses((status = CREATED, body = EpochRecord))
)]
pub(crate) async fn open(State(app): State<App>, visit: Visit, body: Body) -> Answer<Response> {
    let asked: NewEpochBody = body.json()?;
    let period = asked.period()?;
    let weights = match &asked.weights {
        Some(weights) => weight_table(weights)?,
        None => newest_weights(&visit).await?,
    };
    let command = Write::CreateEpoch(NewEpoch { period, weights });
    write(&app, &visit, command, body.once(), StatusCode::CREATED, epoch_record).await
}

async fn newest_weights(visit: &Visit) -> Answer<WeightTable> {
    let newest = visit.store.list_epochs(ledger_port::PageRequest::first().of_at_most(1)).await?;
    let newest = newest.items.into_iter().next().map(|epoch| epoch.weights);
    newest.ok_or_else(|| {
        let detail = "the first epoch of a ledger needs `weights`: there are none to go on with";
        Problem::new(Code::InvalidValue, detail)
    })
}

fn epoch_record(written: &Written) -> EpochRecord {
    let Written::Epoch(epoch) = written else { unreachable!("an epoch is written as an epoch") };
    EpochRecord::of(epoch)
}

/// Puts an open epoch into review. Again is safe.
#[utoipa::path(
    post, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/review", tag = "epochs",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = i64, Path, description = "The epoch's number"),
    ),
    responses((status = OK, body = EpochRecord))
)]
pub(crate) async fn review(
    State(app): State<App>,
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
    body: Body,
) -> Answer<Response> {
    let command = Write::BeginReview(EpochChoice::numbered(&epoch)?);
    write(&app, &visit, command, body.once(), StatusCode::OK, epoch_record).await
}

/// Whether to write at all.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FinalizeQuery {
    /// `true`: answer what would be written, by writing it and rolling back.
    #[serde(default)]
    dry_run: bool,
}

/// What the caller saw; whatever is another by now is refused.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FinalizeBody {
    /// The pool that was looked at.
    expected_pool_total_credits: Option<String>,
    /// The hash of the allocations that were looked at.
    expected_allocation_set_hash: Option<String>,
}

/// Closes an epoch and writes its statement. A closed epoch with a statement is answered unchanged.
#[utoipa::path(
    post, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/finalize", tag = "epochs",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = i64, Path, description = "The epoch's number"),
        FinalizeQuery,
    ),
    request_body(content = FinalizeBody, description = "May be left out"),
    responses((status = OK, body = FinalizedRecord))
)]
pub(crate) async fn finalize(
    State(app): State<App>,
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
    Asked(query): Asked<FinalizeQuery>,
    body: Body,
) -> Answer<Response> {
    let asked: FinalizeBody = body.json()?;
    let command = FinalizeEpoch {
        epoch_id: EpochChoice::numbered(&epoch)?,
        statement_id: StatementId(Uuid::new_v4()),
        expected_pool_total: asked
            .expected_pool_total_credits
            .map(|total| total.parse::<Credits>())
            .transpose()?,
        expected_allocation_set_hash: asked
            .expected_allocation_set_hash
            .map(|hash| hash.parse::<Sha256Hex>())
            .transpose()?,
    };
    if query.dry_run {
        let finalized = visit.store.preview_finalize_epoch(&command).await?;
        let users: Vec<&UserId> =
            finalized.statement.statement.payouts.iter().map(|row| &row.user_id).collect();
        let names = Names::of(visit.store.as_ref(), Eyes::Member, users).await?;
        let record = FinalizedRecord::of(&finalized, CloseOutcome::DryRun, &names);
        return Ok(Json(record).into_response());
    }
    // The answer is stored with the write, and names may change: it has none.
    let names = Names::none(Eyes::Member);
    let statement_id = command.statement_id;
    let record = |written: &Written| {
        let Written::Finalized(finalized) = written else {
            unreachable!("a finalized epoch is written as one")
        };
        let is_ours = finalized.statement.statement.id == statement_id;
        let outcome = if is_ours { CloseOutcome::Closed } else { CloseOutcome::AlreadyClosed };
        FinalizedRecord::of(finalized, outcome, &names)
    };
    write(&app, &visit, Write::FinalizeEpoch(command), body.once(), StatusCode::OK, record).await
}
