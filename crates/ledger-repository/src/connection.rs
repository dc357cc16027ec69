//! Opens connections, and tells a dead one from a live one without a round trip.

use std::error::Error;
use std::io;
use std::time::Duration;

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel_async::{AsyncConnection, AsyncPgConnection, TransactionManager};
use tokio::io::AsyncReadExt as _;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::TargetSessionAttrs;
use tokio_postgres::error::SqlState;
use tokio_postgres::{CancelToken, Client, Config, SimpleQueryMessage};

use crate::database_url::{Endpoint, describe};
use crate::silence::Watched;
use crate::socket::{Address, Duplex, targets};
use crate::tls::{NoTls, Seal, Tls};

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

impl ConnectError {
    /// Whether the server lets nobody in who comes in this manner, as where `pg_hba.conf` has nothing for TLS.
    fn is_of_nobody_let_in(&self) -> bool {
        self.code == Some(SqlState::INVALID_AUTHORIZATION_SPECIFICATION)
    }

    /// The same, where another attempt was refused for another reason.
    fn beside(self, encrypted: &Self) -> Self {
        if self.reason == encrypted.reason {
            return self;
        }
        let reason = format!("{}; before, with TLS: {}", self.reason, encrypted.reason);
        Self { reason, ..self }
    }
}

/// A Diesel connection whose driver we hold, so that we see when the server closed it.
pub(crate) struct PooledConnection {
    pub(crate) diesel: AsyncPgConnection,
    driver: JoinHandle<()>,
    cancel: Cancel,
}

/// What it takes to have the server stop what it does for a connection.
struct Cancel {
    token: CancelToken,
    address: Address,
    config: Config,
    tls: Tls,
}

/// How long a request to cancel may take.
const CANCEL_TIMEOUT: Duration = Duration::from_secs(5);

/// How long an address may take that sets no limit.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

impl PooledConnection {
    /// Has the server stop what it does for this connection, and closes it.
    pub(crate) fn abandon(self) {
        // Where there is no runtime any more, the process ends, and its connections with it.
        let Ok(runtime) = Handle::try_current() else { return };
        runtime.spawn(async move {
            let cancelled = timeout(CANCEL_TIMEOUT, self.cancel.send()).await;
            if !matches!(cancelled, Ok(Ok(()))) {
                // What the server does ends by its statement timeout.
                tracing::debug!(?cancelled, "a statement that was given up was not cancelled");
            }
            drop(self.diesel);
        });
    }
}

impl Cancel {
    async fn send(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let (mut socket, seal) = self.address.open(&self.config, &self.tls).await?;
        self.token.cancel_query_raw(&mut socket, seal).await?;
        // The server closes when it has read it; who closes first may take it back.
        socket.read_to_end(&mut Vec::new()).await?;
        Ok(())
    }
}

/// Opens one connection, at the first of the config's hosts that has one, and keeps hold of the task
/// that drives it. Each address may take as long as `connect_timeout` says. Where `longest_silence` is
/// set, the connection breaks when an answer is owed and nothing comes for so long.
pub(crate) async fn connect(
    endpoint: &Endpoint,
    longest_silence: Option<Duration>,
) -> Result<PooledConnection, ConnectError> {
    let config = &endpoint.config;
    let patience = config.get_connect_timeout().copied().unwrap_or(CONNECT_TIMEOUT);
    let failed = |error| io_error(config, error);
    let mut last = None;
    for target in targets(config).map_err(failed)? {
        let found = in_time(patience, target.addresses(config)).await.and_then(|found| found);
        let addresses = found.unwrap_or_else(|error| {
            last = Some(failed(error));
            Vec::new()
        });
        for address in addresses {
            let opened = in_time(patience, connect_to(endpoint, address, longest_silence)).await;
            match opened.map_err(failed).and_then(|opened| opened) {
                Ok(connection) => return Ok(connection),
                Err(error) => last = Some(error),
            }
        }
    }
    Err(last.unwrap_or_else(|| failed(io::Error::other("the address names no host"))))
}

async fn in_time<T>(patience: Duration, work: impl Future<Output = T>) -> io::Result<T> {
    let too_late = |_| {
        let reason = format!("it took longer than {} ms", patience.as_millis());
        io::Error::new(io::ErrorKind::TimedOut, reason)
    };
    timeout(patience, work).await.map_err(too_late)
}

/// Encrypted where the address lets it be so; and where that does not work and need not, without, as PostgreSQL's own
/// programs do.
async fn connect_to(
    endpoint: &Endpoint,
    address: Address,
    longest_silence: Option<Duration>,
) -> Result<PooledConnection, ConnectError> {
    let Endpoint { config, tls } = endpoint;
    let refused = match address.open(config, tls).await {
        Ok((socket, seal)) => {
            let is_sealed = seal.is_sealed();
            let opened = Opened { socket, seal, tls: tls.clone() };
            match begin(config, address.clone(), opened, longest_silence).await {
                Err(refused) if is_sealed && refused.is_of_nobody_let_in() => refused,
                begun => return begun,
            }
        }
        Err(error) if is_without_tls(&error) => io_error(config, error),
        Err(error) => return Err(io_error(config, error)),
    };
    if !tls.is_optional() {
        return Err(refused);
    }
    tracing::info!(database = refused.database, reason = refused.reason, "trying without TLS");
    let opened = address.open(config, &Tls::NONE).await;
    let (socket, seal) = opened.map_err(|error| io_error(config, error))?;
    let opened = Opened { socket, seal, tls: Tls::NONE };
    let begun = begin(config, address, opened, longest_silence).await;
    begun.map_err(|error| error.beside(&refused))
}

/// A socket, and how it was opened.
struct Opened {
    socket: Box<dyn Duplex>,
    seal: Seal,
    tls: Tls,
}

async fn begin(
    config: &Config,
    address: Address,
    Opened { socket, seal, tls }: Opened,
    longest_silence: Option<Duration>,
) -> Result<PooledConnection, ConnectError> {
    let socket = Watched::new(socket, longest_silence);
    let failed = |error| connect_error(config, error);
    let connecting = seal.config(config);
    let (client, mut connection) = connecting.connect_raw(socket, seal).await.map_err(failed)?;
    let token = client.cancel_token();
    let cancel = Cancel { token, address, config: config.clone(), tls };
    // Driven here and not yet by a task: where this takes too long, nothing is left behind.
    let diesel = tokio::select! {
        ended = &mut connection => {
            let error = io::Error::from(io::ErrorKind::UnexpectedEof);
            return Err(ended.map_or_else(failed, |()| io_error(config, error)));
        }
        made = make(config, client) => made?,
    };
    let driver = tokio::spawn(async move {
        if let Err(error) = connection.await {
            // Whoever waits for an answer on this connection gets an error of their own.
            if is_silence(&error) {
                tracing::warn!(error = error.source(), "a database connection was given up");
            } else {
                tracing::debug!(%error, "a database connection ended");
            }
        }
    });
    Ok(PooledConnection { diesel, driver, cancel })
}

async fn make(config: &Config, client: Client) -> Result<AsyncPgConnection, ConnectError> {
    check_session(config, &client).await?;
    AsyncPgConnection::try_from(client).await.map_err(|error| ConnectError {
        database: describe(config),
        reason: error.to_string(),
        code: None,
        source: error.into(),
    })
}

/// Refuses a server that writes, or does not write, where the address asks for the other
/// (`target_session_attrs`).
async fn check_session(config: &Config, client: &Client) -> Result<(), ConnectError> {
    let problem = match config.get_target_session_attrs() {
        TargetSessionAttrs::ReadWrite => ("on", "the server does not take writes"),
        TargetSessionAttrs::ReadOnly => ("off", "the server takes writes"),
        _ => return Ok(()),
    };
    let answer = client
        .simple_query("SHOW transaction_read_only")
        .await
        .map_err(|error| connect_error(config, error))?;
    let is = |message: &SimpleQueryMessage| match message {
        SimpleQueryMessage::Row(row) => row.get(0) == Some(problem.0),
        _ => false,
    };
    match answer.iter().any(is) {
        true => Err(io_error(config, io::Error::new(io::ErrorKind::PermissionDenied, problem.1))),
        false => Ok(()),
    }
}

fn is_without_tls(error: &io::Error) -> bool {
    error.get_ref().and_then(|cause| cause.downcast_ref::<NoTls>()).is_some()
}

fn is_silence(error: &tokio_postgres::Error) -> bool {
    error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>())
        .is_some_and(|cause| cause.kind() == io::ErrorKind::TimedOut)
}

fn connect_error(config: &Config, error: tokio_postgres::Error) -> ConnectError {
    let reason = error.as_db_error().map_or_else(
        || error.source().map_or_else(|| error.to_string(), ToString::to_string),
        |answer| answer.message().to_owned(),
    );
    let code = error.code().cloned();
    ConnectError { database: describe(config), reason, code, source: error.into() }
}

fn io_error(config: &Config, error: io::Error) -> ConnectError {
    let reason = error.to_string();
    ConnectError { database: describe(config), reason, code: None, source: error.into() }
}

/// Makes and checks the connections of one pool.
#[derive(Debug)]
pub(crate) struct ConnectionManager {
    endpoint: Endpoint,
    longest_silence: Option<Duration>,
}

impl ConnectionManager {
    pub(crate) const fn new(endpoint: Endpoint, longest_silence: Option<Duration>) -> Self {
        Self { endpoint, longest_silence }
    }
}

impl Manager for ConnectionManager {
    // Boxed, as what opens one is: the pool hands them about by value, and whoever asks it for one makes room
    // for both at each call.
    type Type = Box<PooledConnection>;
    type Error = ConnectError;

    async fn create(&self) -> Result<Box<PooledConnection>, ConnectError> {
        Box::pin(connect(&self.endpoint, self.longest_silence)).await.map(Box::new)
    }

    /// Refuses a connection that the server closed, and one whose rollback failed. Costs no round
    /// trip. One that a cancelled caller left in the middle never comes here: see [`crate::loan`].
    async fn recycle(
        &self,
        connection: &mut Box<PooledConnection>,
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
