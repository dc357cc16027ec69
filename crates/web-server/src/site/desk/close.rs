//! Closing an epoch: what would be written, exactly, and then writing it.

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use ledger_core::{Credits, Epoch, EpochStatus, Sha256Hex, StatementId};
use ledger_port::{FinalizeEpoch, Write};
use uuid::Uuid;

use super::actions::{refusal, to_page_of, told, write};
use super::view::Desk;
use super::words::{refuses, sentences};
use crate::api::Payable;
use crate::pages::figures::Count;
use crate::pages::{FinalizePage, FinalizePreview, Message, Nav, Tab};
use crate::problem::Answer;
use crate::records::Names;
use crate::site::form::Form;
use crate::site::frame::{credits, frame, head, html, pool_parts};
use crate::site::paging::{count, numbered_pages};
use crate::site::reading::overview::Overviews;
use crate::site::reading::statement::{cut, payout_rows, total_units};
use crate::state::App;

/// What closing would write, found out by closing and rolling back.
pub(super) async fn preview(
    desk: &Desk<'_>,
    message: Option<Message>,
    page: usize,
    uri: &Uri,
) -> Answer<Response> {
    let (visit, epoch) = (desk.visit, desk.epoch);
    let overview = Overviews::latest(desk.app, visit, epoch).await?;
    let missing: Vec<_> =
        overview.obstacles.iter().filter(|obstacle| refuses(obstacle)).copied().collect();
    let can_close = missing.is_empty() && epoch.status != EpochStatus::Closed;
    let preview =
        if can_close { Some(found(desk, overview.unresolved(), page).await?) } else { None };
    html(&FinalizePage {
        layout: frame(visit, format!("Close epoch {}", epoch.id), Nav::Epochs, uri),
        message,
        head: head(visit, epoch, Tab::Review),
        preview,
        missing: sentences(&missing),
    })
}

fn command(epoch: &Epoch) -> FinalizeEpoch {
    FinalizeEpoch {
        epoch_id: epoch.id,
        statement_id: StatementId(Uuid::new_v4()),
        expected_pool_total: None,
        expected_allocation_set_hash: None,
    }
}

async fn found(desk: &Desk<'_>, unresolved: u64, page: usize) -> Answer<FinalizePreview> {
    let (visit, epoch) = (desk.visit, desk.epoch);
    let store = visit.store.as_ref();
    let finalized = store.preview_finalize_epoch(&command(epoch)).await?;
    let stored = &finalized.statement;
    let rows = &stored.statement.payouts;
    let (from, to, here) = cut(rows, page);
    let payable = Payable::of(store, epoch).await?;
    let decisions = payable.lines.iter().filter(|line| line.allocation.decision.is_some()).count();
    let base = head(visit, epoch, Tab::Review).sub("review");
    Ok(FinalizePreview {
        pool: pool_parts(&payable.parts, &Names::none(visit.eyes())),
        pool_total: credits(stored.statement.pool_total),
        total_units: total_units(rows),
        row_count: count(rows.len()),
        rows: payout_rows(visit, here).await?,
        pagination: numbered_pages(
            "Rows",
            &base,
            &[("preview", "finalize")],
            page,
            (from, to, rows.len()),
        ),
        allocation_set_hash: stored.statement.allocation_set_hash.to_string(),
        payouts_hash: stored.payouts_hash().to_string(),
        decisions: count(decisions),
        unresolved: Count(unresolved),
    })
}

/// `POST …/review/finalize`: writes what was looked at, or nothing.
pub(crate) async fn finalize(State(app): State<App>, uri: Uri, form: Form) -> Answer<Response> {
    let pool: Credits = form.text("expected_pool_total").parse()?;
    let hash: Sha256Hex = form.text("expected_allocation_set_hash").parse()?;
    let command = FinalizeEpoch {
        expected_pool_total: Some(pool),
        expected_allocation_set_hash: Some(hash),
        ..command(&form.epoch)
    };
    let Err(problem) = write(&app, &form, Write::FinalizeEpoch(command)).await else {
        return Ok(to_page_of(&form, "statement", "closed", ""));
    };
    let message = told("The epoch was not closed", &refusal(problem)?);
    let page = preview(&Desk::of(&app, &form), message, 1, &uri).await?;
    Ok((StatusCode::CONFLICT, page).into_response())
}
