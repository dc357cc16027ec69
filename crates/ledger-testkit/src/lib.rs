//! What tests are built from: records that state only what matters, and a clock to set.

mod builders;
mod clock;
mod database;
mod fake_github;
mod migrations;
pub mod reference;
mod server;
mod source_conformance;

pub use builders::{
    EventBuilder, allocation, binding, credits, cursor_key, decision, event, finalize, moment,
    new_epoch, parsed, platform_user, pool_component, resolution, statement, statement_id, units,
    user, week, weights, window,
};
pub use clock::SettableClock;
pub use database::TestDatabase;
pub use fake_github::{
    Asked, FakeGithub, Instead, comment, issue, pull_request, release, review, user as account,
};
pub use migrations::{BOOKKEEPING, CATALOGS, MigrationFolder, OTHERS};
pub use server::TestServer;
pub use source_conformance::check_source;
