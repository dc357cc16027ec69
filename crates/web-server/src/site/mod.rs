//! The pages' handlers: each reads the store and fills one of [`crate::pages`].
//!
//! `frame` is what every page has around it; `session` signs in and out; `reading` is for everybody
//! who may read, `desk` for reviewers. A form carries proof that it comes from a page of the same
//! session ([`form`]). What goes wrong becomes a page, too ([`trouble`]).

mod assets;
mod desk;
mod docs;
mod form;
mod frame;
mod paging;
mod reading;
mod session;
mod trouble;

use axum::Router;
use axum::routing::{get, post};

use crate::state::App;

pub(crate) use reading::overview::Overviews;
pub(crate) use trouble::page_of;

/// The pages.
pub(crate) fn routes() -> Router<App> {
    const EPOCH: &str = "/l/{ledger}/epochs/{epoch}";
    let of_epoch = |rest: &str| format!("{EPOCH}{rest}");
    Router::new()
        .route("/", get(reading::lists::ledgers))
        .route("/assets/{file}", get(assets::asset))
        .route("/docs", get(docs::docs))
        .route("/sign-in", get(session::form).post(session::sign_in))
        .route("/sign-out", post(session::sign_out))
        .route("/l/{ledger}", get(reading::epoch::current))
        .route("/l/{ledger}/epochs", get(reading::lists::epochs))
        .route("/l/{ledger}/holdings", get(reading::lists::holdings))
        .route("/l/{ledger}/users/{user}", get(reading::contributor::history))
        .route(EPOCH, get(reading::epoch::numbered))
        .route(&of_epoch("/activity"), get(reading::activity::page))
        .route(&of_epoch("/statement"), get(reading::statement::page))
        .route(&of_epoch("/users/{user}"), get(reading::contributor::explain))
        .route(&of_epoch("/review"), get(desk::page))
        .route(&of_epoch("/review/bind"), post(desk::bind))
        .route(&of_epoch("/review/propose"), post(desk::propose))
        .route(&of_epoch("/review/override"), post(desk::decide))
        .route(&of_epoch("/review/begin"), post(desk::begin))
        .route(&of_epoch("/review/pool"), post(desk::add_to_pool))
        .route(&of_epoch("/review/finalize"), post(desk::finalize))
}
