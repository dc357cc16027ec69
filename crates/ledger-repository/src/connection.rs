//! Opens connections, and tells a dead one from a live one without a round trip.

use std::error::Error;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel_async::{AsyncConnection, AsyncPgConnection, TransactionManager};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::error::SqlState;
use tokio_postgres::{CancelToken, Config, NoTls};

use crate::database_url::describe;

/// A connection cannot be opened. The source says what the operating system or PostgreSQL said.
#[derive(Debug, thiserror::Error)]
#[error(
    "cannot connect to {database}: {reason}; check that PostgreSQL runs there and that the address \
     (DATABASE_URL) is right"
)]
pub struct ConnectError {
    pub(crate) database: String,
    pub(crate) reason: String,
    /// PostgreSQL's, where it was PostgreSQL that refused.
    pub(crate) code: Option<SqlState>,
    #[source]
    source: Box<dyn Error + Send + Sync>,
}

/// A Diesel connection whose driver we hold, so that we see when the server closed it.
pub(crate) struct PooledConnection {
    pub(crate) diesel: AsyncPgConnection,
    driver: JoinHandle<()>,
    cancel: CancelToken,
}

/// How long a request to cancel may take.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

impl PooledConnection {
    /// Has the server stop what it does for this connection, and closes it.
    pub(crate) fn abandon(self) {
        // Where there is no runtime any more, the process ends, and its connections with it.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let cancelled = timeout(CANCEL_TIMEOUT, self.cancel.cancel_query(NoTls)).await;
            if !matches!(cancelled, Ok(Ok(()))) {
                // What the server does ends by its statement timeout.
                tracing::debug!(?cancelled, "a statement that was given up was not cancelled");
            }
            drop(self.diesel);
        });
    }
}

/// Opens one connection and keeps hold of the task that drives it.
pub(crate) async fn connect(config: &Config) -> Result<PooledConnection, ConnectError> {
    let (client, connection) =
        config.connect(NoTls).await.map_err(|error| connect_error(config, error))?;
    let cancel = client.cancel_token();
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            // Whoever waits for an answer on this connection gets an error of their own.
            tracing::debug!(%error, "a database connection ended");
        }
    });
    let diesel = AsyncPgConnection::try_from(client).await.map_err(|error| ConnectError {
        database: describe(config),
        reason: error.to_string(),
        code: None,
        source: error.into(),
    })?;
    Ok(PooledConnection { diesel, driver, cancel })
}

fn connect_error(config: &Config, error: tokio_postgres::Error) -> ConnectError {
    let reason = error.as_db_error().map_or_else(
        || error.source().map_or_else(|| error.to_string(), ToString::to_string),
        |answer| answer.message().to_owned(),
    );
    let code = error.code().cloned();
    ConnectError { database: describe(config), reason, code, source: error.into() }
}

/// Makes and checks the connections of one pool.
#[derive(Debug)]
pub(crate) struct ConnectionManager {
    config: Config,
}

impl ConnectionManager {
    pub(crate) const fn new(config: Config) -> Self {
        Self { config }
    }
}

impl Manager for ConnectionManager {
    type Type = PooledConnection;
    type Error = ConnectError;

    async fn create(&self) -> Result<PooledConnection, ConnectError> {
        connect(&self.config).await
    }

    /// Refuses a connection that the server closed, and one whose rollback failed. Costs no round
    /// trip. One that a cancelled caller left in the middle never comes here: see [`crate::loan`].
    async fn recycle(
        &self,
        connection: &mut PooledConnection,
        _: &Metrics,
    ) -> RecycleResult<ConnectError> {
        type TransactionManagerOf<C> = <C as AsyncConnection>::TransactionManager;
        if connection.driver.is_finished() {
            return Err(RecycleError::message("the server closed the connection"));
        }
        if TransactionManagerOf::<AsyncPgConnection>::is_broken_transaction_manager(
            &mut connection.diesel,
        ) {
            return Err(RecycleError::message("it was left inside a transaction"));
        }
        Ok(())
    }
}
