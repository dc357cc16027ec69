//! What was paid, and its recomputation.

use std::cmp::Reverse;

use axum::Json;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use ledger_core::{Epoch, PayoutStatement, UserId};
use ledger_port::{ActivityLedgerStore, VerifyError, all_pages, verify_statement};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::extract::{Asked, At, EpochChoice};
use super::ledgers::PageQuery;
use super::listing::{Listing, Paging};
use crate::access::Visit;
use crate::problem::{Answer, Code, Problem};
use crate::records::{
    ComponentRecord, EpochRecord, HoldingRecord, Names, StatementRecord, VerificationRecord,
};

/// In which form, where the header `Accept` does not say it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FormatQuery {
    /// `json` or `csv`; goes before the header `Accept`.
    #[param(inline)]
    format: Option<Format>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Format {
    Json,
    Csv,
}

impl Format {
    const ALL: [(Self, &'static str, &'static str); 2] =
        [(Self::Json, "application", "json"), (Self::Csv, "text", "csv")];

    /// RFC 9110, 12.5.1: what the client likes best; of two that it likes the same, the one that it
    /// named first.
    fn accepted(headers: &HeaderMap) -> Answer<Self> {
        let lines = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
        let said = lines.flat_map(|line| line.split(',')).map(str::trim);
        let said: Vec<&str> = said.filter(|range| !range.is_empty()).collect();
        if said.is_empty() {
            return Ok(Self::Json);
        }
        let ranges: Vec<Range> = said.into_iter().filter_map(range).collect();
        let liked = |(format, kind, subtype): (Self, &str, &str)| {
            let fitting = ranges.iter().enumerate().filter_map(|(at, range)| {
                range.precision(kind, subtype).map(|precision| (precision, at, range.quality))
            });
            // The most precise range decides; of two the same, the first.
            let (_, at, quality) =
                fitting.min_by_key(|(precision, at, _)| (Reverse(*precision), *at))?;
            (quality > 0).then_some((Reverse(quality), at, format))
        };
        let best =
            Self::ALL.into_iter().filter_map(liked).min_by_key(|(quality, at, _)| (*quality, *at));
        best.map(|(.., format)| format).ok_or_else(|| {
            let detail = "a statement is to be had as application/json and as text/csv";
            Problem::new(Code::NotAcceptable, detail)
        })
    }
}

/// A media range, and its quality in thousandths.
struct Range {
    kind: String,
    subtype: String,
    quality: u16,
}

impl Range {
    /// How precisely it names that type, if it does.
    fn precision(&self, kind: &str, subtype: &str) -> Option<u8> {
        match (self.kind.as_str(), self.subtype.as_str()) {
            ("*", "*") => Some(0),
            (own, "*") if own == kind => Some(1),
            (own, own_subtype) if own == kind && own_subtype == subtype => Some(2),
            _ => None,
        }
    }
}

/// Names of types and of parameters are the same in any case.
fn range(text: &str) -> Option<Range> {
    let text = text.to_ascii_lowercase();
    let mut parts = text.split(';').map(str::trim);
    let (kind, subtype) = parts.next()?.split_once('/')?;
    let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(1_000, thousandths);
    Some(Range { kind: kind.to_owned(), subtype: subtype.to_owned(), quality })
}

/// `0.5` is 500. What is no quality counts as the best one.
fn thousandths(text: &str) -> u16 {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let decimals = format!("{decimals:0<3}");
    match (whole, decimals.get(..3).and_then(|digits| digits.parse().ok())) {
        ("0", Some(thousandths)) => thousandths,
        _ => 1_000,
    }
}

/// What others need to recompute a statement by hand: the units that the hash is over, and the pool.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatementExport {
    /// `epoch-ledger/statement/v1`.
    format: &'static str,
    ledger: String,
    epoch: EpochRecord,
    pool_components: Vec<ComponentRecord>,
    /// Every user's payable units, bytewise by user id.
    units: Vec<UnitsRecord>,
    statement: StatementRecord,
    /// Whether ids that hold an address were left out; then the hashes cannot be recomputed from this.
    redacted: bool,
}

/// One user's units.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PayableUnits)]
struct UnitsRecord {
    user_id: Option<String>,
    units: String,
}

/// The statement in force for a closed epoch, as JSON or CSV.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/statement", tag = "statements",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = String, Path, description = "The epoch's number, or `current`"),
        FormatQuery,
    ),
    responses((status = OK, content(
        (StatementExport = "application/json"),
        (String = "text/csv"),
    )))
)]
pub(crate) async fn show(
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
    Asked(query): Asked<FormatQuery>,
    headers: HeaderMap,
) -> Answer<Response> {
    let format = query.format.map_or_else(|| Format::accepted(&headers), Ok)?;
    let store = visit.store.as_ref();
    let epoch = EpochChoice::parse(&epoch)?.find(store).await?;
    let statement = statement_of(store, &epoch).await?;
    let users = statement.statement.payouts.iter().map(|row| &row.user_id);
    let names = Names::of(store, visit.eyes(), users).await?;
    let stem = format!("{}-epoch-{}", visit.ledger.name, epoch.id);
    let (media_type, ending, text) = match format {
        Format::Csv => ("text/csv; charset=utf-8", "csv", csv_of(&statement, &names)?),
        Format::Json => {
            let export = export(&visit, &epoch, &statement, &names).await?;
            ("application/json", "json", super::writing::json(&export))
        }
    };
    let disposition = format!("inline; filename=\"{stem}.{ending}\"");
    let headers = [(CONTENT_TYPE, media_type.to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, text).into_response())
}

/// The statement in force, or why there is none.
pub(crate) async fn statement_of(
    store: &dyn ActivityLedgerStore,
    epoch: &Epoch,
) -> Answer<PayoutStatement> {
    let epoch_id = epoch.id;
    match store.get_statement_for_epoch(epoch_id).await? {
        Some(statement) => Ok(statement),
        None if epoch.pool_total.is_some() => Err(VerifyError::NoStatement { epoch_id }.into()),
        None => Err(VerifyError::NotClosed { epoch_id, status: epoch.status }.into()),
    }
}

async fn export(
    visit: &Visit,
    epoch: &Epoch,
    statement: &PayoutStatement,
    names: &Names,
) -> Answer<StatementExport> {
    let store = visit.store.as_ref();
    let parts = all_pages(|page| store.get_pool_components_for_epoch(epoch.id, page)).await?;
    let allocations = all_pages(|page| store.get_allocations_for_epoch(epoch.id, page)).await?;
    let redacted = allocations.iter().any(|one| names.id(&one.user_id).is_none());
    let units = allocations.iter().map(|one| UnitsRecord {
        user_id: names.id(&one.user_id),
        units: one.payable_units().get().to_string(),
    });
    Ok(StatementExport {
        format: "epoch-ledger/statement/v1",
        ledger: visit.ledger.name.to_string(),
        epoch: EpochRecord::of(epoch),
        pool_components: parts.iter().map(|part| ComponentRecord::of(part, visit.eyes())).collect(),
        units: units.collect(),
        statement: StatementRecord::of(statement, names),
        redacted,
    })
}

/// RFC 4180. The columns are those of the statement's rows.
fn csv_of(statement: &PayoutStatement, names: &Names) -> Answer<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut write =
        |record: [&str; 4]| writer.write_record(record).map_err(|error| Problem::internal(&error));
    write(["user_id", "total_units", "share", "amount_credits"])?;
    for row in &statement.statement.payouts {
        let user = names.id(&row.user_id).unwrap_or_default();
        let (units, amount) = (row.total_units.get().to_string(), row.amount_credits.to_string());
        write([&user, &units, &row.share, &amount])?;
    }
    let bytes = writer.into_inner().map_err(|error| Problem::internal(error.error()))?;
    String::from_utf8(bytes).map_err(|error| Problem::internal(&error))
}

/// Recomputes a statement from the stored events and reports every comparison.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/verify", tag = "statements",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = String, Path, description = "The epoch's number, or `current`"),
    ),
    responses((status = OK, body = VerificationRecord))
)]
pub(crate) async fn verify(
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
) -> Answer<Json<VerificationRecord>> {
    let store = visit.store.as_ref();
    let epoch = EpochChoice::parse(&epoch)?.find(store).await?;
    let report = verify_statement(store, epoch.id).await?;
    Ok(Json(VerificationRecord::of(&report, &Names::none(visit.eyes()))))
}

/// What everybody was paid in all, over the statements in force, bytewise by user id.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/holdings", tag = "statements",
    params(("ledger" = String, Path, description = "The ledger's name"), PageQuery),
    responses((status = OK, body = Listing<HoldingRecord>))
)]
pub(crate) async fn holdings(
    visit: Visit,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Listing<HoldingRecord>>> {
    let store = visit.store.as_ref();
    let list = format!("{} holdings", visit.ledger.id);
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), query.limit)?;
    let page = store.list_holdings(paging.request()?).await?;
    let users: Vec<&UserId> = page.items.iter().map(|one| &one.user_id).collect();
    let names = Names::of(store, visit.eyes(), users).await?;
    Ok(Json(paging.listing(&page, |one| HoldingRecord::of(one, &names))?))
}
