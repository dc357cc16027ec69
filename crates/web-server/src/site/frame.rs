//! What every page has around it, and what pages have in common.

use askama::Template;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, Uri};
use axum::response::{IntoResponse as _, Response};
use ledger_core::{
    ActivityEvent, Epoch, EpochStatus, Payout, PoolComponent, Scope, Timestamp, UserId,
};

use super::assets;
use crate::access::{Caller, Eyes, Visit, csrf_of};
use crate::api::{Line, signed_in};
use crate::pages::figures::{Credits, Share, Units};
use crate::pages::{
    EpochHead, EpochState, EventRow, Layout, Moment, Nav, OutsideLink, Person, PoolPart, SignedIn,
    Tab,
};
use crate::problem::{Answer, Code, Problem};
use crate::records::Names;
use crate::state::App;

/// Writes a page.
pub(super) fn html(page: &impl Template) -> Answer<Response> {
    let text = page.render().map_err(|error| Problem::internal(&error))?;
    Ok(([(CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response())
}

const fn signed_in_as(scope: Scope) -> SignedIn {
    match scope {
        Scope::Read => SignedIn::Read,
        Scope::Collect => SignedIn::Collect,
        Scope::Review => SignedIn::Review,
        Scope::Admin => SignedIn::Admin,
    }
}

/// The frame of a page that is about no ledger, and asks for no session.
pub(super) fn bare_frame(title: &str, path: &str) -> Layout {
    Layout {
        title: title.to_owned(),
        assets: "/assets".to_owned(),
        asset_version: assets::VERSION.clone(),
        path: path.to_owned(),
        ..Layout::default()
    }
}

fn with_caller(layout: Layout, caller: Option<&Caller>) -> Layout {
    match caller {
        None => layout,
        Some(caller) => {
            Layout { signed_in: signed_in_as(caller.scope), csrf: csrf_of(&caller.token), ..layout }
        }
    }
}

/// The frame of a page that is about no ledger.
pub(super) async fn frame_of(
    app: &App,
    headers: &HeaderMap,
    title: &str,
    nav: Nav,
    path: &str,
) -> Answer<Layout> {
    let caller = signed_in(app, headers).await?;
    Ok(Layout { nav, ..with_caller(bare_frame(title, path), caller.as_ref()) })
}

/// The frame of a problem's page. Who met a fault of ours, or asks too often, is not looked up for it.
pub(super) async fn frame_of_problem(
    app: &App,
    headers: &HeaderMap,
    problem: &Problem,
    title: &str,
    path: &str,
) -> Layout {
    let unasked = Layout { signed_in: SignedIn::Unasked, ..bare_frame(title, path) };
    if problem.code.status().is_server_error() || problem.code == Code::TooManyRequests {
        return unasked;
    }
    match frame_of(app, headers, title, Nav::Elsewhere, path).await {
        Ok(layout) => layout,
        Err(fault) => {
            let cause = fault.cause.as_deref().unwrap_or(&fault.detail);
            tracing::warn!(
                code = fault.code.name(),
                cause,
                "a problem's page does not say who is signed in"
            );
            unasked
        }
    }
}

/// The frame of a ledger's page.
pub(super) fn frame(visit: &Visit, title: impl Into<String>, nav: Nav, uri: &Uri) -> Layout {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let layout = with_caller(bare_frame(&title.into(), path), visit.caller.as_ref());
    Layout { ledger: Some(visit.ledger.name.to_string()), nav, ..layout }
}

/// A moment as pages have it.
pub(super) fn moment(at: Timestamp) -> Moment {
    Moment::utc(at.to_string())
}

pub(super) const fn state_of(status: EpochStatus) -> EpochState {
    match status {
        EpochStatus::Open => EpochState::Open,
        EpochStatus::Review => EpochState::Review,
        EpochStatus::Closed => EpochState::Closed,
    }
}

/// The head of an epoch's pages.
pub(super) fn head(visit: &Visit, epoch: &Epoch, tab: Tab) -> EpochHead {
    let may_review = visit.caller.as_ref().is_some_and(|caller| caller.scope.allows(Scope::Review));
    EpochHead {
        ledger: visit.ledger.name.to_string(),
        id: epoch.id.0,
        state: state_of(epoch.status),
        start: moment(epoch.period.start()),
        end: moment(epoch.period.end()),
        tab,
        shows_review: may_review,
    }
}

/// Somebody, as the visitor may see them.
pub(super) fn person(names: &Names, user: &UserId) -> Person {
    Person { name: names.shown(user), user: names.id(user) }
}

pub(super) const fn units(units: ledger_core::Units) -> Units {
    Units(units.get())
}

pub(super) const fn credits(credits: ledger_core::Credits) -> Credits {
    Credits(credits.get())
}

pub(super) fn pool_parts(parts: &[PoolComponent], names: &Names) -> Vec<PoolPart> {
    let part = |one: &PoolComponent| {
        let part = &one.component;
        let evidence = part.evidence_ref.as_deref().map(|text| names.text(text));
        PoolPart {
            component_id: part.component_id.to_string(),
            algorithm_version: names.text(&part.algorithm_version),
            amount: credits(part.amount),
            evidence_link: evidence.as_deref().and_then(OutsideLink::new),
            evidence,
        }
    };
    parts.iter().map(part).collect()
}

/// Events as rows. Where everybody may read, platforms' ids and addresses are left out.
pub(super) fn event_rows(events: &[ActivityEvent], epoch: &Epoch, names: &Names) -> Vec<EventRow> {
    let is_member = names.eyes() == Eyes::Member;
    let shown = |text: &str| is_member || !text.contains('@');
    let row = |event: &ActivityEvent| {
        let fact = &event.event;
        let platform =
            fact.platform_login.clone().unwrap_or_else(|| fact.platform_user_id.to_string());
        let link = fact.artifact_url.as_deref().filter(|url| shown(url));
        EventRow {
            time: moment(fact.event_time),
            kind: fact.kind().to_string(),
            who: fact.user_id.as_ref().map(|user| person(names, user)),
            platform: is_member.then_some(platform),
            id: if shown(fact.id.as_str()) { fact.id.to_string() } else { "hidden".to_owned() },
            link: link.and_then(OutsideLink::new),
            weight: units(epoch.weights.weight_of(&fact.kind())),
            late: epoch.is_late(fact.event_time),
        }
    };
    events.iter().map(row).collect()
}

/// A statement's share, which has six decimals, in millionths.
pub(super) fn share_of(row: &Payout) -> Share {
    let digits: String = row.share.chars().filter(char::is_ascii_digit).collect();
    Share(digits.parse().unwrap_or(0))
}

/// The part of all units: the statement's, where there is one.
pub(super) fn share_of_line(line: &Line, total_units: i64) -> Share {
    match &line.payout {
        Some(row) => share_of(row),
        None => Share::of(line.units().get(), total_units),
    }
}
