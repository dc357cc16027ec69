//! A connection on loan from the pool.

use deadpool::managed::Object;
use diesel_async::AsyncPgConnection;
use ledger_port::PortResult;

use crate::connection::ConnectionManager;
use crate::refusals::fault;
use crate::transaction::TxError;

/// A connection for one read or one attempt of a transaction.
///
/// Whoever is done gives it back. Where the caller gives up in the middle (its future is dropped),
/// the connection is closed instead: in the pool it would keep its locks, and the next borrower
/// would wait for an answer that nobody reads.
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

    /// Gives the connection back after a read, and answers in the port's words.
    pub(crate) fn end<T>(
        self,
        name: &'static str,
        answer: Result<T, impl Into<TxError>>,
    ) -> PortResult<T> {
        self.give_back();
        answer.map_err(|error| match error.into() {
            TxError::Refused(refusal) => refusal,
            TxError::Database(error) => fault(name, error),
        })
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(connection) = self.0.take() {
            drop(Object::take(connection));
        }
    }
}
