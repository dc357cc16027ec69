//! The GitHub source, against a server that answers as GitHub does.

mod archive_damage;
mod archive_lines;
mod archives;
mod conformance;
mod facts;
mod hostile;
mod limits;
mod lists;
mod payloads;
mod settings;
mod stage;
mod webhooks;
