//! A server that takes no writes, and one that has crashed and recovers.

use std::time::{Duration, Instant};

use ledger_port::{LedgerPortError, StoreFault};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::stage::{Stage, fault, name};
use crate::{Outcome, broken, ensure};

/// What came of a crash.
#[derive(Debug, Default)]
pub(super) struct Recovery {
    pub(super) refused: u64,
    /// What PostgreSQL said meanwhile, as often as it did.
    pub(super) recovering: u64,
    pub(super) out_for: Duration,
}

/// Read-only, as a standby is: reads are answered, and a write is told why it is not.
pub(super) async fn read_only(stage: &Stage, round: u64) -> Outcome<()> {
    let owner = stage.owner().await?;
    owner.batch_execute("ALTER SYSTEM SET default_transaction_read_only = on").await?;
    owner.batch_execute("SELECT pg_reload_conf()").await?;
    let began = Instant::now();
    // A session reads its configuration again between two statements.
    let (refused, refusal) = loop {
        let name = format!("read-only-{round}-{}", began.elapsed().as_nanos());
        match stage.store.ingest_page(&stage.page(&name, 2)).await {
            Ok(_) if began.elapsed() < Duration::from_secs(10) => {}
            answer => break (name, fault("a write to a server that is read-only", answer)?),
        }
    };
    ensure!(matches!(refusal, StoreFault::ReadOnly(_)), "read-only is told as {refusal:?}");
    ensure!(stage.store.get_open_epoch().await?.is_some(), "a read was refused");
    owner.batch_execute("ALTER SYSTEM RESET default_transaction_read_only").await?;
    owner.batch_execute("SELECT pg_reload_conf()").await?;
    stage.check(&refused, 2, false).await?;
    stage.check_recovered(&format!("read-only-{round}")).await?;
    Ok(())
}

/// One of the server's processes is killed: PostgreSQL ends all sessions, recovers and comes back. Who
/// calls meanwhile is told; what was acknowledged before and during it is there.
pub(super) async fn crash(stage: &Stage, number: u64) -> Outcome<Recovery> {
    let before = format!("before-{number}");
    stage.store.ingest_page(&stage.page(&before, 2)).await?;
    let victim = stage.owner().await?;
    let pid: i32 = victim.query_one("SELECT pg_backend_pid()", &[]).await?.get(0);
    if let Err(error) = kill(Pid::from_raw(pid), Signal::SIGKILL) {
        broken!("the server's process {pid} could not be killed: {error}");
    }
    let mut recovery = Recovery::default();
    let (began, mut asked) = (Instant::now(), Vec::new());
    loop {
        let name = format!("crash-{number}-{}", asked.len());
        let answer = stage.store.ingest_page(&stage.page(&name, 2)).await;
        asked.push((name, answer.is_ok()));
        match answer {
            Ok(_) if recovery.refused > 0 => break,
            Ok(_) => {}
            Err(LedgerPortError::Fault(refusal @ StoreFault::Unreachable(_))) => {
                recovery.refused += 1;
                recovery.recovering += u64::from(says_recovering(&refusal));
                recovery.out_for = began.elapsed();
            }
            Err(LedgerPortError::Fault(other)) => {
                broken!("a server that recovers is told as {}: {other:?}", self::name(&other))
            }
            Err(other) => broken!("a server that recovers is told as {other:?}"),
        }
        ensure!(
            began.elapsed() < Duration::from_secs(60),
            "the store did not come back: {asked:?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    stage.check(&before, 2, true).await?;
    for (name, acknowledged) in asked {
        // Nobody knows of one whose connection broke; it is there or not, and whole.
        let is_there = stage.has(&name, 2).await?;
        ensure!(is_there || !acknowledged, "{name} was acknowledged and is gone after the crash");
    }
    Ok(recovery)
}

fn says_recovering(refusal: &StoreFault) -> bool {
    let text = crate::chain(refusal);
    ["starting up", "recovery mode", "not yet accepting", "not accepting"]
        .iter()
        .any(|words| text.contains(words))
}
