//! Brings the schema up to date, and tells an old one from a newer one.

use std::error::Error;
use std::time::Duration;

use diesel::QueryableByName;
use diesel::migration::{Migration, MigrationSource};
use diesel::pg::Pg;
use diesel::result::QueryResult;
use diesel::sql_types::{Bool, Text};
use diesel_async::async_connection_wrapper::AsyncConnectionWrapper;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use ledger_schema::MIGRATIONS;

use super::SERVICE_ROLE;
use super::apply::{StillInUse, apply_pending, revert_last};
use crate::DatabaseUrl;
use crate::connection::{ConnectError, PooledConnection, connect};

/// Migrating failed. A migration is one transaction, so the schema is as it was before the one
/// that failed; at most, an index that it needs is there early.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// A newer program has migrated this database.
    #[error(
        "{database} has migrations that this program does not know ({}); use a newer epoch-ledger",
        versions.join(", ")
    )]
    UnknownNewerSchema {
        /// Which database.
        database: String,
        /// The unknown versions.
        versions: Vec<String>,
    },
    /// The database cannot hold every text.
    #[error(
        "{database} is encoded in {encoding}; the ledger needs UTF8: make it anew with \
         CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0"
    )]
    NotUtf8 {
        /// Which database.
        database: String,
        /// Its encoding.
        encoding: String,
    },
    /// Row-level security or a missing right hides which migrations there are.
    #[error(
        "{login} may not see which migrations {database} has; connect as its owner or as \
         {SERVICE_ROLE}, or as a superuser run `epoch-ledger db provision` and \
         GRANT {SERVICE_ROLE} TO {login}"
    )]
    HiddenSchema {
        /// Which database.
        database: String,
        /// Who is connected.
        login: String,
    },
    /// Others used for too long what a migration needs.
    #[error(
        "cannot apply {migration} to {database}: for {} seconds, others held locks that it needs; \
         end long transactions (pg_stat_activity shows them) and migrate again",
        waited.as_secs()
    )]
    StillInUse {
        /// Which database.
        database: String,
        /// Which migration.
        migration: String,
        /// For how long it was tried.
        waited: Duration,
    },
    /// A migration failed.
    #[error("cannot migrate {database}: {reason}")]
    Failed {
        /// Which database.
        database: String,
        /// What PostgreSQL said.
        reason: String,
        /// The whole of it.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
}

/// One migration of this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MigrationStatus {
    /// Its folder's name.
    pub name: String,
    /// Whether the database has it.
    pub is_applied: bool,
}

/// What a database's schema is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchemaState {
    /// Every migration of this program, in order.
    pub migrations: Vec<MigrationStatus>,
    /// Versions that the database has and this program does not know.
    pub unknown: Vec<String>,
}

impl SchemaState {
    /// Holds a database's versions against this program's.
    fn of(applied: Vec<String>) -> Result<Self, Cause> {
        let mut unknown = applied;
        let ours: Vec<Box<dyn Migration<Pg>>> = MIGRATIONS.migrations()?;
        let mut migrations = Vec::new();
        for one in ours {
            let version = one.name().version().to_string();
            let applied = unknown.iter().position(|applied| *applied == version);
            if let Some(position) = applied {
                unknown.remove(position);
            }
            let name = one.name().to_string();
            migrations.push(MigrationStatus { name, is_applied: applied.is_some() });
        }
        migrations.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(Self { migrations, unknown })
    }

    pub(crate) fn refuse_newer(&self, database: &DatabaseUrl) -> Result<(), MigrateError> {
        if self.unknown.is_empty() {
            return Ok(());
        }
        let (database, versions) = (database.to_string(), self.unknown.clone());
        Err(MigrateError::UnknownNewerSchema { database, versions })
    }

    /// Whether the program and the database agree.
    pub fn is_current(&self) -> bool {
        self.unknown.is_empty() && self.pending().next().is_none()
    }

    /// What is still to be applied.
    pub fn pending(&self) -> impl Iterator<Item = &str> {
        self.migrations.iter().filter(|one| !one.is_applied).map(|one| one.name.as_str())
    }
}

pub(super) type Harness = AsyncConnectionWrapper<AsyncPgConnection>;
pub(super) type Cause = Box<dyn Error + Send + Sync>;

// Several programs may start at once; one migrates, the others wait and find nothing to do. They ask
// again and again: a statement that waited would have a snapshot, for whose end an index that is built
// concurrently waits.
const LOCK: &str = "SELECT pg_catalog.pg_try_advisory_lock(5001178293450023) AS is_ours";

/// How often they ask.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Runs every pending migration, in order; answers their versions. Running it again is safe, and so is
/// running it while others read and write: a migration waits 250 ms for a lock, lets others through, and
/// tries again for two minutes.
///
/// # Errors
/// When the database cannot be reached, has an unknown newer schema, or refuses a migration; and when
/// others use for too long what a migration needs.
pub async fn migrate(database: &DatabaseUrl) -> Result<Vec<String>, MigrateError> {
    let mut connection = locked(database).await?;
    refuse_other_encodings(&mut connection.diesel, database).await?;
    schema_state(&mut connection.diesel, database).await?.refuse_newer(database)?;
    blocking(connection, apply_pending).await.map_err(|error| failed(database, error))
}

/// Takes back the newest applied migration; answers its version.
///
/// # Errors
/// When there is none, or its way down refuses, because it would lose rows.
pub async fn revert_last_migration(database: &DatabaseUrl) -> Result<String, MigrateError> {
    let connection = locked(database).await?;
    blocking(connection, revert_last).await.map_err(|error| failed(database, error))
}

/// Which migrations the database has. Changes nothing, and needs no more than the service role has,
/// or membership in it.
///
/// # Errors
/// When the database cannot be reached or read, or the login may not see which it has.
pub async fn migration_status(database: &DatabaseUrl) -> Result<SchemaState, MigrateError> {
    let mut connection = connect(&database.as_owner(), None).await?;
    become_service_role(&mut connection.diesel)
        .await
        .map_err(|error| failed(database, error.into()))?;
    schema_state(&mut connection.diesel, database).await
}

/// A member inherits the service role's rights, but not that it bypasses row-level security, and
/// would see an empty table. Whoever sees all of it stays who they are: an owner also sees it where
/// the service role has no rights yet, or is not there.
async fn become_service_role(connection: &mut AsyncPgConnection) -> QueryResult<()> {
    let sight: Sight = diesel::sql_query(SIGHT).get_result(connection).await?;
    if sight.is_whole() {
        return Ok(());
    }
    let login: Login = diesel::sql_query(LOGIN).get_result(connection).await?;
    if login.may_be_service_role {
        connection.batch_execute(&format!("SET ROLE {SERVICE_ROLE}")).await?;
    }
    Ok(())
}

/// The same, over a connection that is open.
pub(crate) async fn schema_state(
    connection: &mut AsyncPgConnection,
    database: &DatabaseUrl,
) -> Result<SchemaState, MigrateError> {
    let sight: Sight = diesel::sql_query(SIGHT)
        .get_result(connection)
        .await
        .map_err(|error| failed(database, error.into()))?;
    if sight.is_hidden() {
        let (database, login) = (database.to_string(), database.login().to_owned());
        return Err(MigrateError::HiddenSchema { database, login });
    }
    let applied = applied_versions(connection, &sight).await;
    applied.and_then(SchemaState::of).map_err(|error| failed(database, error))
}

/// Names hold every script, and the guards' patterns are Unicode.
async fn refuse_other_encodings(
    connection: &mut AsyncPgConnection,
    database: &DatabaseUrl,
) -> Result<(), MigrateError> {
    let row: Encoding = diesel::sql_query(ENCODING)
        .get_result(connection)
        .await
        .map_err(|error| failed(database, error.into()))?;
    if row.encoding == "UTF8" {
        return Ok(());
    }
    Err(MigrateError::NotUtf8 { database: database.to_string(), encoding: row.encoding })
}

async fn locked(database: &DatabaseUrl) -> Result<PooledConnection, MigrateError> {
    let mut connection = connect(&database.as_owner(), None).await?;
    loop {
        let lock: Lock = diesel::sql_query(LOCK)
            .get_result(&mut connection.diesel)
            .await
            .map_err(|error| failed(database, error.into()))?;
        if lock.is_ours {
            return Ok(connection);
        }
        tokio::time::sleep(ASK_AGAIN).await;
    }
}

/// Diesel's migrations block, so they run on a thread that may.
async fn blocking<T: Send + 'static>(
    connection: PooledConnection,
    work: impl FnOnce(&mut Harness) -> Result<T, Cause> + Send + 'static,
) -> Result<T, Cause> {
    tokio::task::spawn_blocking(move || work(&mut Harness::from(connection.diesel))).await?
}

/// What this role sees of the table in which Diesel keeps count.
#[derive(QueryableByName)]
struct Sight {
    #[diesel(sql_type = Bool)]
    exists: bool,
    #[diesel(sql_type = Bool)]
    is_granted: bool,
    #[diesel(sql_type = Bool)]
    is_filtered: bool,
    #[diesel(sql_type = Bool)]
    is_service_role: bool,
}

impl Sight {
    const fn is_whole(&self) -> bool {
        self.exists && self.is_granted && !self.is_filtered
    }

    /// The service role may read the table once its migration has granted it; before that there is
    /// something to migrate in any case. For anybody else, not to see is not to know.
    const fn is_hidden(&self) -> bool {
        let is_too_early = self.is_service_role && !self.is_granted;
        self.exists && !self.is_whole() && !is_too_early
    }
}

#[derive(QueryableByName)]
struct Lock {
    #[diesel(sql_type = Bool)]
    is_ours: bool,
}

#[derive(QueryableByName)]
struct Login {
    #[diesel(sql_type = Bool)]
    may_be_service_role: bool,
}

#[derive(QueryableByName)]
struct Version {
    #[diesel(sql_type = Text)]
    version: String,
}

#[derive(QueryableByName)]
struct Encoding {
    #[diesel(sql_type = Text)]
    encoding: String,
}

const ENCODING: &str = "SELECT pg_catalog.current_setting('server_encoding') AS encoding";

const SIGHT: &str = "
    SELECT migrations.oid IS NOT NULL AS exists,
        coalesce(pg_catalog.has_table_privilege(migrations.oid, 'SELECT'), false) AS is_granted,
        coalesce(pg_catalog.row_security_active(migrations.oid), false) AS is_filtered,
        current_user = 'ledger_service' AS is_service_role
    FROM (SELECT pg_catalog.to_regclass('__diesel_schema_migrations')::oid AS oid) AS migrations";

// Since PostgreSQL 16 a membership may come without the right to become the role.
const LOGIN: &str = "
    SELECT EXISTS (SELECT FROM pg_catalog.pg_roles r
        WHERE r.rolname = 'ledger_service' AND pg_catalog.pg_has_role(session_user, r.oid,
            CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
                THEN 'SET' ELSE 'MEMBER' END)) AS may_be_service_role";
const VERSIONS: &str = "
    SELECT version::text AS version FROM __diesel_schema_migrations ORDER BY version";

async fn applied_versions(
    connection: &mut AsyncPgConnection,
    sight: &Sight,
) -> Result<Vec<String>, Cause> {
    if !sight.is_whole() {
        return Ok(Vec::new());
    }
    let applied: Vec<Version> = diesel::sql_query(VERSIONS).load(connection).await?;
    Ok(applied.into_iter().map(|row| row.version).collect())
}

fn failed(database: &DatabaseUrl, source: Cause) -> MigrateError {
    let source = match source.downcast::<StillInUse>() {
        Ok(still) => {
            let StillInUse { migration, waited } = *still;
            return MigrateError::StillInUse { database: database.to_string(), migration, waited };
        }
        Err(source) => source,
    };
    let mut reason = source.to_string();
    let mut cause = source.source();
    while let Some(inner) = cause {
        reason = inner.to_string();
        cause = inner.source();
    }
    MigrateError::Failed { database: database.to_string(), reason, source }
}
