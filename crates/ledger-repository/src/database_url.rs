//! Which database, without ever showing its password.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use crate::Limits;
use crate::administration::SERVICE_ROLE;
use crate::tls::{Tls, behind_scheme};

/// The address of a PostgreSQL database, `postgres://user@host:port/database` or `key=value` pairs.
///
/// It holds the parameters of PostgreSQL's own programs (libpq, "Parameter Key Words") that the driver knows, and of
/// those for TLS `sslmode`, `sslrootcert`, `sslcert` and `sslkey`.
#[derive(Clone)]
pub struct DatabaseUrl(Endpoint);

/// How to reach a database: the driver's settings, and how its sockets are encrypted.
#[derive(Debug, Clone)]
pub(crate) struct Endpoint {
    pub(crate) config: Config,
    pub(crate) tls: Tls,
}

/// What every connection goes by, whatever the address, the role or the database say. The guards name
/// the schema `public`; and they and the commands are written for READ COMMITTED.
const PINNED: &str = "-c search_path=public -c default_transaction_isolation=read\\ committed";

/// Has the server, too, find out within two minutes that we are gone: it would hold our locks for two
/// hours. On a socket of the same machine they mean nothing.
const KEPT_ALIVE: &str =
    "-c tcp_keepalives_idle=60 -c tcp_keepalives_interval=15 -c tcp_keepalives_count=4";

/// The longest that a connection for administration may take to open.
const OWNER_CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The address cannot be read.
#[derive(Debug, thiserror::Error)]
#[error(
    "the database address is not valid: {problem}; write it as \
     postgres://user:password@host:5432/database"
)]
pub struct InvalidDatabaseUrl {
    problem: String,
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;
    fn from_str(text: &str) -> Result<Self, InvalidDatabaseUrl> {
        if let Some(problem) = misread(text) {
            return Err(InvalidDatabaseUrl { problem: problem.to_owned() });
        }
        let (tls, rest) =
            Tls::taken_from(text).map_err(|problem| InvalidDatabaseUrl { problem })?;
        let config: Config = rest.parse().map_err(|error: tokio_postgres::Error| {
            // Only the cause is shown. It names the faulty part, and no name that is not one (`tls`).
            let cause = std::error::Error::source(&error)
                .map_or_else(|| error.to_string(), ToString::to_string);
            InvalidDatabaseUrl { problem: cause }
        })?;
        if config.get_hosts().is_empty() {
            return Err(InvalidDatabaseUrl { problem: "it names no host".to_owned() });
        }
        // What we did not see would be no more than a wish: the driver is told what `tls` has made.
        if config.get_ssl_mode() != SslMode::Prefer {
            let problem = "its sslmode cannot be read".to_owned();
            return Err(InvalidDatabaseUrl { problem });
        }
        Ok(Self(Endpoint { config, tls }))
    }
}

/// What the driver would take for something else, and then show, or send, what may be a password.
fn misread(address: &str) -> Option<&'static str> {
    let Some(rest) = behind_scheme(address) else {
        let name = address.split('=').next().unwrap_or_default();
        return name.contains("://").then_some("it does not begin with postgres://");
    };
    // The driver ends the credentials at the first `@`, wherever that is.
    let (credentials, place) = rest.split_once('@')?;
    let place = place.split('?').next().unwrap_or_default();
    (credentials.contains(['/', '?']) || place.contains('@')).then_some(
        "it is not clear where its password ends; in a password or a value, write `@` as %40, `/` as %2F and `?` as %3F",
    )
}

impl DatabaseUrl {
    /// The same server, another database.
    #[must_use]
    pub fn with_database(&self, name: &str) -> Self {
        let mut endpoint = self.0.clone();
        endpoint.config.dbname(name);
        Self(endpoint)
    }

    /// The name of the database.
    pub fn database(&self) -> &str {
        self.0.config.get_dbname().or_else(|| self.0.config.get_user()).unwrap_or("postgres")
    }

    /// Who connects; where the address names nobody, the driver takes the account's name.
    pub(crate) fn login(&self) -> &str {
        self.0.config.get_user().unwrap_or("this login")
    }

    /// For the database's owner: no other limits, no other role.
    pub(crate) fn as_owner(&self) -> Endpoint {
        let Endpoint { mut config, tls } = self.0.clone();
        let given = config.get_options().unwrap_or_default().to_owned();
        config
            .application_name("epoch-ledger-admin")
            .connect_timeout(OWNER_CONNECT_TIMEOUT)
            .options(format!("{given} {PINNED}"));
        Endpoint { config, tls }
    }

    /// For an adapter: its limits, as the service role.
    pub(crate) fn as_service(&self, limits: &Limits) -> Endpoint {
        let Endpoint { mut config, tls } = self.0.clone();
        let given = config.get_options().unwrap_or_default().to_owned();
        config
            .application_name(limits.application_name)
            .connect_timeout(limits.connect_timeout)
            .options(format!(
                "{given} {PINNED} {KEPT_ALIVE} -c role={SERVICE_ROLE} -c statement_timeout={} -c lock_timeout={} \
                 -c idle_in_transaction_session_timeout={}",
                limits.statement_timeout.as_millis(),
                limits.lock_timeout.as_millis(),
                limits.idle_in_transaction_timeout.as_millis(),
            ));
        Endpoint { config, tls }
    }
}

/// Names a database for people, without its password.
pub(crate) fn describe(config: &Config) -> String {
    let database = config.get_dbname().or_else(|| config.get_user()).unwrap_or("postgres");
    match config.get_hosts().first() {
        None => format!("database {database}"),
        Some(Host::Tcp(name)) => format!("database {database} on {name}"),
        Some(Host::Unix(path)) => format!("database {database} at {}", path.display()),
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&describe(&self.0.config))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::DatabaseUrl;

    #[test]
    fn a_password_is_never_shown() {
        let url: DatabaseUrl =
            "postgres://me:hunter2@db.example:5433/books".parse().expect("an address");
        assert_eq!(
            format!("{url} {url:?}"),
            "database books on db.example DatabaseUrl(database books on db.example)"
        );
        for wrong in [
            "postgres://me:hunter2@h:x/books",
            "hunter2",
            "postgres://",
            "host=h port=hunter2",
            "postgres://me:well@hunter2@h/books",
            "postgresql+asyncpg://me:hunter2@h/books?sslmode=require",
            "jdbc:postgresql://me:hunter2@h/books?sslmode=require",
            " postgres://me:hunter2@h/books?sslmode=require",
            "\"postgres://me:hunter2@h/books?sslmode=require\"",
            "postgres://h?sslmode=verify-full&user=me&password=hunter2@x",
            "postgres://h/books?application_name=hunter2@x/y",
            "postgres://me:hunter2?x@h/books",
            "postgres://me:p@hunter2/x@h/books",
            "postgres://me:p@x?hunter2@h/books?sslmode=require",
            "me:hunter2@h/books?sslmode=require",
            "postgres:/me:hunter2@h/books?a=b",
            "host= password=hunter2 user=u",
        ] {
            let error = wrong.parse::<DatabaseUrl>().expect_err("refused").to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
