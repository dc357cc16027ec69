//! Statements and locks that take too long: who waits is told in time, and nothing is written.

use std::time::{Duration, Instant};

use ledger_port::StoreFault;
use ledger_repository::Role as _;

use super::stage::{MARGIN, Stage, Tight, fault};
use crate::{Outcome, ensure};

/// How long the two waited.
#[derive(Debug, Default)]
pub(super) struct Waits {
    pub(super) statement: Duration,
    pub(super) lock: Duration,
}

const DOZE: &str = "
    CREATE FUNCTION doze() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM pg_sleep(60); RETURN NEW; END $$;
    CREATE TRIGGER doze BEFORE INSERT ON source_cursors FOR EACH ROW EXECUTE FUNCTION doze()";

const WAKE: &str = "DROP TRIGGER doze ON source_cursors; DROP FUNCTION doze()";

pub(super) async fn time_out(stage: &Stage, round: u64) -> Outcome<Waits> {
    let mut owner = stage.owner().await?;
    let page = |what: &str| stage.page(&format!("{what}-{round}"), 2);
    let slow = page("slow");
    owner.batch_execute(DOZE).await?;
    let statement =
        refused(stage, "a slow statement", &slow, Tight::LIMITS.statement_timeout).await?;
    owner.batch_execute(WAKE).await?;

    let locked = page("locked");
    let lock = owner.transaction().await?;
    lock.batch_execute("SELECT 1 FROM epochs FOR UPDATE").await?;
    let waited = refused(stage, "a locked epoch", &locked, Tight::LIMITS.lock_timeout).await?;
    lock.rollback().await?;

    stage.check_recovered(&format!("timeouts-{round}")).await?;
    Ok(Waits { statement, lock: waited })
}

/// Writes a page that takes too long.
async fn refused(
    stage: &Stage,
    what: &str,
    page: &ledger_port::IngestPage,
    limit: Duration,
) -> Outcome<Duration> {
    let began = Instant::now();
    let refusal = fault(what, stage.store.ingest_page(page).await)?;
    let waited = began.elapsed();
    ensure!(matches!(refusal, StoreFault::TimedOut(_)), "{what}: no timeout, but {refusal:?}");
    ensure!(
        waited >= limit && waited < limit + MARGIN,
        "{what}: the limit is {limit:?}, and the caller waited for {waited:?}"
    );
    stage.check(&page.cursor_value, 2, false).await?;
    Ok(waited)
}
