//! What tests are built from: records that state only what matters, a clock to set, and a second opinion
//! on payouts. Nothing here knows a database or a source, so that who tests the rules compiles the rules.

mod builders;
mod clock;
pub mod reference;

pub use builders::{
    EventBuilder, allocation, binding, credits, cursor_key, decision, event, finalize, moment,
    new_epoch, parsed, platform_user, pool_component, resolution, statement, statement_id, units,
    user, week, weights, window,
};
pub use clock::SettableClock;
