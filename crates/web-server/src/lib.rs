//! The API under `/api/v1` and the pages, over the container.
//!
//! - `server` takes connections and stops gracefully; `layers` is what every request goes through:
//!   an id, limits, a time, its answer's headers.
//! - `access` says who may do what: [`ROUTES`] is the one table, and a route that is not in it answers
//!   nothing.
//! - `api/` holds one file for each row of the API; `records` is what they show, as JSON. `site/` and
//!   `pages/` are the pages: the first reads the store, the second only knows what it is given.
//! - `problem` is the one table from refusals to codes and statuses (RFC 9457).
//! - `observe` counts and logs.
//!
//! No rule of the ledger and no SQL is here. To add a route: its handler in `api/`, its line in
//! [`ROUTES`], a case in `tests/`. The description at `/api/v1/openapi.json` follows from the handler.

mod access;
mod api;
mod layers;
mod observe;
pub mod pages;
mod problem;
mod records;
mod server;
mod settings;
mod site;
mod state;

pub use access::{Access, ROUTES, Route};
pub use api::openapi;
pub use problem::Code;
pub use server::{ServeError, WebServer};
pub use settings::{Settings, Webhook};
