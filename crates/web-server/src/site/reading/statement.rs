//! The payout table of a closed epoch.

use axum::http::Uri;
use axum::response::Response;
use ledger_core::{Epoch, EpochStatus, Payout, PayoutStatement};
use ledger_port::verify_statement;
use serde::Deserialize;

use crate::access::Visit;
use crate::api::{Asked, At, EpochChoice};
use crate::pages::figures::Units;
use crate::pages::{
    Check, EpochHead, Message, Nav, PayoutRow, Statement, StatementPage, Tab, Verification,
};
use crate::problem::Answer;
use crate::records::Names;
use crate::site::desk::done_message;
use crate::site::frame::{credits, frame, head, html, moment, person, share_of, units};
use crate::site::paging::{count, numbered_pages};

/// How many rows a page holds.
pub(crate) const ROWS: usize = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct StatementQuery {
    page: Option<usize>,
    #[serde(default)]
    verify: bool,
    done: Option<String>,
}

/// `GET /l/{ledger}/epochs/{epoch}/statement`.
pub(crate) async fn page(
    visit: Visit,
    at: At<(String, String)>,
    Asked(query): Asked<StatementQuery>,
    uri: Uri,
) -> Answer<Response> {
    let store = visit.store.as_ref();
    let epoch = EpochChoice::parse(&at.0.1)?.find(store).await?;
    let head = head(&visit, &epoch, Tab::Statement);
    let stored = store.get_statement_for_epoch(epoch.id).await?;
    let verification = match (&stored, query.verify) {
        (Some(_), true) => Some(verified(&visit, &epoch).await?),
        _ => None,
    };
    let statement = match &stored {
        Some(stored) => Some(shown(&visit, &head, stored, query.page.unwrap_or(1).max(1)).await?),
        None => None,
    };
    html(&StatementPage {
        layout: frame(&visit, format!("Statement of epoch {}", epoch.id), Nav::Epochs, &uri),
        message: query.done.as_deref().and_then(done_message).map(Message::done),
        head,
        statement,
        verification,
        next_steps: next_steps(&epoch),
    })
}

async fn verified(visit: &Visit, epoch: &Epoch) -> Answer<Verification> {
    let report = verify_statement(visit.store.as_ref(), epoch.id).await?;
    let names = Names::none(visit.eyes());
    let check = |check: &ledger_core::Check| Check {
        name: check.name.to_owned(),
        difference: check.difference.as_deref().map(|text| names.text(text)),
    };
    Ok(Verification { checks: report.checks.iter().map(check).collect() })
}

/// A page of payout rows, with what people are called.
pub(crate) async fn payout_rows(visit: &Visit, rows: &[Payout]) -> Answer<Vec<PayoutRow>> {
    let users = rows.iter().map(|row| &row.user_id);
    let names = Names::of(visit.store.as_ref(), visit.eyes(), users).await?;
    let row = |row: &Payout| PayoutRow {
        person: person(&names, &row.user_id),
        units: units(row.total_units),
        share: share_of(row),
        credits: credits(row.amount_credits),
    };
    Ok(rows.iter().map(row).collect())
}

/// The units of all rows; pages show what fits.
pub(crate) fn total_units(rows: &[Payout]) -> Units {
    Units(rows.iter().fold(0_i64, |sum, row| sum.saturating_add(row.total_units.get())))
}

/// Which rows a page shows.
pub(crate) fn cut(rows: &[Payout], page: usize) -> (usize, usize, &[Payout]) {
    let from = (page - 1).saturating_mul(ROWS).min(rows.len());
    let to = rows.len().min(from + ROWS);
    (from, to, &rows[from..to])
}

async fn shown(
    visit: &Visit,
    head: &EpochHead,
    stored: &PayoutStatement,
    page: usize,
) -> Answer<Statement> {
    let rows = &stored.statement.payouts;
    let (from, to, here) = cut(rows, page);
    Ok(Statement {
        id: stored.statement.id.to_string(),
        allocation_set_hash: stored.statement.allocation_set_hash.to_string(),
        payouts_hash: stored.payouts_hash().to_string(),
        created: moment(stored.created_at),
        supersedes: stored.statement.supersedes.map(|id| id.to_string()),
        pool_total: credits(stored.statement.pool_total),
        total_units: total_units(rows),
        row_count: count(rows.len()),
        rows: payout_rows(visit, here).await?,
        pagination: numbered_pages(
            "Rows",
            &head.sub("statement"),
            &[],
            page,
            (from, to, rows.len()),
        ),
    })
}

fn next_steps(epoch: &Epoch) -> Vec<String> {
    let sentences: &[&str] = match epoch.status {
        EpochStatus::Open => &[
            "The epoch collects until its window ends.",
            "Then it is reviewed: who is who, what counts, how much there is.",
            "When it is closed, its statement is here, for good.",
        ],
        EpochStatus::Review => &[
            "An admin looks at what is proposed.",
            "When the epoch is closed, its statement is here, for good.",
        ],
        EpochStatus::Closed => {
            &["The epoch was closed without a statement. Closing it again writes one."]
        }
    };
    sentences.iter().map(|sentence| (*sentence).to_owned()).collect()
}
