//! One of the client processes: some writers, each with a ledger and a journal of its own, who go on until
//! they are killed and ask again for whatever was not answered.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use ledger_adapter_server::Server;
use ledger_adapter_worker::Worker;
use ledger_port::{RefusalKind, SystemClock};
use ledger_repository::{LedgerPool, Role};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::WRITERS;
use super::deed::{Deed, NOTHING_TO_DECIDE, make};
use super::journal::{Call, Journal, Pen};
use super::progress::Progress;
use crate::ground::{Store, pool, store};
use crate::players::Script;
use crate::{Failure, Outcome, chain, ensure};

/// How long to wait before a call is made again.
const PAUSE: Duration = Duration::from_millis(10);
/// How often: for two minutes, as a server may take long to come back.
const ATTEMPTS: u32 = 12_000;

/// Which of the clients this is, where its database is and where its journals lie.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Cast {
    pub(super) url: String,
    pub(super) directory: PathBuf,
    pub(super) number: usize,
    pub(super) seed: u64,
}

impl Cast {
    /// The ledger of a writer.
    pub(super) fn ledger(&self, writer: usize) -> String {
        format!("client-{}-writer-{writer}", self.number)
    }

    pub(super) fn journal(&self, writer: usize) -> Journal {
        Journal::at(self.directory.join(self.ledger(writer)))
    }

    /// A writer's seed.
    fn dice(&self, writer: usize) -> Outcome<u64> {
        Ok(self.seed ^ u64::try_from(self.number * WRITERS + writer + 1)?.rotate_left(48))
    }
}

/// Writes until it is killed. The first client writes as a server does, the second as a worker.
pub(crate) async fn play(cast: &Cast, _: &mut Script) -> Outcome<()> {
    match cast.number % 2 {
        0 => write_all(cast, &patient_pool::<Server>(&cast.url).await?).await,
        _ => write_all(cast, &patient_pool::<Worker>(&cast.url).await?).await,
    }
}

/// The server may be killed while this process begins.
async fn patient_pool<R: Role>(url: &str) -> Outcome<LedgerPool<R>> {
    for _ in 1..ATTEMPTS {
        match pool(url).await {
            Ok(pool) => return Ok(pool),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    pool(url).await
}

async fn write_all<R: Role>(cast: &Cast, pool: &LedgerPool<R>) -> Outcome<()> {
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let (cast, pool) = (cast.clone(), pool.clone());
        writers.spawn(async move {
            let store = patient_store(&pool, &cast.ledger(writer)).await?;
            write_on(&store, cast.journal(writer), cast.dice(writer)?).await
        });
    }
    while let Some(ended) = writers.join_next().await {
        ended??;
    }
    Ok(())
}

async fn patient_store<R: Role>(pool: &LedgerPool<R>, ledger: &str) -> Outcome<Store> {
    for _ in 1..ATTEMPTS {
        match store(pool, ledger, Arc::new(SystemClock)).await {
            Ok(store) => return Ok(store),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
    store(pool, ledger, Arc::new(SystemClock)).await
}

async fn write_on(store: &Store, mut journal: Journal, seed: u64) -> Outcome<()> {
    journal.read_on()?;
    let mut pen = Pen::at_the_end_of(&journal)?;
    let mut progress = Progress::default();
    for (call, answer) in &journal.answered {
        progress.take(call, answer)?;
    }
    let mut left = journal.unanswered;
    loop {
        let was_left = left.is_some();
        let call = match left.take() {
            Some(call) => call,
            None => {
                let call = progress.next(seed);
                pen.meant(&call)?;
                call
            }
        };
        let (answer, attempts) = ask_until_answered(store, &call).await?;
        judge(&call, &answer, was_left || attempts > 1)?;
        pen.answered(&answer)?;
        progress.take(&call, &answer)?;
    }
}

async fn ask_until_answered(store: &Store, call: &Call) -> Outcome<(String, u32)> {
    let mut attempts = 0;
    loop {
        attempts += 1;
        let who = format!("{}-{attempts}", std::process::id());
        let error = match make(store, call, &who).await {
            Ok(answer) => return Ok((answer, attempts)),
            Err(error) => error,
        };
        if error.kind() != RefusalKind::Unavailable || attempts == ATTEMPTS {
            let text = format!("{call:?}, asked {attempts} times, was answered: {}", chain(&error));
            return Err(Failure::Broken(text));
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// What was asked for again was done whole or not at all the first time. Under a key the answer is the first
/// one in any case.
fn judge(call: &Call, answer: &str, is_again: bool) -> Outcome<()> {
    let (Deed::Insert { run, .. } | Deed::Page { run, .. }) = &call.deed else {
        let is_known = answer != NOTHING_TO_DECIDE || matches!(call.deed, Deed::Decide { .. });
        ensure!(is_known, "{call:?} was answered {answer}");
        return Ok(());
    };
    let events = run.events;
    let new = answer.starts_with(&format!("inserted {events} skipped 0 conflicts 0"));
    let known = answer.starts_with(&format!("inserted 0 skipped {events} conflicts 0"));
    ensure!(
        new || (known && is_again && !call.is_keyed),
        "{call:?}, {}, was answered {answer}",
        if is_again { "asked for again" } else { "asked for once" }
    );
    Ok(())
}
