//! The desk as a page.

use std::cmp::Reverse;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use ledger_core::{Allocation, Epoch, EpochStatus, UserId};
use ledger_port::{Obstacle, UnresolvedIdentity, all_pages};
use serde::Deserialize;

use super::words::{done_message, refuses, sentences, step};
use super::{close, deciding};
use crate::access::Visit;
use crate::api::{Asked, At, EpochChoice};
use crate::api::{Line, Payable};
use crate::pages::figures::Count;
use crate::pages::{
    AllocationRow, BindForm, Decision, Message, Nav, OverrideForm, PoolForm, ReviewPage, StepState,
    Steps, Tab, UnresolvedRow, address,
};
use crate::problem::Answer;
use crate::records::Names;
use crate::site::form::Form;
use crate::site::frame::{credits, frame, head, html, person, pool_parts, units};
use crate::site::paging::numbered_pages;
use crate::site::reading::overview::{Overview, Overviews};
use crate::state::App;

/// How many rows of each list a page holds.
const ROWS: usize = 50;

/// How many users are offered while typing.
const OFFERED: usize = 500;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct DeskQuery {
    /// `finalize` shows what closing would write.
    pub(super) preview: Option<String>,
    /// Whose form is open.
    user: Option<String>,
    done: Option<String>,
    /// Which page of the unresolved.
    waiting: Option<usize>,
    /// Which page of the allocations, or of the preview's rows.
    pub(super) page: Option<usize>,
}

/// What a form brings back, besides the page itself.
#[derive(Default)]
pub(super) struct Entered {
    pub(super) message: Option<Message>,
    pub(super) bind: Option<BindForm>,
    pub(super) decision: Option<OverrideForm>,
    pub(super) pool: Option<PoolForm>,
}

/// What the desk is about.
pub(super) struct Desk<'a> {
    pub(super) app: &'a App,
    pub(super) visit: &'a Visit,
    pub(super) epoch: &'a Epoch,
}

/// `GET /l/{ledger}/epochs/{epoch}/review`.
pub(crate) async fn page(
    State(app): State<App>,
    visit: Visit,
    at: At<(String, String)>,
    Asked(query): Asked<DeskQuery>,
    uri: Uri,
) -> Answer<Response> {
    let epoch = EpochChoice::parse(&at.0.1)?.find(visit.store.as_ref()).await?;
    let desk = Desk { app: &app, visit: &visit, epoch: &epoch };
    if query.preview.as_deref() == Some("finalize") {
        return close::preview(&desk, None, query.page.unwrap_or(1).max(1), &uri).await;
    }
    let entered = Entered {
        message: query.done.as_deref().and_then(done_message).map(Message::done),
        decision: match &query.user {
            Some(user) => deciding::opened(&desk, user).await?,
            None => None,
        },
        ..Entered::default()
    };
    desk.show(entered, &query, &uri).await
}

impl<'a> Desk<'a> {
    /// The desk that a form was sent from.
    pub(super) const fn of(app: &'a App, form: &'a Form) -> Self {
        Self { app, visit: &form.visit, epoch: &form.epoch }
    }
}

impl Desk<'_> {
    /// The page with what was refused on it.
    pub(super) async fn show_refused(&self, entered: Entered, uri: &Uri) -> Answer<Response> {
        let page = self.show(entered, &DeskQuery::default(), uri).await?;
        Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
    }

    pub(super) async fn show(
        &self,
        entered: Entered,
        query: &DeskQuery,
        uri: &Uri,
    ) -> Answer<Response> {
        let (visit, epoch) = (self.visit, self.epoch);
        let store = visit.store.as_ref();
        let overview = Overviews::latest(self.app, visit, epoch).await?;
        let payable = Payable::of(store, epoch).await?;
        let mut waiting =
            all_pages(|page| store.list_unresolved_identities(epoch.id, page)).await?;
        waiting.sort_by_key(|identity| Reverse(identity.event_count));
        let head = head(visit, epoch, Tab::Review);
        let base = head.sub("review");
        let page = query.page.unwrap_or(1).max(1);
        let from = (page - 1).saturating_mul(ROWS);
        let lines: Vec<&Line> = payable.lines.iter().skip(from).take(ROWS).collect();
        let users = lines.iter().map(|line| &line.allocation.user_id);
        let names = Names::of(store, visit.eyes(), users).await?;
        let waiting_page = query.waiting.unwrap_or(1).max(1);
        let waiting_from = (waiting_page - 1).saturating_mul(ROWS);
        let cut = |from: usize, all: usize| (from, all.min(from + ROWS), all);
        let blocking: Vec<Obstacle> =
            overview.obstacles.iter().filter(|one| refuses(one)).copied().collect();
        html(&ReviewPage {
            layout: frame(visit, format!("Review of epoch {}", epoch.id), Nav::Epochs, uri),
            message: entered.message,
            steps: self.steps(&overview, &payable, &waiting),
            unresolved: waiting.iter().skip(waiting_from).take(ROWS).map(unresolved_row).collect(),
            unresolved_pagination: numbered_pages(
                "Platform users",
                &base,
                &[],
                waiting_page,
                cut(waiting_from, waiting.len()),
            ),
            refused_bind: entered.bind,
            known_users: known_users(&payable),
            allocations: lines
                .iter()
                .map(|line| allocation_row(line, &names, &base, page))
                .collect(),
            allocation_pagination: numbered_pages(
                "Allocations",
                &base,
                &[],
                page,
                cut(from, payable.lines.len()),
            ),
            override_form: entered.decision,
            pool: pool_parts(&payable.parts, &names),
            pool_total: payable.pool.map(credits),
            pool_form: entered.pool.unwrap_or_else(|| first_part(&payable)),
            missing: sentences(&blocking),
            head,
        })
    }

    /// Where each step stands.
    fn steps(
        &self,
        overview: &Arc<Overview>,
        payable: &Payable,
        waiting: &[UnresolvedIdentity],
    ) -> Steps {
        let obstacles = &overview.obstacles;
        let has = |obstacle: Obstacle| obstacles.contains(&obstacle);
        let (nothing, stale) = (has(Obstacle::NothingProposed), has(Obstacle::ProposalsStale));
        let decided =
            payable.lines.iter().filter(|line| line.allocation.decision.is_some()).count();
        let no_base = has(Obstacle::NoBaseIssuance);
        let is_open = self.epoch.status == EpochStatus::Open;
        let is_blocked = obstacles.iter().any(refuses);
        Steps {
            resolve: match waiting.len() {
                0 => step(StepState::Done, "Every event belongs to somebody."),
                1 => step(StepState::Now, "One platform user waits for a name."),
                many => step(StepState::Now, format!("{many} platform users wait for a name.")),
            },
            propose: match (nothing, stale) {
                (true, _) => step(StepState::Now, "Nothing was proposed yet."),
                (_, true) => step(StepState::Now, "The events say something else by now."),
                _ => step(StepState::Done, "The proposals are what the events come to."),
            },
            overrides: match decided {
                0 => step(StepState::Optional, "Everybody gets what is proposed."),
                1 => step(StepState::Optional, "One decision was made."),
                many => step(StepState::Optional, format!("{many} decisions were made.")),
            },
            pool: match (no_base, payable.pool) {
                (false, Some(pool)) => step(StepState::Done, format!("There are {pool} credits.")),
                _ => step(StepState::Now, "The pool needs a base_issuance."),
            },
            begin: if is_open {
                step(StepState::Optional, "The epoch still collects. The next one can begin after.")
            } else {
                step(StepState::Done, "The epoch is in review.")
            },
            finalize: if is_blocked {
                step(StepState::Later, "Something comes first.")
            } else {
                step(StepState::Now, "Everything is there. Look at what will be written.")
            },
        }
    }
}

fn unresolved_row(identity: &UnresolvedIdentity) -> UnresolvedRow {
    UnresolvedRow {
        source: identity.key.source.to_string(),
        platform_user_id: identity.key.platform_user_id.to_string(),
        login: identity.platform_login.clone(),
        events: Count(identity.event_count),
    }
}

fn allocation_row(line: &Line, names: &Names, base: &str, page: usize) -> AllocationRow {
    let Allocation { user_id, proposed_units, activity_count, .. } = &line.allocation;
    let page = if page > 1 { page.to_string() } else { String::new() };
    AllocationRow {
        person: person(names, user_id),
        events: Count(u64::from(*activity_count)),
        proposed: units(*proposed_units),
        decision: line.allocation.decision.as_ref().map(|one| Decision {
            units: units(one.final_units()),
            reason: one.reason().to_owned(),
        }),
        units: units(line.units()),
        open_href: format!(
            "{base}{}",
            address::query(&[("user", user_id.as_str()), ("page", &page)])
        ),
    }
}

/// Those with units in the epoch, to be offered while typing.
fn known_users(payable: &Payable) -> Vec<String> {
    let users = payable.lines.iter().map(|line| &line.allocation.user_id);
    users.take(OFFERED).map(UserId::to_string).collect()
}

/// What is most likely to be added next.
fn first_part(payable: &Payable) -> PoolForm {
    let is_base =
        |part: &ledger_core::PoolComponent| part.component.component_id.is_base_issuance();
    let component_id = match payable.parts.iter().any(is_base) {
        true => String::new(),
        false => ledger_core::ComponentId::BASE_ISSUANCE.to_owned(),
    };
    PoolForm { component_id, algorithm_version: "manual-v1".to_owned(), ..PoolForm::default() }
}
