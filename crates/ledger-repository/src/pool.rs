//! A pool of connections that run as the service role, with one adapter's limits.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use deadpool::Runtime;
use deadpool::managed::{BuildError, Pool, PoolError, TimeoutType};
use diesel::QueryableByName;
use diesel::sql_types::{Bool, Nullable, Text};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::TryFutureExt as _;
use ledger_port::{LedgerPortError, PortResult, StoreFault, StoreHealth};
use tokio_postgres::error::SqlState;

use crate::administration::{MigrateError, SERVICE_ROLE, schema_state};
use crate::commands::Remembered;
use crate::connection::{ConnectError, ConnectionManager};
use crate::loan::Loan;
use crate::refusals::fault;
use crate::{DatabaseUrl, Role};

/// The pool does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenPoolError {
    /// No connection can be opened.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// There is no service role on this server.
    #[error("there is no role {SERVICE_ROLE}; run `epoch-ledger db provision` as a superuser")]
    NoServiceRole,
    /// The login may not act as the service role.
    #[error(
        "{login} may not act as the role {SERVICE_ROLE}; connect as {SERVICE_ROLE}, or as a \
         superuser run GRANT {SERVICE_ROLE} TO {login}"
    )]
    NotAMember {
        /// Who is connected.
        login: String,
    },
    /// The role may do more or less than the program's role must (SERVICE_ROLE_ONLY).
    #[error("refusing to run as the role {role}: it {problem}; {remedy}")]
    UnsafeRole {
        /// The role.
        role: String,
        /// What it is or is not.
        problem: String,
        /// What to do.
        remedy: &'static str,
    },
    /// The schema is older than this program.
    #[error(
        "{database} lacks {missing} of this program's migrations; run `epoch-ledger db provision`, \
         then `epoch-ledger db migrate`"
    )]
    MigrationsPending {
        /// Which database.
        database: String,
        /// How many.
        missing: usize,
    },
    /// The schema is newer than this program, or cannot be read.
    #[error(transparent)]
    Schema(#[from] MigrateError),
    /// The first question was not answered.
    #[error(transparent)]
    Store(#[from] LedgerPortError),
    /// The pool's own settings are wrong.
    #[error(transparent)]
    Build(#[from] BuildError),
}

/// What became of transactions, since the pool was opened.
#[derive(Debug, Default)]
pub(crate) struct TransactionCounts {
    pub(crate) succeeded: AtomicU64,
    pub(crate) refused: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) retried: AtomicU64,
}

impl TransactionCounts {
    pub(crate) fn add<T>(&self, answer: &PortResult<T>) {
        let count = match answer {
            Ok(_) => &self.succeeded,
            Err(LedgerPortError::Fault(_)) => &self.failed,
            Err(_) => &self.refused,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// Connections of one adapter.
pub struct LedgerPool<R> {
    connections: Pool<ConnectionManager>,
    counts: Arc<TransactionCounts>,
    remembered: Arc<Remembered>,
    role: PhantomData<R>,
}

impl<R> Clone for LedgerPool<R> {
    fn clone(&self) -> Self {
        Self {
            connections: self.connections.clone(),
            counts: Arc::clone(&self.counts),
            remembered: Arc::clone(&self.remembered),
            role: PhantomData,
        }
    }
}

impl<R: Role> std::fmt::Debug for LedgerPool<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LedgerPool").field("limits", &R::LIMITS).finish_non_exhaustive()
    }
}

impl<R: Role> LedgerPool<R> {
    /// Opens the pool, tries one connection, and checks what its role may do and which schema it
    /// finds.
    ///
    /// # Errors
    /// When the database cannot be reached, the role is not a safe one to run as, or the schema is
    /// older or newer than this program's.
    pub async fn open(database: &DatabaseUrl) -> Result<Self, OpenPoolError> {
        let limits = &R::LIMITS;
        // A fault for the tortures: nobody counts how long the server is silent.
        let longest_silence =
            (!ledger_core::has_fault!("fault-endless-wait")).then(|| limits.answer_timeout());
        let manager = ConnectionManager::new(database.as_service(limits), longest_silence);
        let connections = Pool::builder(manager)
            .max_size(limits.pool_size)
            .wait_timeout(Some(limits.pool_wait))
            .runtime(Runtime::Tokio1)
            .build()?;
        let (counts, remembered) = (Arc::default(), Arc::default());
        let pool = Self { connections, counts, remembered, role: PhantomData };
        let mut loan = pool.first_loan(database).await?;
        check_role(loan.connection()).await?;
        check_schema(loan.connection(), database).await?;
        loan.give_back();
        Ok(pool)
    }

    async fn first_loan(&self, database: &DatabaseUrl) -> Result<Loan, OpenPoolError> {
        match self.connections.get().await {
            Ok(connection) => Ok(Loan::new(connection)),
            Err(PoolError::Backend(error)) => Err(no_connection(error, database)),
            Err(error) => Err(LedgerPortError::from(pool_fault(error)).into()),
        }
    }

    pub(crate) fn lend(&self) -> impl Future<Output = PortResult<Loan>> + Send {
        self.connections.get().map_ok(Loan::new).map_err(|error| pool_fault(error).into())
    }

    pub(crate) fn counts(&self) -> &TransactionCounts {
        &self.counts
    }

    /// What is remembered of the events that went into this database.
    pub(crate) fn remembered(&self) -> &Remembered {
        &self.remembered
    }

    /// How the connections and the transactions get on.
    pub fn health(&self) -> StoreHealth {
        let status = self.connections.status();
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        StoreHealth {
            max_connections: status.max_size,
            connections: status.size,
            idle: status.available,
            waiting: status.waiting,
            succeeded: read(&self.counts.succeeded),
            refused: read(&self.counts.refused),
            failed: read(&self.counts.failed),
            retried: read(&self.counts.retried),
        }
    }

    /// What settings are in force on this pool's connections, for operators and tests.
    ///
    /// # Errors
    /// When the database cannot be reached, or does not know a setting.
    pub async fn show(&self, settings: &[&str]) -> PortResult<Vec<String>> {
        let mut values = Vec::new();
        for setting in settings {
            let mut loan = self.lend().await?;
            let answer = diesel::sql_query("SELECT pg_catalog.current_setting($1) AS value")
                .bind::<Text, _>(*setting)
                .get_result(loan.connection())
                .await;
            let row: Setting = loan.end("show", answer)?;
            values.push(row.value);
        }
        Ok(values)
    }

    /// Closes every connection that is free now, and the others as they come back.
    pub fn close(&self) {
        self.connections.close();
    }
}

/// Whether PostgreSQL let the login in and then refused the role (`-c role=…`). The codes alone do not
/// tell: a login that may not use the database at all is refused with one of them, too.
fn no_connection(error: ConnectError, database: &DatabaseUrl) -> OpenPoolError {
    let is_about_the_role = error.reason.contains(SERVICE_ROLE);
    match &error.code {
        Some(code) if is_about_the_role && *code == SqlState::INVALID_PARAMETER_VALUE => {
            OpenPoolError::NoServiceRole
        }
        Some(code) if is_about_the_role && *code == SqlState::INSUFFICIENT_PRIVILEGE => {
            OpenPoolError::NotAMember { login: database.login().to_owned() }
        }
        _ => error.into(),
    }
}

fn pool_fault(error: PoolError<ConnectError>) -> StoreFault {
    match error {
        PoolError::Timeout(TimeoutType::Wait) => StoreFault::PoolExhausted,
        PoolError::Backend(refused) if is_out_of_resources(&refused) => {
            StoreFault::OutOfResources(refused.into())
        }
        other => StoreFault::Unreachable(other.into()),
    }
}

/// PostgreSQL's class 53: too many connections, no disk, no memory.
fn is_out_of_resources(refused: &ConnectError) -> bool {
    refused.code.as_ref().is_some_and(|code| code.code().starts_with("53"))
}

#[derive(QueryableByName)]
struct Setting {
    #[diesel(sql_type = Text)]
    value: String,
}

#[derive(QueryableByName)]
struct RoleFacts {
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Bool)]
    bypasses_rls: bool,
    #[diesel(sql_type = Bool)]
    is_superuser: bool,
    #[diesel(sql_type = Nullable<Text>)]
    owned_table: Option<String>,
    #[diesel(sql_type = Nullable<Text>)]
    truncatable_table: Option<String>,
}

const ROLE_FACTS: &str = "
    SELECT r.rolname::text AS name, r.rolbypassrls AS bypasses_rls, r.rolsuper AS is_superuser,
        (SELECT c.relname::text FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
            AND pg_catalog.pg_has_role(current_user, c.relowner, 'MEMBER')
         ORDER BY c.relname LIMIT 1) AS owned_table,
        (SELECT c.relname::text FROM pg_catalog.pg_class c
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
         WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p')
            AND pg_catalog.has_table_privilege(current_user, c.oid,
                CASE c.relname WHEN 'idempotency_keys' THEN 'TRUNCATE, TRIGGER'
                    ELSE 'TRUNCATE, DELETE, TRIGGER' END)
         ORDER BY c.relname LIMIT 1) AS truncatable_table
    FROM pg_catalog.pg_roles r WHERE r.rolname = current_user";

async fn check_role(connection: &mut AsyncPgConnection) -> Result<(), OpenPoolError> {
    let facts: RoleFacts = diesel::sql_query(ROLE_FACTS)
        .get_result(connection)
        .await
        .map_err(|error| fault("check_role", error))?;
    let (problem, remedy) = if facts.is_superuser {
        ("is a superuser".to_owned(), "take that away with ALTER ROLE … NOSUPERUSER")
    } else if !facts.bypasses_rls {
        (
            "cannot bypass row-level security, so it would see empty tables".to_owned(),
            "run `epoch-ledger db provision` as a superuser",
        )
    } else if let Some(table) = facts.owned_table {
        (
            format!("owns the table {table}, so it could disable its triggers"),
            "migrate as another role, the database's owner",
        )
    } else if let Some(table) = facts.truncatable_table {
        (
            format!("may delete from or truncate the table {table}"),
            "revoke that; `epoch-ledger db migrate` grants what is needed",
        )
    } else {
        return Ok(());
    };
    Err(OpenPoolError::UnsafeRole { role: facts.name, problem, remedy })
}

/// Refuses a schema that is older or newer than this program's.
async fn check_schema(
    connection: &mut AsyncPgConnection,
    database: &DatabaseUrl,
) -> Result<(), OpenPoolError> {
    let state = schema_state(connection, database).await?;
    state.refuse_newer(database)?;
    match state.pending().count() {
        0 => Ok(()),
        missing => {
            Err(OpenPoolError::MigrationsPending { database: database.to_string(), missing })
        }
    }
}
