//! Deciding on other units for one user: look first, then save.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use axum::extract::State;
use axum::http::Uri;
use axum::response::Response;
use ledger_core::{
    Allocation, AllocationOverride, Credits, InvalidValue, Payout, Units, UserId, payouts,
};
use ledger_port::{AllocationNotFoundPortError, LedgerPortError, Write};

use super::actions::{back, refusal, told, write};
use super::view::{Desk, DeskQuery, Entered};
use crate::api::{Payable, units_of};
use crate::pages::figures::{CreditsChange, Share};
use crate::pages::{ChangeRow, OverrideForm, OverridePreview};
use crate::problem::Answer;
use crate::records::Names;
use crate::site::form::Form;
use crate::site::frame::share_of;
use crate::site::frame::{credits, person, units};
use crate::site::paging::count;
use crate::state::App;

/// The form of one user, as it is when it is opened; `None` where nobody of that name is proposed
/// anything.
pub(super) async fn opened(desk: &Desk<'_>, user: &str) -> Answer<Option<OverrideForm>> {
    let Ok(user_id) = user.parse::<UserId>() else { return Ok(None) };
    let found = desk.visit.store.get_allocation(desk.epoch.id, &user_id).await?;
    let Some(allocation) = found else { return Ok(None) };
    let decision = allocation.decision.as_ref();
    let reason = decision.map_or("", AllocationOverride::reason).to_owned();
    let units = allocation.payable_units().get().to_string();
    Ok(Some(form_of(desk, &allocation, units, reason).await?))
}

async fn form_of(
    desk: &Desk<'_>,
    allocation: &Allocation,
    entered_units: String,
    reason: String,
) -> Answer<OverrideForm> {
    let visit = desk.visit;
    let names = Names::of(visit.store.as_ref(), visit.eyes(), [&allocation.user_id]).await?;
    let head = crate::site::frame::head(visit, desk.epoch, crate::pages::Tab::Review);
    Ok(OverrideForm {
        person: person(&names, &allocation.user_id),
        proposed: units(allocation.proposed_units),
        has_decision: allocation.decision.is_some(),
        units: entered_units,
        reason,
        units_error: None,
        reason_error: None,
        preview: None,
        close_href: head.sub("review"),
    })
}

/// `POST …/review/override`, by the button that was pressed: `preview`, `save` or `take_back`.
pub(crate) async fn decide(State(app): State<App>, uri: Uri, form: Form) -> Answer<Response> {
    let (desk, epoch_id) = (Desk::of(&app, &form), form.epoch.id);
    let user_id: UserId = form.text("user").parse()?;
    let found = form.visit.store.get_allocation(epoch_id, &user_id).await?;
    let missing = || AllocationNotFoundPortError { epoch_id, user_id: user_id.clone() };
    let allocation = found.ok_or_else(missing).map_err(LedgerPortError::from)?;
    let action = form.text("action");
    let (given_units, reason) = (form.text("units").to_owned(), form.text("reason").to_owned());
    let mut shown = form_of(&desk, &allocation, given_units.clone(), reason.clone()).await?;
    let decision = match action {
        "take_back" => None,
        "preview" => {
            match given_units.parse::<Units>() {
                Ok(units) => shown.preview = Some(preview(&desk, &user_id, units).await?),
                Err(error) => shown.units_error = Some(error.to_string()),
            }
            let entered = Entered { decision: Some(shown), ..Entered::default() };
            return desk.show(entered, &DeskQuery::default(), &uri).await;
        }
        _ => match decision_of(&given_units, reason, &mut shown) {
            Some(decision) => Some(decision),
            None => {
                let entered = Entered { decision: Some(shown), ..Entered::default() };
                return desk.show_refused(entered, &uri).await;
            }
        },
    };
    let done = if decision.is_some() { "decided" } else { "taken-back" };
    let command = Write::UpdateAllocation { epoch_id, user_id, decision };
    let Err(problem) = write(&app, &form, command).await else {
        return Ok(back(&form, done, "#overrides"));
    };
    let message = told("The decision was not saved", &refusal(problem)?);
    let entered = Entered { message, decision: Some(shown), ..Entered::default() };
    desk.show_refused(entered, &uri).await
}

/// What was entered, as a decision; faults are told at their fields.
fn decision_of(
    given_units: &str,
    reason: String,
    shown: &mut OverrideForm,
) -> Option<AllocationOverride> {
    let units: Result<Units, InvalidValue> = given_units.parse();
    let checked = AllocationOverride::new(units.as_ref().map_or(Units::ZERO, |one| *one), reason);
    shown.units_error = units.err().map(|error| error.to_string());
    match checked {
        Ok(decision) => Some(decision).filter(|_| shown.units_error.is_none()),
        Err(error) => {
            shown.reason_error = Some(error.to_string());
            None
        }
    }
}

/// How many changes are spelled out.
const CHANGES: usize = 100;

/// Everybody's amount as it is and as it would be.
async fn preview(desk: &Desk<'_>, user: &UserId, decided: Units) -> Answer<OverridePreview> {
    let store = desk.visit.store.as_ref();
    let payable = Payable::of(store, desk.epoch).await?;
    let allocations: Vec<Allocation> =
        payable.lines.into_iter().map(|line| line.allocation).collect();
    let before = units_of(&allocations);
    let mut after = before.clone();
    for (of, units) in &mut after {
        if of == user {
            *units = decided;
        }
    }
    // Without a pool there are no amounts; a pool of one still tells shares.
    let pool = payable.pool.filter(|pool| *pool != Credits::ZERO);
    let split = |units: Vec<(UserId, Units)>| -> Answer<BTreeMap<UserId, Payout>> {
        let one = Credits::new(1)?;
        let rows = payouts(units, pool.unwrap_or(one))?;
        Ok(rows.into_iter().map(|row| (row.user_id.clone(), row)).collect())
    };
    let (was, will) = (split(before)?, split(after)?);
    let mut changed: Vec<(&UserId, i64)> = Vec::new();
    for allocation in &allocations {
        let of = &allocation.user_id;
        let amount = |rows: &BTreeMap<UserId, Payout>| {
            rows.get(of).map_or(0, |row| row.amount_credits.get())
        };
        let change = amount(&will).saturating_sub(amount(&was));
        let other_share = was.get(of).map(|row| &row.share) != will.get(of).map(|row| &row.share);
        if (pool.is_some() && change != 0) || (pool.is_none() && other_share) {
            changed.push((of, change));
        }
    }
    changed.sort_by_key(|(_, change)| Reverse(change.unsigned_abs()));
    let unchanged = allocations.len() - changed.len();
    let smaller = changed.len().saturating_sub(CHANGES);
    changed.truncate(CHANGES);
    let names = Names::of(store, desk.visit.eyes(), changed.iter().map(|(user, _)| *user)).await?;
    let share = |row: Option<&Payout>| row.map_or(Share(0), share_of);
    let amount = |row: Option<&Payout>| {
        pool.map(|_| credits(row.map_or(Credits::ZERO, |row| row.amount_credits)))
    };
    let row = |(of, change): &(&UserId, i64)| ChangeRow {
        person: person(&names, of),
        share_before: share(was.get(*of)),
        share_after: share(will.get(*of)),
        before: amount(was.get(*of)),
        after: amount(will.get(*of)),
        change: pool.map(|_| CreditsChange(*change)),
    };
    Ok(OverridePreview {
        changes: changed.iter().map(row).collect(),
        smaller_changes: count(smaller),
        unchanged: count(unchanged),
        pool: pool.map(credits),
    })
}
