//! Ledgers, epochs, holdings.

use std::cmp::Reverse;

use axum::extract::State;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Redirect, Response};
use ledger_core::{Credits, Epoch, EpochStatus, Visibility};
use ledger_port::{Holding, Ledger, PageRequest, all_pages};
use serde::Deserialize;

use crate::access::Visit;
use crate::api::{Asked, Paging, own_ledger, visible_ledgers};
use crate::pages::figures::{Count, Credits as CreditsFigure, Share};
use crate::pages::{
    EpochListRow, EpochsPage, HoldingRow, HoldingsPage, LedgerRow, LedgersPage, Nav, address,
};
use crate::problem::Answer;
use crate::records::Names;
use crate::site::frame::{credits, frame, frame_of, html, moment, person, state_of};
use crate::site::paging::{count, keyset_pages, numbered_pages};
use crate::state::App;

/// How many people a page of holdings holds.
const ROWS: usize = 100;

/// `GET /`: the ledgers; where there is one, its front page.
pub(crate) async fn ledgers(State(app): State<App>, headers: HeaderMap) -> Answer<Response> {
    let own = own_ledger(&app, &headers).await?;
    let ledgers = visible_ledgers(&app, own, PageRequest::first()).await?.items;
    if let [only] = ledgers.as_slice() {
        return Ok(Redirect::to(&address::ledger(only.name.as_str())).into_response());
    }
    let row = |ledger: &Ledger| LedgerRow {
        name: ledger.name.to_string(),
        is_public: ledger.visibility == Visibility::Public,
        created: moment(ledger.created_at),
    };
    html(&LedgersPage {
        layout: frame_of(&app, &headers, "Ledgers", Nav::Elsewhere, "/").await?,
        ledgers: ledgers.iter().map(row).collect(),
    })
}

#[derive(Debug, Deserialize)]
pub(crate) struct ListQuery {
    after: Option<String>,
    page: Option<usize>,
}

/// `GET /l/{ledger}/epochs`.
pub(crate) async fn epochs(
    visit: Visit,
    Asked(query): Asked<ListQuery>,
    uri: Uri,
) -> Answer<Response> {
    let paging = Paging::new(&visit.seal, "epochs page", query.after.as_deref(), Some(50))?;
    let page = visit.store.list_epochs(paging.request()?).await?;
    let base = address::epochs(visit.ledger.name.as_str());
    let next = paging.next(page.next.as_ref())?;
    let row = |epoch: &Epoch| EpochListRow {
        id: epoch.id.0,
        state: state_of(epoch.status),
        start: moment(epoch.period.start()),
        end: moment(epoch.period.end()),
        paid: epoch.pool_total.map(credits),
    };
    html(&EpochsPage {
        layout: frame(&visit, "Epochs", Nav::Epochs, &uri),
        epochs: page.items.iter().map(row).collect(),
        pagination: keyset_pages(
            format!("{} epochs", page.items.len()),
            &base,
            &[],
            query.after.is_none(),
            next.as_deref(),
        ),
    })
}

/// `GET /l/{ledger}/holdings`: who got most so far.
pub(crate) async fn holdings(
    visit: Visit,
    Asked(query): Asked<ListQuery>,
    uri: Uri,
) -> Answer<Response> {
    let store = visit.store.as_ref();
    let mut all = all_pages(|page| store.list_holdings(page)).await?;
    // Stable: of two with as much, bytewise by user id.
    all.sort_by_key(|holding| Reverse(holding.amount));
    let closed = all_pages(|page| store.list_epochs(page)).await?.into_iter();
    let closed = closed.filter(|epoch| epoch.status == EpochStatus::Closed).count();
    let page = query.page.unwrap_or(1).max(1);
    let from = (page - 1).saturating_mul(ROWS);
    let shown: Vec<&Holding> = all.iter().skip(from).take(ROWS).collect();
    let names = Names::of(store, visit.eyes(), shown.iter().map(|one| &one.user_id)).await?;
    let largest = all.first().map_or(Credits::ZERO, |one| one.amount);
    let sum = all.iter().fold(0_i64, |sum, one| sum.saturating_add(one.amount.get()));
    let row = |(rank, one): (usize, &&Holding)| HoldingRow {
        rank: u64::try_from(rank).unwrap_or(u64::MAX),
        person: person(&names, &one.user_id),
        credits: credits(one.amount),
        epochs_paid: Count(one.epochs),
        last_epoch: one.last_epoch_id.0,
        bar: Share::of(one.amount.get(), largest.get()),
    };
    let base = address::holdings(visit.ledger.name.as_str());
    let to = all.len().min(from + ROWS);
    html(&HoldingsPage {
        layout: frame(&visit, "Holdings", Nav::Holdings, &uri),
        total: CreditsFigure(sum),
        people: count(all.len()),
        epochs: count(closed),
        rows: (from + 1..).zip(&shown).map(row).collect(),
        pagination: numbered_pages("People", &base, &[], page, (from, to, all.len())),
    })
}
