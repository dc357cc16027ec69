//! The API under `/api/v1`: one file for each row of its table.

mod activity;
mod allocations;
mod cursor;
mod epochs;
mod extract;
mod identities;
mod ingest;
mod items;
mod ledgers;
mod listing;
mod openapi;
mod operations;
mod payable;
mod pool;
mod statements;
mod users;
mod webhooks;
mod writing;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::get;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(crate) use activity::ActivityQuery;
pub(crate) use cursor::CursorSeal;
pub(crate) use extract::{Asked, At, EpochChoice, current_epoch, read_body};
pub(crate) use ledgers::{ledger_of, own_ledger, signed_in, visible_ledgers};
pub(crate) use listing::Paging;
pub use openapi::document as openapi;
pub(crate) use payable::{Line, Payable, units_of};
pub(crate) use users::{Explanation, KindSum, UserEpoch, sum_by_kind, user_epochs, visible_user};

use crate::access::gate;
use crate::problem::{Code, Problem};
use crate::state::App;
use crate::{layers, observe, site};

/// The handlers that describe themselves, and their description.
fn described() -> (Router<App>, utoipa::openapi::OpenApi) {
    OpenApiRouter::with_openapi(openapi::description())
        .routes(routes!(operations::healthz))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::problems))
        .routes(routes!(ledgers::list))
        .routes(routes!(ledgers::show))
        .routes(routes!(epochs::list, epochs::open))
        .routes(routes!(epochs::show))
        .routes(routes!(epochs::review))
        .routes(routes!(epochs::finalize))
        .routes(routes!(activity::list, ingest::insert))
        .routes(routes!(identities::list, identities::bind))
        .routes(routes!(identities::unresolved))
        .routes(routes!(allocations::list))
        .routes(routes!(allocations::decide))
        .routes(routes!(allocations::propose))
        .routes(routes!(pool::list, pool::add))
        .routes(routes!(statements::show))
        .routes(routes!(statements::verify))
        .routes(routes!(statements::holdings))
        .routes(routes!(users::history))
        .routes(routes!(users::explain))
        .routes(routes!(webhooks::github))
        .split_for_parts()
}

/// Everything that is answered, and what every request goes through.
pub(crate) fn router(app: App) -> Router {
    described()
        .0
        .route("/metrics", get(observe::metrics))
        .route("/api/v1/openapi.json", get(operations::openapi_json))
        .merge(site::routes())
        .method_not_allowed_fallback(wrong_method)
        .route_layer(from_fn_with_state(app.clone(), gate))
        .route_layer(from_fn(layers::remember_route))
        .fallback(nothing_there)
        .layer(from_fn_with_state(app.clone(), layers::time_out))
        .layer(from_fn_with_state(app.clone(), layers::limit))
        .layer(CatchPanicLayer::custom(layers::panicked))
        .layer(from_fn_with_state(app.clone(), layers::account))
        .layer(CompressionLayer::new())
        .layer(from_fn_with_state(app.clone(), layers::secure))
        .with_state(app)
}

async fn nothing_there() -> Problem {
    Problem::not_found("nothing is at this path; see /docs")
}

async fn wrong_method() -> Problem {
    Problem::new(Code::MethodNotAllowed, "see /docs for the methods of this path")
}
