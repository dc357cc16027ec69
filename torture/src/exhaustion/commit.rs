//! The COMMIT itself fails: what it was to write is not there, and its caller is told so.

use std::time::Duration;

use ledger_port::StoreFault;
use ledger_repository::Role as _;
use ledger_testkit::{cursor_key, event};

use super::stage::{Stage, Tight, fault};
use crate::ground::wait_until;
use crate::{Outcome, broken, ensure};

/// Deferred to the COMMIT: the disk is full, or it takes its time.
pub(super) const RULES: &str = r#"
    CREATE FUNCTION at_commit() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.producer_version = 'slow at commit' THEN
            PERFORM pg_sleep(60);
        END IF;
        RAISE EXCEPTION 'could not extend file "base/5/1": No space left on device'
            USING ERRCODE = 'disk_full';
    END $$;
    CREATE CONSTRAINT TRIGGER at_commit AFTER INSERT ON activity_events
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.producer_version LIKE '% at commit')
        EXECUTE FUNCTION at_commit()"#;

/// How many COMMITs failed.
#[derive(Debug, Default)]
pub(super) struct Commits {
    pub(super) refused: u64,
    pub(super) killed: u64,
}

pub(super) async fn fail(stage: &Stage, round: u64) -> Outcome<Commits> {
    let mut commits = Commits::default();
    refuse_transaction(stage, round).await?;
    refuse_statement(stage, round).await?;
    commits.refused += 2;
    kill(stage, round).await?;
    commits.killed += 1;
    stage.check_recovered(&format!("commit-{round}")).await?;
    Ok(commits)
}

/// A transaction of several statements, which ends by COMMIT.
async fn refuse_transaction(stage: &Stage, round: u64) -> Outcome<()> {
    let name = format!("refused-{round}");
    let mut page = stage.page(&name, 2);
    for event in &mut page.events {
        "full at commit".clone_into(&mut event.producer_version);
    }
    let answer = stage.store.ingest_page(&page).await;
    stage.check(&name, 2, answer.is_ok()).await?;
    let refusal = fault("a COMMIT that is refused", answer)?;
    ensure!(matches!(refusal, StoreFault::OutOfResources(_)), "a full disk is told as {refusal:?}");
    Ok(())
}

/// One statement that commits by itself: its rows are on their way when its commit is refused.
async fn refuse_statement(stage: &Stage, round: u64) -> Outcome<()> {
    let id = format!("lone-{round}");
    let event = event(&id).produced_by("torture", "full at commit").build();
    let event = [event];
    let answer = stage.store.insert_activity_events(stage.epoch_id, &event).await;
    let found = stage.store.get_activity_event(&event[0].id).await?;
    if found.is_some() != answer.is_ok() {
        broken!("the event {id} was acknowledged: {answer:?}; it is there: {}", found.is_some());
    }
    let refusal = fault("a statement whose commit is refused", answer)?;
    ensure!(matches!(refusal, StoreFault::OutOfResources(_)), "a full disk is told as {refusal:?}");
    Ok(())
}

/// The connection is killed while it commits.
async fn kill(stage: &Stage, round: u64) -> Outcome<()> {
    let name = format!("killed-{round}");
    let mut page = stage.page(&name, 2);
    for event in &mut page.events {
        "slow at commit".clone_into(&mut event.producer_version);
    }
    let store = stage.store.clone();
    let call = tokio::spawn(async move { store.ingest_page(&page).await });
    let owner = stage.owner().await?;
    let application = Tight::LIMITS.application_name;
    wait_until("a COMMIT takes its time", || async {
        let query = "SELECT count(*) FROM pg_stat_activity
            WHERE application_name = $1 AND query = 'COMMIT' AND wait_event = 'PgSleep'";
        Ok(owner.query_one(query, &[&application]).await?.get::<_, i64>(0) > 0)
    })
    .await?;
    let kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE application_name = $1 AND wait_event = 'PgSleep'";
    owner.query(kill, &[&application]).await?;
    let answer = tokio::time::timeout(Duration::from_secs(20), call).await;
    let Ok(answer) = answer else { broken!("nobody heard of the COMMIT that was killed") };
    let answer = answer?;
    stage.check(&name, 2, answer.is_ok()).await?;
    let refusal = fault("a COMMIT that was killed", answer)?;
    ensure!(
        matches!(refusal, StoreFault::Unreachable(_)),
        "a killed COMMIT is told as {refusal:?}"
    );
    // The cursor of the page is of nobody else, and can be written.
    stage.store.upsert_cursor(&cursor_key(&name), "another").await?;
    Ok(())
}
