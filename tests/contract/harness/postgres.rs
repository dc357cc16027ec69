//! Either adapter, over a PostgreSQL database of the case's own.

use std::sync::Arc;

use ledger_repository::{PgLedgerRegistry, Role};
use ledger_testkit::SettableClock;
use store_testkit::TestDatabase;

use super::{LEDGER, OTHER_LEDGER, START, World};

/// The database has to outlive the world, whose connections go to it.
pub(crate) async fn world<R: Role>() -> (TestDatabase, World) {
    let clock = SettableClock::at(START);
    let database = TestDatabase::new().await;
    let pool = database.pool::<R>().await;
    let world = World {
        store: Arc::new(database.store(&pool, LEDGER, Arc::new(clock.clone())).await),
        other: Arc::new(database.store(&pool, OTHER_LEDGER, Arc::new(clock.clone())).await),
        registry: Arc::new(PgLedgerRegistry::new(pool, Arc::new(clock.clone()))),
        clock,
    };
    (database, world)
}
