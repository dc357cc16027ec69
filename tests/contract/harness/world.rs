//! What a case is given.

use std::sync::Arc;

use ledger_port::{ActivityLedgerStore, LedgerRegistry};
use ledger_testkit::SettableClock;

/// The name of the ledger that cases work on.
pub(crate) const LEDGER: &str = "contract";

/// The name of another ledger of the same database.
pub(crate) const OTHER_LEDGER: &str = "contract-other";

/// What the clock shows at first. It has microseconds, so that a store that loses them is seen.
pub(crate) const START: &str = "2026-11-18T09:30:00.123456Z";

/// One database with two empty ledgers, and the clock that all of it goes by.
pub(crate) struct World {
    /// The ledger that the case is about.
    pub(crate) store: Arc<dyn ActivityLedgerStore>,
    /// Another ledger of the same database.
    pub(crate) other: Arc<dyn ActivityLedgerStore>,
    /// The ledgers of that database.
    pub(crate) registry: Arc<dyn LedgerRegistry>,
    /// Shows [`START`] until the case moves it.
    pub(crate) clock: SettableClock,
}
