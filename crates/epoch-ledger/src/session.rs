//! What a command works with: the database, the container, the ledger's store.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use app_container::{Container, ContainerError, Database, DatabaseConfig};
use ledger_core::LedgerName;
use ledger_port::{ActivityLedgerStore, Clock};
use tokio_util::sync::CancellationToken;

use crate::cli::Global;
use crate::failure::Failure;
use crate::output::Output;

/// Everything a command needs that it was not told itself.
pub(crate) struct Session {
    pub(crate) ledger: LedgerName,
    pub(crate) output: Output,
    /// What an interruption at this moment leaves. The command knows; `main` says it.
    pub(crate) interruption_leaves: Cell<&'static str>,
    /// For commands that stop by themselves when they are told to.
    stop: RefCell<Option<CancellationToken>>,
    database: Option<String>,
}

/// What an interruption leaves where nothing better is known.
pub(crate) const WHAT_WAS_STORED: &str = "what was stored stays, run it again to go on";

/// An open ledger, for as long as one command works with it.
#[derive(Clone, Copy)]
pub(crate) struct Books<'a> {
    pub(crate) store: &'a dyn ActivityLedgerStore,
    pub(crate) clock: &'a dyn Clock,
}

impl Session {
    pub(crate) fn new(global: &Global) -> Self {
        Self {
            ledger: global.ledger.clone(),
            output: Output { is_json: global.json },
            interruption_leaves: Cell::new(WHAT_WAS_STORED),
            stop: RefCell::new(None),
            database: global.database_url.clone().filter(|url| !url.is_empty()),
        }
    }

    /// From here on the first interruption does not end the command but tells it to stop.
    pub(crate) fn stops_gracefully(&self) -> CancellationToken {
        let stop = CancellationToken::new();
        self.stop.replace(Some(stop.clone()));
        stop
    }

    /// Tells the command to stop. Answers whether it does so by itself, and was not told before.
    pub(crate) fn tell_to_stop(&self) -> bool {
        match self.stop.take() {
            Some(stop) => {
                stop.cancel();
                true
            }
            None => false,
        }
    }

    async fn database(&self) -> Result<Database, Failure> {
        let config = match &self.database {
            Some(url) => {
                require_postgres(url)?;
                DatabaseConfig::Named(url.clone())
            }
            None => DatabaseConfig::Private,
        };
        Ok(Database::open(&config).await?)
    }

    async fn container(&self) -> Result<Container, Failure> {
        Ok(Container::open(self.database().await?).await?)
    }

    /// Works with the database as its owner does, and gives it up whatever comes of it.
    pub(crate) async fn with_database(
        &self,
        work: impl AsyncFnOnce(&Database) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let database = self.database().await?;
        let done = work(&database).await;
        first_failure(done, database.close().await)
    }

    /// Works with the container, and closes it whatever comes of it.
    pub(crate) async fn with_container(
        &self,
        work: impl AsyncFnOnce(&Container) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        closing(self.container().await?, work).await
    }

    /// The same for work that goes on in the background, such as answering requests.
    pub(crate) async fn with_shared_container(
        &self,
        work: impl AsyncFnOnce(&Arc<Container>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        closing_shared(self.container().await?, work).await
    }

    /// Works with the ledger that was named, and closes it whatever comes of it.
    pub(crate) async fn with_books(
        &self,
        work: impl AsyncFnOnce(Books<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        self.with_container(async |container| {
            let store = container.activity_ledger_store(&self.ledger).await?;
            work(Books { store: store.as_ref(), clock: container.clock() }).await
        })
        .await
    }
}

/// Works with a container, and closes it whatever comes of it.
pub(crate) async fn closing(
    container: Container,
    work: impl AsyncFnOnce(&Container) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let done = work(&container).await;
    first_failure(done, container.close().await)
}

/// The same for work that shares it. Requests that were cut off may still hold it; the end of the
/// process closes what they have.
pub(crate) async fn closing_shared(
    container: Container,
    work: impl AsyncFnOnce(&Arc<Container>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let shared = Arc::new(container);
    let done = work(&shared).await;
    match Arc::into_inner(shared) {
        Some(container) => first_failure(done, container.close().await),
        None => done,
    }
}

/// A command that failed is what somebody must read, before a server that does not stop.
fn first_failure(
    done: Result<(), Failure>,
    closed: Result<(), ContainerError>,
) -> Result<(), Failure> {
    done.and(closed.map_err(Failure::from))
}

/// The driver would read an address of another scheme as `key=value` pairs, and complain of those.
/// Only the scheme is shown, never what may hold a password.
fn require_postgres(url: &str) -> Result<(), Failure> {
    match url.split_once("://") {
        Some((scheme, _)) if is_scheme(scheme) && !is_postgres(scheme) => {
            Err(Failure::wrong_arguments(format!(
                "the database address begins with {scheme}://; this program needs PostgreSQL: \
                 postgres://user:password@host:5432/database"
            )))
        }
        _ => Ok(()),
    }
}

fn is_scheme(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
}

fn is_postgres(scheme: &str) -> bool {
    matches!(scheme, "postgres" | "postgresql")
}
