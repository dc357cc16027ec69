//! The review desk: what an admin does between collecting and paying. Each form does one write, and
//! then leads to a page again; what was refused comes back with what was entered.

mod actions;
mod close;
mod deciding;
mod view;
mod words;

pub(crate) use actions::{add_to_pool, begin, bind, propose};
pub(crate) use close::finalize;
pub(crate) use deciding::decide;
pub(crate) use view::page;
pub(crate) use words::{done_message, sentences};
