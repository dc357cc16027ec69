//! One epoch, which is also a ledger's front page.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use ledger_core::{Credits, Epoch, EpochId, EpochStatus, UserId};
use ledger_port::{ActivityLedgerStore, Clock, MAX_PAGE_SIZE, PageRequest};
use serde::Deserialize;

use super::overview::Overviews;
use super::scene::{ROWS, Scene};
use crate::access::Visit;
use crate::api::{Asked, At, EpochChoice, current_epoch};
use crate::pages::charts::ShareBar;
use crate::pages::figures::{Count, Units};
use crate::pages::{EpochPage, Message, Nav, NoEpochPage, Pagination, Tab, address};
use crate::problem::Answer;
use crate::records::Names;
use crate::site::desk::{done_message, sentences};
use crate::site::frame::{credits, frame, head, html, moment, pool_parts};
use crate::site::paging::{count, numbered_pages};
use crate::state::App;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct EpochQuery {
    page: Option<usize>,
    open: Option<String>,
    done: Option<String>,
}

/// `GET /l/{ledger}`: the current epoch.
pub(crate) async fn current(
    State(app): State<App>,
    visit: Visit,
    Asked(query): Asked<EpochQuery>,
    uri: Uri,
) -> Answer<Response> {
    match current_epoch(visit.store.as_ref()).await? {
        Some(epoch) => show(&app, &visit, epoch, &query, Nav::Current, &uri).await,
        None => html(&NoEpochPage {
            layout: frame(&visit, visit.ledger.name.as_str(), Nav::Current, &uri),
            week: this_week(app.container.clock()),
        }),
    }
}

/// The name of the present ISO week.
fn this_week(clock: &dyn Clock) -> String {
    clock.now().as_datetime().format("%G-W%V").to_string()
}

/// `GET /l/{ledger}/epochs/{epoch}`.
pub(crate) async fn numbered(
    State(app): State<App>,
    visit: Visit,
    at: At<(String, String)>,
    Asked(query): Asked<EpochQuery>,
    uri: Uri,
) -> Answer<Response> {
    let epoch = EpochChoice::parse(&at.0.1)?.find(visit.store.as_ref()).await?;
    show(&app, &visit, epoch, &query, Nav::Epochs, &uri).await
}

async fn show(
    app: &App,
    visit: &Visit,
    epoch: Epoch,
    query: &EpochQuery,
    nav: Nav,
    uri: &Uri,
) -> Answer<Response> {
    let store = visit.store.as_ref();
    let overview = Overviews::of(app, visit, &epoch).await?;
    let payable = &overview.payable;
    let neighbours = Neighbours::of(store, epoch.id).await?;
    let paid_before = paid_before(store, neighbours.last_closed).await?;
    let page = query.page.unwrap_or(1).max(1);
    let from = (page - 1).saturating_mul(ROWS);
    let shown = payable.lines.iter().skip(from).take(ROWS);
    // Those on the page, and those in the chart.
    let named = payable.lines.iter().take(ROWS).chain(shown.clone());
    let names = Names::of(store, visit.eyes(), named.map(|one| &one.allocation.user_id)).await?;
    let page_text = if page > 1 { page.to_string() } else { String::new() };
    let here = format!(
        "{}{}",
        address::epoch(visit.ledger.name.as_str(), epoch.id.0),
        address::query(&[("page", &page_text)])
    );
    let total_units = payable.total_units();
    let scene = Scene { visit, epoch: &epoch, payable, names: &names, total_units, here };
    let mut contributors = Vec::new();
    for (rank, line) in (from + 1..).zip(shown) {
        let row = scene.row(rank, line, paid_before.as_ref(), query.open.as_deref()).await?;
        contributors.push(row);
    }
    let shares = scene.slices(from);
    html(&EpochPage {
        layout: frame(visit, format!("Epoch {}", epoch.id), nav, uri),
        message: query.done.as_deref().and_then(done_message).map(Message::done),
        head: head(visit, &epoch, Tab::Overview),
        time_left: time_left(&epoch, app.container.clock()),
        pool_total: payable.pool.map(credits),
        pool: pool_parts(&payable.parts, &names),
        total_units: Units(total_units),
        events: Count(overview.events()),
        unresolved: Count(overview.unresolved()),
        late: Count(overview.late()),
        contributor_count: count(payable.lines.len()),
        missing: sentences(&overview.obstacles),
        flow: scene.flow(&overview, &shares),
        shares: (total_units > 0).then(|| ShareBar::new(&shares)),
        contributors,
        pagination: pages_of(&scene, page, from),
        previous_id: neighbours.previous,
        next_id: neighbours.next,
    })
}

fn pages_of(scene: &Scene<'_>, page: usize, from: usize) -> Pagination {
    let all = scene.payable.lines.len();
    let to = all.min(from + ROWS);
    let base = address::epoch(scene.visit.ledger.name.as_str(), scene.epoch.id.0);
    numbered_pages("Contributors", &base, &[], page, (from, to, all))
}

/// The epochs beside one.
struct Neighbours {
    previous: Option<i64>,
    next: Option<i64>,
    last_closed: Option<EpochId>,
}

impl Neighbours {
    async fn of(store: &dyn ActivityLedgerStore, id: EpochId) -> Answer<Self> {
        let older = store.list_epochs(PageRequest::after(id).of_at_most(60)).await?.items;
        let newest = store.list_epochs(PageRequest::first().of_at_most(MAX_PAGE_SIZE)).await?.items;
        let next = newest.iter().map(|epoch| epoch.id).take_while(|newer| *newer > id).last();
        let closed = older.iter().find(|epoch| epoch.status == EpochStatus::Closed);
        Ok(Self {
            previous: older.first().map(|epoch| epoch.id.0),
            next: next.map(|next| next.0),
            last_closed: closed.map(|epoch| epoch.id),
        })
    }
}

async fn paid_before(
    store: &dyn ActivityLedgerStore,
    last_closed: Option<EpochId>,
) -> Answer<Option<BTreeMap<UserId, Credits>>> {
    let Some(epoch_id) = last_closed else { return Ok(None) };
    let statement = store.get_statement_for_epoch(epoch_id).await?;
    Ok(statement.map(|stored| {
        let rows = stored.statement.payouts.into_iter();
        rows.map(|row| (row.user_id, row.amount_credits)).collect()
    }))
}

/// How long it still collects, or since when it does not.
fn time_left(epoch: &Epoch, clock: &dyn Clock) -> String {
    let now = clock.now();
    if let Some(closed_at) = epoch.closed_at {
        return format!("Closed {}", moment(closed_at).date);
    }
    let (start, end) = (epoch.period.start(), epoch.period.end());
    if now < start {
        return format!("Begins in {}", span(start.unix_seconds() - now.unix_seconds()));
    }
    let left = end.unix_seconds() - now.unix_seconds();
    if left > 0 { format!("{} left", span(left)) } else { format!("Ended {} ago", span(-left)) }
}

/// `2 days 3 hours`: the two largest parts, cut and not rounded.
fn span(seconds: i64) -> String {
    let parts = [("day", 86_400), ("hour", 3_600), ("minute", 60)];
    let mut left = seconds.max(0);
    let mut words = Vec::new();
    for (name, length) in parts {
        let number = left / length;
        left %= length;
        if number > 0 && words.len() < 2 {
            words.push(format!("{number} {name}{}", if number == 1 { "" } else { "s" }));
        } else if !words.is_empty() {
            break;
        }
    }
    if words.is_empty() { "less than a minute".to_owned() } else { words.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn a_span_has_its_two_largest_parts() {
        for (seconds, words) in [
            (0, "less than a minute"),
            (59, "less than a minute"),
            (60, "1 minute"),
            (3_661, "1 hour 1 minute"),
            (86_400, "1 day"),
            (2 * 86_400 + 3 * 3_600 + 59 * 60, "2 days 3 hours"),
            (86_400 + 60, "1 day"),
        ] {
            assert_eq!(span(seconds), words);
        }
    }
}
