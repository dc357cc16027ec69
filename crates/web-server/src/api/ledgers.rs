//! `GET /ledgers`, `GET /ledgers/{ledger}`.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use ledger_core::{LedgerId, LedgerName, Scope, Visibility};
use ledger_port::{Ledger, Page, PageRequest};
use serde::Deserialize;
use utoipa::IntoParams;

use super::extract::Asked;
use super::listing::{Listing, Paging};
use crate::access::{Caller, Credential, Visit, open_token, unknown_token};
use crate::problem::{Answer, Code};
use crate::records::LedgerRecord;
use crate::state::App;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many items, 1 to 1,000; 100 where nothing is said.
    #[param(minimum = 1, maximum = 1000)]
    pub(crate) limit: Option<u16>,
}

/// The ledgers that everybody may read, and the token's own, by name.
#[utoipa::path(
    get, path = "/api/v1/ledgers", tag = "ledgers", params(PageQuery),
    responses((status = OK, body = Listing<LedgerRecord>))
)]
pub(crate) async fn list(
    State(app): State<App>,
    headers: HeaderMap,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Listing<LedgerRecord>>> {
    let own = own_ledger(&app, &headers).await?;
    let paging = Paging::new(&app.seal, "ledgers", query.after.as_deref(), query.limit)?;
    let page = visible_ledgers(&app, own, paging.request()?).await?;
    Ok(Json(paging.listing(&page, LedgerRecord::of)?))
}

/// The ledger of that id. Ids follow from names, and not the other way, so all of them are looked at.
pub(crate) async fn ledger_of(app: &App, id: LedgerId) -> Answer<Option<Ledger>> {
    let registry = app.container.ledger_registry();
    let mut request = PageRequest::first();
    loop {
        let page = registry.list_ledgers(request).await?;
        if let Some(ledger) = page.items.into_iter().find(|one| one.id == id) {
            return Ok(Some(ledger));
        }
        match page.next {
            Some(after) => request = PageRequest::after(after),
            None => return Ok(None),
        }
    }
}

/// Which ledger the caller holds a valid token of.
pub(crate) async fn own_ledger(app: &App, headers: &HeaderMap) -> Answer<Option<LedgerId>> {
    let Some(credential) = Credential::of(headers)? else { return Ok(None) };
    match opened_by(app, &credential).await {
        Ok((ledger, _)) => Ok(Some(ledger.id)),
        // Nobody typed a cookie; a session that has ended sees what everybody does.
        Err(problem) if credential.is_cookie && problem.code == Code::Unauthorized => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Who is signed in, if anybody is.
pub(crate) async fn signed_in(app: &App, headers: &HeaderMap) -> Answer<Option<Caller>> {
    // What is no token signs nobody in; a page that needs somebody says so itself.
    let Ok(Some(credential)) = Credential::of(headers) else { return Ok(None) };
    match opened_by(app, &credential).await {
        Ok((_, scope)) => Ok(Some(Caller { token: credential.token, scope })),
        Err(problem) if problem.code == Code::Unauthorized => Ok(None),
        Err(problem) => Err(problem),
    }
}

async fn opened_by(app: &App, credential: &Credential) -> Answer<(Ledger, Scope)> {
    let token = &credential.token;
    let ledger = ledger_of(app, token.ledger_id()).await?.ok_or_else(unknown_token)?;
    let store = app.container.store_of(&ledger);
    let scope = open_token(ledger.id, &store, app.container.clock(), token).await?;
    Ok((ledger, scope))
}

/// A page of those that may be seen; others are passed over.
pub(crate) async fn visible_ledgers(
    app: &App,
    own: Option<LedgerId>,
    request: PageRequest<LedgerName>,
) -> Answer<Page<Ledger, LedgerName>> {
    let registry = app.container.ledger_registry();
    let is_visible =
        |ledger: &Ledger| ledger.visibility == Visibility::Public || Some(ledger.id) == own;
    let (limit, mut after) = (request.limit, request.after);
    let wanted = usize::from(limit.get()) + 1;
    let mut found: Vec<Ledger> = Vec::new();
    loop {
        let page = registry.list_ledgers(PageRequest { after, ..PageRequest::first() }).await?;
        found.extend(page.items.into_iter().filter(is_visible));
        if found.len() >= wanted || page.next.is_none() {
            found.truncate(wanted);
            return Ok(Page::from_fetched(found, limit, |ledger| ledger.name.clone()));
        }
        after = page.next;
    }
}

/// One ledger.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}", tag = "ledgers",
    params(("ledger" = String, Path, description = "The ledger's name")),
    responses((status = OK, body = LedgerRecord))
)]
pub(crate) async fn show(visit: Visit) -> Json<LedgerRecord> {
    Json(LedgerRecord::of(&visit.ledger))
}
