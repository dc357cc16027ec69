//! The two adapters as they are, each with a COMMIT that is never answered. They wait long, so only a
//! long torture has the time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ledger_port::SystemClock;
use ledger_repository::Role;
use tokio::time::timeout;

use super::calls::{Books, Call};
use super::faults::{Fault, Kind, Place};
use super::hurried::longest_wait;
use super::proxy::Proxy;
use crate::ground::{Ground, pool, store};
use crate::{Outcome, broken};

/// How long the adapter's caller waited, beside its limit.
#[derive(Debug)]
pub(super) struct Wait {
    pub(super) waited: Duration,
    pub(super) limit: Duration,
}

/// Stalls a COMMIT of the adapter `R` for good.
pub(super) async fn stall<R: Role>(
    ground: Arc<Ground>,
    database: &'static str,
    healthy: Books,
    number: u64,
) -> Outcome<Wait> {
    let limit = longest_wait(&R::LIMITS);
    let proxy = Proxy::start(&ground, limit * 2).await?;
    let pool = pool::<R>(&proxy.url("ledger_service", database)).await?;
    let written = store(&pool, "written", Arc::new(SystemClock)).await?;
    let books = Books { written, ..healthy.clone() };
    proxy.arm(Fault { kind: Kind::Stall, place: Place::BeforeCommit });
    let began = Instant::now();
    let Ok(answer) = timeout(limit, Call::Keyed(number).ask(&books)).await else {
        broken!("a caller of {} waited past {} ms", R::LIMITS.application_name, limit.as_millis())
    };
    let waited = began.elapsed();
    if let Ok(done) = answer? {
        broken!("a write was acknowledged whose COMMIT was never answered: {done:?}");
    }
    // What the lost connection holds, the server lets go by its own limits.
    Call::Keyed(number).ask(&healthy).await??;
    Ok(Wait { waited, limit })
}
