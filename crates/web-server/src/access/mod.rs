//! Who may do what.

mod credential;
mod gate;
mod table;
mod visit;

pub(crate) use credential::{CSRF_FIELD, Credential, SESSION_COOKIE, csrf_of, is_form_of};
pub(crate) use gate::{gate, open_token, unknown_token};
pub use table::{Access, ROUTES, Route};
pub(crate) use visit::{Caller, Eyes, Visit};
