//! Pages for everybody who may read the ledger.

pub(super) mod activity;
pub(super) mod contributor;
pub(super) mod epoch;
pub(super) mod lists;
pub(super) mod overview;
mod scene;
pub(super) mod statement;
