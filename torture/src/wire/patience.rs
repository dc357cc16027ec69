//! The two adapters as they are, each with a COMMIT that is never answered. They wait long, so only a
//! long torture has the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_port::SystemClock;
use ledger_repository::Role;
use ledger_testkit::{new_epoch, week, weights};
use tokio::time::timeout;

use super::calls::{Books, Call};
use super::faults::{Fault, Kind, Place};
use super::hurried::longest_wait;
use super::proxy::Proxy;
use crate::ground::{Ground, Store, pool, store};
use crate::{Outcome, broken};

/// How long the adapter's caller waited, beside its limit.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) waited: Duration,
    pub(super) limit: Duration,
}

/// Stalls a COMMIT of the adapter `R` for good. It has a ledger to itself: the lost session holds its locks
/// as long as the server lets it, and nobody else is to wait for them.
pub(super) async fn stall<R: Role>(ground: Arc<Ground>, database: &'static str) -> Outcome<Wait> {
    let limit = longest_wait(&R::LIMITS);
    let name = R::LIMITS.application_name;
    let direct = pool::<R>(&ground.service_url(database)).await?;
    let healthy = store(&direct, name, Arc::new(SystemClock)).await?;
    let epoch = healthy.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await?;
    let proxy = Proxy::start(&ground, limit * 2).await?;
    let behind = pool::<R>(&proxy.url("ledger_service", database)).await?;
    let books = |store: Store| Books {
        written: store.clone(),
        written_epoch: epoch.id,
        still: store,
        still_epoch: epoch.id,
    };
    let stalled = books(store(&behind, name, Arc::new(SystemClock)).await?);
    proxy.arm(Fault { kind: Kind::Stall, place: Place::BeforeCommit });
    let began = Instant::now();
    let Ok(answer) = timeout(limit, Call::Keyed(0).ask(&stalled)).await else {
        broken!("a caller of {name} waited past {} ms", limit.as_millis())
    };
    let waited = began.elapsed();
    if let Ok(done) = answer? {
        broken!("a write was acknowledged whose COMMIT was never answered: {done:?}");
    }
    Call::Keyed(0).ask(&books(healthy)).await??;
    Ok(Wait { waited, limit })
}
