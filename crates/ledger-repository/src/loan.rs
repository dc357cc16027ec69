//! A connection on loan from the pool.

use deadpool::managed::Object;
use diesel_async::AsyncPgConnection;
use ledger_port::PortResult;

use crate::connection::ConnectionManager;
use crate::refusals::{fault, is_end_of_connection};
use crate::transaction::TxError;

/// A connection for one read or one attempt of a transaction.
///
/// Whoever is done gives it back. Where the caller gives up in the middle (its future is dropped),
/// what the server is doing is cancelled and the connection is closed instead: in the pool it would
/// keep its locks, and the next borrower would wait for an answer that nobody reads. A server that
/// waits for a lock does not see that its client is gone; left alone, it would do the work later.
pub(crate) struct Loan(Option<Object<ConnectionManager>>);

impl Loan {
    pub(crate) const fn new(connection: Object<ConnectionManager>) -> Self {
        Self(Some(connection))
    }

    pub(crate) fn connection(&mut self) -> &mut AsyncPgConnection {
        &mut self.0.as_mut().expect("it is taken only when the loan ends").diesel
    }

    pub(crate) fn give_back(mut self) {
        drop(self.0.take());
    }

    /// Gives the connection back after an answer. Where that says that the connection is over, it is as
    /// with a caller who gave up: the server may not have noticed, and works on or holds locks.
    pub(crate) fn give_back_after<T>(mut self, answer: &Result<T, TxError>) {
        let is_over =
            matches!(answer, Err(TxError::Database(error)) if is_end_of_connection(error));
        if !is_over {
            drop(self.0.take());
        }
    }

    /// Gives the connection back after a read, and answers in the port's words.
    pub(crate) fn end<T>(
        self,
        name: &'static str,
        answer: Result<T, impl Into<TxError>>,
    ) -> PortResult<T> {
        let answer = answer.map_err(Into::into);
        self.give_back_after(&answer);
        answer.map_err(|error| match error {
            TxError::Refused(refusal) => refusal,
            TxError::Database(error) => fault(name, error),
        })
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            Object::take(connection).abandon();
        }
    }
}
