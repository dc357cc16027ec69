//! Who is who.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use ledger_port::{BindingKey, IdentityBinding, Write, Written};
use serde::Deserialize;
use utoipa::ToSchema;

use super::extract::{Asked, At, Body, EpochChoice};
use super::ledgers::PageQuery;
use super::listing::{Listing, MAX_LIMIT, Paging};
use super::writing::write;
use crate::access::{Eyes, Visit};
use crate::problem::{Answer, Code, Problem};
use crate::records::{BindingRecord, BoundRecord, Names, UnresolvedRecord};
use crate::state::App;

/// Every binding, by source and platform user. Everybody's eyes see none: a binding is a platform's
/// id.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/identities", tag = "identities",
    params(("ledger" = String, Path, description = "The ledger's name"), PageQuery),
    responses((status = OK, body = Listing<BindingRecord>))
)]
pub(crate) async fn list(
    visit: Visit,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Listing<BindingRecord>>> {
    require_member(&visit)?;
    let list = format!("{} identities", visit.ledger.id);
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), query.limit)?;
    let page = visit.store.list_identity_bindings(paging.request()?).await?;
    let users = page.items.iter().map(|binding| &binding.user_id);
    let names = Names::of(visit.store.as_ref(), visit.eyes(), users).await?;
    Ok(Json(paging.listing(&page, |binding| BindingRecord::of(binding, &names))?))
}

/// A cursor of such a list holds a platform's id, so that it is for token holders even where the ledger
/// is public.
pub(crate) fn require_member(visit: &Visit) -> Answer<()> {
    match visit.eyes() {
        Eyes::Member => Ok(()),
        Eyes::Public => {
            Err(Problem::new(Code::Unauthorized, "platforms' ids are for token holders only"))
        }
    }
}

/// Says that a platform's user is that person.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BindingBody {
    source: String,
    platform_user_id: String,
    user_id: String,
}

/// Who is who: one or many.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BindingsBody {
    /// At most 1,000.
    bindings: Vec<BindingBody>,
}

/// Remembers who platform users are, all or none, and gives them what waits for them in each epoch
/// that is not closed. A binding cannot be taken back. Again is safe.
#[utoipa::path(
    post, path = "/api/v1/ledgers/{ledger}/identities", tag = "identities",
    params(("ledger" = String, Path, description = "The ledger's name")),
    request_body = BindingsBody, responses((status = OK, body = BoundRecord))
)]
pub(crate) async fn bind(State(app): State<App>, visit: Visit, body: Body) -> Answer<Response> {
    let asked: BindingsBody = body.json()?;
    if asked.bindings.len() > usize::from(MAX_LIMIT) {
        let detail = format!("bindings: at most {MAX_LIMIT} in one request");
        return Err(Problem::new(Code::InvalidValue, detail));
    }
    let binding = |one: &BindingBody| {
        Ok(IdentityBinding {
            key: BindingKey {
                source: one.source.parse()?,
                platform_user_id: one.platform_user_id.parse()?,
            },
            user_id: one.user_id.parse()?,
        })
    };
    let bindings: Vec<IdentityBinding> =
        asked.bindings.iter().map(binding).collect::<Answer<_>>()?;
    let record = |written: &Written| {
        let Written::Bound { bound, resolved } = written else {
            unreachable!("bindings are written as bindings")
        };
        BoundRecord { bound: *bound, resolved: *resolved }
    };
    write(&app, &visit, Write::BindIdentities(bindings), body.once(), StatusCode::OK, record).await
}

/// The platform users whose events in an epoch belong to nobody yet.
#[utoipa::path(
    get, path = "/api/v1/ledgers/{ledger}/epochs/{epoch}/unresolved", tag = "identities",
    params(
        ("ledger" = String, Path, description = "The ledger's name"),
        ("epoch" = String, Path, description = "The epoch's number, or `current`"),
        PageQuery,
    ),
    responses((status = OK, body = Listing<UnresolvedRecord>))
)]
pub(crate) async fn unresolved(
    visit: Visit,
    At((_, epoch)): At<(String, String)>,
    Asked(query): Asked<PageQuery>,
) -> Answer<Json<Listing<UnresolvedRecord>>> {
    require_member(&visit)?;
    let epoch = EpochChoice::parse(&epoch)?.find(visit.store.as_ref()).await?;
    let list = format!("{} {} unresolved", visit.ledger.id, epoch.id);
    let paging = Paging::new(&visit.seal, list, query.after.as_deref(), query.limit)?;
    let page = visit.store.list_unresolved_identities(epoch.id, paging.request()?).await?;
    Ok(Json(paging.listing(&page, |identity| UnresolvedRecord::of(identity, visit.eyes()))?))
}
