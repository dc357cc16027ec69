//! Makes the service role.

use diesel::QueryableByName;
use diesel::sql_types::{Bool, Text};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::SERVICE_ROLE;
use crate::DatabaseUrl;
use crate::connection::{ConnectError, connect};

/// What a provisioning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Provisioned {
    /// The role is new.
    Created,
    /// The role was there; its attributes are as they must be (again).
    Confirmed,
}

/// Provisioning failed; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The login may not do this.
    #[error(
        "{login} may not make the role {SERVICE_ROLE}: a role that bypasses row-level security is \
         made by a superuser; connect as one, or let one run: CREATE ROLE {SERVICE_ROLE} LOGIN \
         BYPASSRLS"
    )]
    NotAllowed {
        /// Who is connected.
        login: String,
    },
    /// PostgreSQL refused for another reason.
    #[error("cannot provision {database}: the database refused")]
    Refused {
        /// Which database.
        database: String,
        /// What it said.
        #[source]
        source: diesel::result::Error,
    },
}

#[derive(QueryableByName)]
struct Facts {
    #[diesel(sql_type = Bool)]
    exists: bool,
    #[diesel(sql_type = Bool)]
    is_as_it_must_be: bool,
    #[diesel(sql_type = Bool)]
    may_change_roles: bool,
    #[diesel(sql_type = Text)]
    login: String,
}

const FACTS: &str = "
    SELECT r.oid IS NOT NULL AS exists,
        coalesce(r.rolbypassrls AND NOT r.rolsuper AND NOT r.rolcreaterole AND NOT r.rolcreatedb
            AND NOT r.rolreplication, false) AS is_as_it_must_be,
        me.rolsuper AS may_change_roles, current_user::text AS login
    FROM pg_catalog.pg_roles me
    LEFT JOIN pg_catalog.pg_roles r ON r.rolname = 'ledger_service'
    WHERE me.rolname = current_user";

// Two provisionings at once: the second waits, then confirms.
const LOCK: &str = "SELECT pg_catalog.pg_advisory_xact_lock(5001178293450021)";

/// Makes the service role, or puts its attributes right. Running it again is safe.
///
/// # Errors
/// When the database cannot be reached, or the login is not a superuser and there is something to
/// change.
pub async fn provision(database: &DatabaseUrl) -> Result<Provisioned, ProvisionError> {
    let mut connection = connect(&database.as_owner(), None).await?;
    let refused = |source| ProvisionError::Refused { database: database.to_string(), source };
    let tx = &mut connection.diesel;
    tx.batch_execute("BEGIN").await.map_err(refused)?;
    diesel::sql_query(LOCK).execute(tx).await.map_err(refused)?;
    let facts: Facts = diesel::sql_query(FACTS).get_result(tx).await.map_err(refused)?;
    let (statement, done) = match (facts.exists, facts.is_as_it_must_be) {
        (true, true) => return Ok(Provisioned::Confirmed),
        (true, false) => ("ALTER", Provisioned::Confirmed),
        (false, _) => ("CREATE", Provisioned::Created),
    };
    if !facts.may_change_roles {
        return Err(ProvisionError::NotAllowed { login: facts.login });
    }
    let attributes = "LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION BYPASSRLS";
    tx.batch_execute(&format!("{statement} ROLE {SERVICE_ROLE} {attributes}; COMMIT"))
        .await
        .map_err(refused)?;
    Ok(done)
}

#[derive(QueryableByName)]
struct Found {
    #[diesel(sql_type = Bool)]
    found: bool,
}

/// Creates the database on a server of the program's own, where it is missing. `maintenance` names
/// a database that is there, such as `postgres`.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub async fn create_database_if_missing(
    database: &DatabaseUrl,
    maintenance: &str,
) -> Result<(), ProvisionError> {
    let mut connection = connect(&database.with_database(maintenance).as_owner(), None).await?;
    let refused = |source| ProvisionError::Refused { database: database.to_string(), source };
    let conn = &mut connection.diesel;
    // A session lock, because CREATE DATABASE does not run inside a transaction.
    let lock = "SELECT pg_catalog.pg_advisory_lock(5001178293450022)";
    diesel::sql_query(lock).execute(conn).await.map_err(refused)?;
    let lookup = "SELECT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = $1) AS found";
    let existing: Found = diesel::sql_query(lookup)
        .bind::<Text, _>(database.database())
        .get_result(conn)
        .await
        .map_err(refused)?;
    if existing.found {
        return Ok(());
    }
    let name = database.database().replace('"', "\"\"");
    let create = format!("CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0");
    conn.batch_execute(&create).await.map_err(refused)
}
