//! One contributor: across epochs, and why one amount is what it is.

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use ledger_core::{EpochStatus, PayoutSteps, UserId};
use ledger_port::{ActivityFilter, PageRequest};
use serde::Deserialize;

use super::overview::Overviews;
use super::scene::kind_row;
use crate::access::Visit;
use crate::api::{
    Asked, At, EpochChoice, Explanation, Paging, UserEpoch, user_epochs, visible_user,
};
use crate::pages::charts::{Column, Columns};
use crate::pages::figures::{Count, Credits, Exact, Share, Units};
use crate::pages::{
    ContributorEpoch, ContributorPage, Decision, EventTable, ExplainPage, Nav, Rounding, Tab,
    address,
};
use crate::problem::{Answer, Problem};
use crate::records::Names;
use crate::site::frame::{
    credits, event_rows, frame, head, html, moment, person, share_of, share_of_line, state_of,
    units,
};
use crate::site::paging::{count, keyset_pages};
use crate::state::App;

/// How many epochs a page looks at.
const EPOCHS: u16 = 60;

/// How many events a page of an explanation holds.
const EVENTS: u16 = 100;

#[derive(Debug, Deserialize)]
pub(crate) struct PageQuery {
    after: Option<String>,
}

/// `GET /l/{ledger}/users/{user}`.
pub(crate) async fn history(
    State(app): State<App>,
    visit: Visit,
    at: At<(String, String)>,
    Asked(query): Asked<PageQuery>,
    uri: Uri,
) -> Answer<Response> {
    let store = visit.store.as_ref();
    let user = visible_user(visit.eyes(), &at.0.1)?;
    let list = format!("epochs of {user}");
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), Some(EPOCHS))?;
    let page = store.list_epochs(paging.request()?).await?;
    let next = paging.next(page.next.as_ref())?;
    let found = user_epochs(store, &user, page.items).await?;
    if found.is_empty() && next.is_none() && query.after.is_none() {
        return Err(Problem::not_found("nobody of that name has units in this ledger"));
    }
    let names = Names::of(store, visit.eyes(), [&user]).await?;
    let mut epochs = Vec::new();
    for one in &found {
        epochs.push(epoch_row(&app, &visit, one, &user).await?);
    }
    let is_closed = |one: &&UserEpoch| one.epoch.status == EpochStatus::Closed;
    let paid = found.iter().filter_map(|one| one.payout.as_ref());
    let sum = paid.clone().fold(0_i64, |sum, row| sum.saturating_add(row.amount_credits.get()));
    let expected = epochs.iter().filter(|row| row.state.is_provisional());
    let expected: Vec<i64> = expected.filter_map(|row| row.credits.map(|one| one.0)).collect();
    let base = address::contributor(visit.ledger.name.as_str(), user.as_str());
    html(&ContributorPage {
        layout: frame(&visit, names.shown(&user), Nav::Elsewhere, &uri),
        person: person(&names, &user),
        paid: Credits(sum),
        epochs_paid: count(paid.count()),
        expected: (!expected.is_empty())
            .then(|| Credits(expected.iter().fold(0, |sum, one| one.saturating_add(sum)))),
        history: sparkline(&found.iter().filter(is_closed).collect::<Vec<_>>()),
        pagination: keyset_pages(
            format!("{} epochs", epochs.len()),
            &base,
            &[],
            query.after.is_none(),
            next.as_deref(),
        ),
        epochs,
    })
}

/// Of an epoch that is not closed, what its pool of today would pay.
async fn epoch_row(
    app: &App,
    visit: &Visit,
    one: &UserEpoch,
    user: &UserId,
) -> Answer<ContributorEpoch> {
    let epoch = &one.epoch;
    let (share, amount) = match (&one.payout, epoch.status) {
        (Some(row), _) => (share_of(row), Some(credits(row.amount_credits))),
        (None, EpochStatus::Closed) => (Share(0), Some(Credits(0))),
        (None, EpochStatus::Open | EpochStatus::Review) => {
            let overview = Overviews::of(app, visit, epoch).await?;
            let payable = &overview.payable;
            let total = payable.total_units();
            payable.line(user).map_or((Share(0), None), |line| {
                (share_of_line(line, total), line.credits(payable.pool).map(credits))
            })
        }
    };
    Ok(ContributorEpoch {
        id: epoch.id.0,
        state: state_of(epoch.status),
        start: moment(epoch.period.start()),
        end: moment(epoch.period.end()),
        units: units(one.allocation.payable_units()),
        share,
        credits: amount,
        explain_href: address::explanation(visit.ledger.name.as_str(), epoch.id.0, user.as_str()),
    })
}

/// Credits of closed epochs, oldest first.
fn sparkline(closed: &[&UserEpoch]) -> Option<Columns> {
    let column = |one: &&UserEpoch| {
        let paid = one.payout.as_ref().map_or(0, |row| row.amount_credits.get());
        Column { label: format!("Epoch {}", one.epoch.id), value: paid.unsigned_abs() }
    };
    let columns: Vec<Column> = closed.iter().rev().map(column).collect();
    (columns.len() > 1)
        .then(|| Columns::new("history", "Credits by epoch", ("Epoch", "Credits"), &columns))
}

/// `GET /l/{ledger}/epochs/{epoch}/users/{user}`.
pub(crate) async fn explain(
    State(app): State<App>,
    visit: Visit,
    at: At<(String, String, String)>,
    Asked(query): Asked<PageQuery>,
    uri: Uri,
) -> Answer<Response> {
    let store = visit.store.as_ref();
    let At((_, epoch, user)) = at;
    let user = visible_user(visit.eyes(), &user)?;
    let epoch = EpochChoice::parse(&epoch)?.find(store).await?;
    let overview = Overviews::of(&app, &visit, &epoch).await?;
    let payable = &overview.payable;
    let explained = Explanation::of(store, epoch, payable, &user).await?;
    let epoch = &explained.epoch;
    let list = format!("{} events of {user}", epoch.id);
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), Some(EVENTS))?;
    let filter = ActivityFilter { user_id: Some(user.clone()), ..ActivityFilter::default() };
    let request: PageRequest<_> = paging.request()?;
    let page = store.find_activity(epoch.id, &filter, request).await?;
    let next = paging.next(page.next.as_ref())?;
    let names = Names::of(store, visit.eyes(), [&user]).await?;
    let head = head(&visit, epoch, Tab::Other);
    let base = head.explain_href(user.as_str());
    let total = payable.total_units();
    let line = payable.line(&user);
    let steps = explained.steps.as_ref();
    html(&ExplainPage {
        layout: frame(
            &visit,
            format!("{} in epoch {}", names.shown(&user), epoch.id),
            Nav::Epochs,
            &uri,
        ),
        person: person(&names, &user),
        kinds: explained.kinds.iter().map(kind_row).collect(),
        proposed: Units(i64::try_from(explained.computed_units()).unwrap_or(i64::MAX)),
        decision: explained.allocation.as_ref().and_then(|one| one.decision.as_ref()).map(|one| {
            Decision { units: units(one.final_units()), reason: names.text(one.reason()) }
        }),
        units: explained.allocation.as_ref().map_or(Units(0), |one| units(one.payable_units())),
        total_units: Units(total),
        share: line.map_or(Share(0), |line| share_of_line(line, total)),
        pool: payable.pool.map(credits),
        rounding: steps.map(|steps| rounding(steps, payable.lines.len())),
        amount: line.and_then(|line| line.credits(payable.pool)).map(credits),
        events: EventTable {
            caption: "Their events, oldest first".to_owned(),
            rows: event_rows(&page.items, epoch, &names),
            shows_who: false,
        },
        pagination: keyset_pages(
            format!("{} events on this page", page.items.len()),
            &base,
            &[],
            query.after.is_none(),
            next.as_deref(),
        ),
        head,
    })
}

fn rounding(steps: &PayoutSteps, people: usize) -> Rounding {
    Rounding {
        product: Exact(i128::from(steps.units.get()) * i128::from(steps.pool.get())),
        floor: credits(steps.floor),
        remainder: Exact(steps.remainder),
        left_over: Count(steps.left_over),
        place: Count(steps.rank),
        of: count(people),
    }
}
