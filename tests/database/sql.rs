//! Plain SQL, as one would type it: text in, text out, and a refusal with everything it says.

use std::sync::Arc;

use store_testkit::TestDatabase;
use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Error, NoTls, SimpleQueryMessage};

/// What is shown for NULL.
pub(crate) const NULL: &str = "NULL";

pub(crate) const BEGIN: &str = "BEGIN";
/// With a snapshot, which a transaction takes only with its first query.
pub(crate) const BEGIN_WITH_A_SNAPSHOT: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM epochs";

/// How many sessions of the service role there are. A session hands its counts over when it ends.
pub(crate) const SESSIONS: &str = "SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND usename = 'ledger_service'";

/// A connection that knows nothing of the port.
pub(crate) struct Sql {
    pub(crate) client: Client,
}

/// What PostgreSQL said instead of doing it.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: SqlState,
    pub(crate) constraint: Option<String>,
    pub(crate) column: Option<String>,
}

impl Sql {
    pub(crate) async fn connect(url: &str) -> Self {
        let (client, connection) = tokio_postgres::connect(url, NoTls)
            .await
            .unwrap_or_else(|error| panic!("cannot connect to {url}: {error}"));
        tokio::spawn(async move {
            // A killed connection fails the statement that waits for it.
            let _ = connection.await;
        });
        Self { client }
    }

    /// As the superuser who owns the database.
    pub(crate) async fn owner(database: &TestDatabase) -> Self {
        Self::connect(&database.owner_url_text()).await
    }

    /// As the service role.
    pub(crate) async fn service(database: &TestDatabase) -> Self {
        Self::connect(&database.service_url_text()).await
    }

    /// Runs it; answers how many rows it touched, all statements together.
    pub(crate) async fn try_run(&self, sql: &str) -> Result<u64, Error> {
        let messages = self.client.simple_query(sql).await?;
        Ok(messages
            .iter()
            .map(|message| match message {
                SimpleQueryMessage::CommandComplete(rows) => *rows,
                _ => 0,
            })
            .sum())
    }

    /// Runs what must succeed.
    pub(crate) async fn run(&self, sql: &str) -> u64 {
        self.try_run(sql).await.unwrap_or_else(|error| panic!("{sql}\n{error:?}"))
    }

    /// Runs what must be refused.
    pub(crate) async fn refused(&self, sql: &str) -> Refused {
        match self.try_run(sql).await {
            Ok(rows) => panic!("it was not refused, but touched {rows} rows: {sql}"),
            Err(error) => refusal(&error),
        }
    }

    /// Every row, every value as text.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<Vec<String>> {
        let messages =
            self.client.simple_query(sql).await.unwrap_or_else(|error| panic!("{sql}\n{error:?}"));
        let value = |text: Option<&str>| text.unwrap_or(NULL).to_owned();
        messages
            .iter()
            .filter_map(|message| match message {
                SimpleQueryMessage::Row(row) => {
                    Some((0..row.len()).map(|at| value(row.get(at))).collect())
                }
                _ => None,
            })
            .collect()
    }

    /// The first column.
    pub(crate) async fn column(&self, sql: &str) -> Vec<String> {
        self.rows(sql).await.into_iter().map(|mut row| row.swap_remove(0)).collect()
    }

    /// The one value.
    pub(crate) async fn value(&self, sql: &str) -> String {
        let mut column = self.column(sql).await;
        assert_eq!(column.len(), 1, "one row: {sql}");
        column.swap_remove(0)
    }
}

/// What the error of a refused statement says.
pub(crate) fn refusal(error: &Error) -> Refused {
    let answer = error.as_db_error().unwrap_or_else(|| panic!("not from the server: {error:?}"));
    Refused {
        code: answer.code().clone(),
        constraint: answer.constraint().map(ToOwned::to_owned),
        column: answer.column().map(ToOwned::to_owned),
    }
}

/// Begins a statement in one session; answers once it waits for what another session has locked.
pub(crate) async fn waits_for(
    another: &Sql,
    session: &Arc<Sql>,
    sql: &str,
    watcher: &Sql,
) -> JoinHandle<Result<u64, Error>> {
    let pid = "SELECT pg_backend_pid()";
    let (holds, waits) = (another.value(pid).await, session.value(pid).await);
    let (session, statement) = (Arc::clone(session), sql.to_owned());
    let call = tokio::spawn(async move { session.try_run(&statement).await });
    let is_blocked = format!("SELECT pg_blocking_pids({waits}) = ARRAY[{holds}]");
    wait_until(watcher, &is_blocked, "t").await;
    call
}

/// Waits until a query answers `expected`, for at most five seconds.
pub(crate) async fn wait_until(sql: &Sql, query: &str, expected: &str) {
    let mut seen = String::new();
    for _ in 0..500 {
        seen = sql.value(query).await;
        if seen == expected {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("waited for {expected}, still {seen}: {query}");
}
