//! The GitHub source, against a server that answers as GitHub does.

mod conformance;
mod facts;
mod hostile;
mod limits;
mod lists;
mod settings;
mod stage;
mod webhooks;
