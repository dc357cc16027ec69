//! The reference store.

use std::sync::Arc;

use ledger_memory::MemoryLedger;
use ledger_port::{ActivityLedgerStore, LedgerRegistry as _};
use ledger_testkit::{SettableClock, parsed};

use super::{LEDGER, OTHER_LEDGER, START, World};

/// Nothing needs to be kept alive.
pub(crate) async fn world() -> ((), World) {
    let clock = SettableClock::at(START);
    let database = MemoryLedger::new(Arc::new(clock.clone()));
    let world = World {
        store: store(&database, LEDGER, &clock).await,
        other: store(&database, OTHER_LEDGER, &clock).await,
        registry: Arc::new(database),
        clock,
    };
    ((), world)
}

async fn store(
    database: &MemoryLedger,
    name: &str,
    clock: &SettableClock,
) -> Arc<dyn ActivityLedgerStore> {
    let name = parsed(name);
    database.create_ledger(&name).await.unwrap();
    Arc::new(database.store(&name, Arc::new(clock.clone())).unwrap())
}
