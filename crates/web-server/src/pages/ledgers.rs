//! The ledgers of this server.

use askama::Template;

use super::{Layout, Moment, address};

/// One ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerRow {
    /// Its name.
    pub name: String,
    /// Whether everybody may read it.
    pub is_public: bool,
    /// When it was made.
    pub created: Moment,
}

impl LedgerRow {
    /// Its front page.
    pub fn href(&self) -> String {
        address::ledger(&self.name)
    }
}

/// `/`
#[derive(Debug, Clone, Template)]
#[template(path = "ledgers.html")]
pub struct LedgersPage {
    /// The frame.
    pub layout: Layout,
    /// Those that the visitor may read, by name.
    pub ledgers: Vec<LedgerRow>,
}
