//! Named transactions with a bounded retry.
//!
//! A command's body may run more than once, so it has no effect but its SQL; ids and times come in
//! with the command.

use std::sync::atomic::Ordering;
use std::time::Duration;

use async_trait::async_trait;
use diesel::result::Error as DieselError;
use diesel_async::{AsyncConnection, AsyncPgConnection, TransactionManager};
use ledger_port::{
    AllocationNotFoundPortError, EpochNotFoundPortError, LedgerPortError, PortResult, StoreFault,
};

use crate::refusals::{Verdict, fault, verdict};
use crate::{LedgerPool, Role};

/// How often a transaction is tried in all.
const MAX_ATTEMPTS: u32 = 6;

/// How long to wait after the first attempt that met others; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(5);

type Manager = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// Why a body ended: refused by the ledger's rules, or by the database.
#[derive(Debug)]
pub(crate) enum TxError {
    Refused(LedgerPortError),
    Database(DieselError),
}

impl From<DieselError> for TxError {
    fn from(error: DieselError) -> Self {
        Self::Database(error)
    }
}

impl<E> From<E> for TxError
where
    E: IntoRefusal,
{
    fn from(error: E) -> Self {
        Self::Refused(error.into_refusal())
    }
}

/// What a body may refuse with, by `?`.
pub(crate) trait IntoRefusal {
    fn into_refusal(self) -> LedgerPortError;
}

macro_rules! refusals {
    ($($error:ty),+ $(,)?) => {
        $(impl IntoRefusal for $error {
            fn into_refusal(self) -> LedgerPortError {
                self.into()
            }
        })+
    };
}

refusals!(
    LedgerPortError,
    EpochNotFoundPortError,
    AllocationNotFoundPortError,
    StoreFault,
    ledger_core::AmountOverflow,
    ledger_core::InvalidValue,
);

/// One intention: everything it needs, and what it does inside a transaction.
#[async_trait]
pub(crate) trait Command: Send + Sync {
    /// What it answers.
    type Output: Send;
    /// The transaction's name, for errors and logs.
    const NAME: &'static str;
    /// Whether the body writes with one statement alone, and at most reads beside it. Such a statement is a
    /// transaction by itself, and spares the round trips of BEGIN and COMMIT.
    const IS_ONE_STATEMENT: bool = false;
    /// The body. May run more than once.
    async fn run(&self, tx: &mut AsyncPgConnection) -> Result<Self::Output, TxError>;
}

/// How a transaction ends when its body succeeds.
#[derive(Clone, Copy)]
enum Ending {
    Commit,
    RollBack,
}

impl<R: Role> LedgerPool<R> {
    /// Runs a command and commits it.
    pub(crate) fn run<C: Command>(
        &self,
        command: &C,
    ) -> impl Future<Output = PortResult<C::Output>> + Send {
        self.run_to(command, Ending::Commit)
    }

    /// Runs a command and rolls it back, to see what it would answer.
    pub(crate) fn rehearse<C: Command>(
        &self,
        command: &C,
    ) -> impl Future<Output = PortResult<C::Output>> + Send {
        self.run_to(command, Ending::RollBack)
    }

    async fn run_to<C: Command>(&self, command: &C, ending: Ending) -> PortResult<C::Output> {
        let mut pause = FIRST_PAUSE;
        let mut attempt = 1;
        let answer = loop {
            let mut loan = match self.lend().await {
                Ok(loan) => loan,
                Err(error) => break Err(error),
            };
            let ended = attempt_once(loan.connection(), command, ending).await;
            // The connection goes back before we wait.
            loan.give_back_after(&ended);
            match next(C::NAME, attempt, ended) {
                Next::Answer(answer) => break answer,
                Next::AfterPause => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                Next::AtOnce => {}
            }
            self.counts().retried.fetch_add(1, Ordering::Relaxed);
            attempt += 1;
        };
        self.counts().add(&answer);
        answer
    }
}

/// What comes after an attempt.
enum Next<T> {
    Answer(PortResult<T>),
    /// It met others, who need a moment.
    AfterPause,
    /// What it went by was no longer so.
    AtOnce,
}

fn next<T>(transaction: &'static str, attempt: u32, ended: Result<T, TxError>) -> Next<T> {
    let error = match ended {
        Ok(output) => return Next::Answer(Ok(output)),
        Err(TxError::Refused(refusal)) => return Next::Answer(Err(refusal)),
        Err(TxError::Database(error)) => error,
    };
    match verdict(&error) {
        Verdict::Contended if attempt < MAX_ATTEMPTS => {
            tracing::debug!(transaction, attempt, %error, "tried again");
            Next::AfterPause
        }
        Verdict::Overtaken if attempt < MAX_ATTEMPTS => {
            tracing::debug!(transaction, attempt, %error, "looked again");
            Next::AtOnce
        }
        Verdict::Contended => {
            let fault = StoreFault::Contention { transaction, attempts: attempt };
            Next::Answer(Err(fault.into()))
        }
        Verdict::Overtaken | Verdict::Final => Next::Answer(Err(fault(transaction, error))),
    }
}

async fn attempt_once<C: Command>(
    connection: &mut AsyncPgConnection,
    command: &C,
    ending: Ending,
) -> Result<C::Output, TxError> {
    if C::IS_ONE_STATEMENT && matches!(ending, Ending::Commit) {
        command.run(connection).await
    } else {
        // Boxed: a call of one statement has no room for what it does not do.
        Box::pin(in_transaction(connection, command, ending)).await
    }
}

async fn in_transaction<C: Command>(
    connection: &mut AsyncPgConnection,
    command: &C,
    ending: Ending,
) -> Result<C::Output, TxError> {
    Manager::begin_transaction(connection).await?;
    match (command.run(connection).await, ending) {
        (Ok(output), Ending::Commit) => match Manager::commit_transaction(connection).await {
            // A fault for the tortures: who says that it is done has not looked.
            Err(_) if ledger_core::has_fault!("fault-swallowed-commit") => Ok(output),
            committed => committed.map(|()| output).map_err(Into::into),
        },
        (Ok(output), Ending::RollBack) => {
            Manager::rollback_transaction(connection).await?;
            Ok(output)
        }
        (Err(error), _) => {
            if let Err(rollback) = Manager::rollback_transaction(connection).await {
                // The pool throws the connection away; the first error is the one that tells more.
                tracing::debug!(transaction = C::NAME, error = %rollback, "rollback failed");
            }
            Err(error)
        }
    }
}
