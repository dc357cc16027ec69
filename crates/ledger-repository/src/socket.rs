//! Where connections go to, and the sockets there.
//!
//! The driver would open sockets by itself, but not let us watch over them (`silence`). So the order in
//! which hosts are tried, and what each socket is set to, is said here, as the driver has it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream, lookup_host};
use tokio_postgres::Config;
use tokio_postgres::config::{Host, LoadBalanceHosts};
use uuid::Uuid;

use crate::tls::{Seal, Tls};

/// The port where none is named.
const POSTGRES: u16 = 5432;

/// A socket of either kind.
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// Where one socket goes to.
#[derive(Debug, Clone)]
pub(crate) enum Address {
    Tcp {
        address: SocketAddr,
        /// Whom a certificate there has to be made out to.
        name: String,
    },
    Unix(PathBuf),
}

/// A host of the database's address, before its name is looked up.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    host: Host,
    /// What the host is called, where `host` is an address that is said beside its name (`hostaddr`).
    name: Option<String>,
    port: u16,
}

/// The hosts in the order in which they are to be tried.
pub(crate) fn targets(config: &Config) -> io::Result<Vec<Target>> {
    let (hosts, addresses) = (config.get_hosts(), config.get_hostaddrs());
    let ports = config.get_ports();
    let count = hosts.len().max(addresses.len());
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(invalid("there are not as many hostaddrs as hosts"));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(invalid("there are not as many ports as hosts"));
    }
    let target = |at: usize| {
        let address = addresses.get(at).map(|address| Host::Tcp(address.to_string()));
        let name = hosts.get(at).and_then(|host| match host {
            Host::Tcp(name) => Some(name.clone()),
            Host::Unix(_) => None,
        });
        let host = address.or_else(|| hosts.get(at).cloned())?;
        let port = ports.get(at).or_else(|| ports.first()).copied().unwrap_or(POSTGRES);
        Some(Target { host, name, port })
    };
    let mut targets: Vec<Target> = (0..count).filter_map(target).collect();
    if is_random(config) {
        shuffle(&mut targets);
    }
    Ok(targets)
}

impl Target {
    /// The addresses of the host's name.
    pub(crate) async fn addresses(&self, config: &Config) -> io::Result<Vec<Address>> {
        let name = match &self.host {
            Host::Tcp(name) => name,
            Host::Unix(directory) => {
                return Ok(vec![Address::Unix(directory.join(format!(".s.PGSQL.{}", self.port)))]);
            }
        };
        let mut found: Vec<_> = lookup_host((name.as_str(), self.port)).await?.collect();
        if found.is_empty() {
            return Err(invalid("the host's name has no address"));
        }
        if is_random(config) {
            shuffle(&mut found);
        }
        let called = self.name.as_ref().unwrap_or(name);
        let address = |address| Address::Tcp { address, name: called.clone() };
        Ok(found.into_iter().map(address).collect())
    }
}

impl Address {
    /// A socket to there, encrypted as the database's address asks for. One of this machine is not.
    pub(crate) async fn open(
        &self,
        config: &Config,
        tls: &Tls,
    ) -> io::Result<(Box<dyn Duplex>, Seal)> {
        match self {
            Self::Tcp { address, name } => {
                let socket = TcpStream::connect(address).await?;
                socket.set_nodelay(true)?;
                keep_alive(&socket, config)?;
                tls.secure(Box::new(socket), name).await
            }
            Self::Unix(path) => Ok((Box::new(UnixStream::connect(path).await?), Seal::None)),
        }
    }
}

fn is_random(config: &Config) -> bool {
    config.get_load_balance_hosts() == LoadBalanceHosts::Random
}

fn shuffle<T>(items: &mut [T]) {
    items.sort_by_cached_key(|_| Uuid::new_v4());
}

fn invalid(problem: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, problem)
}

/// What the driver takes for "not said": nobody would notice a lost peer for two hours.
const DRIVERS_IDLE: Duration = Duration::from_secs(2 * 60 * 60);
/// How long a connection may be idle before we ask whether the other side is still there.
const IDLE: Duration = Duration::from_secs(60);
/// How long to wait before we ask again.
const INTERVAL: Duration = Duration::from_secs(15);
/// How often we ask.
const RETRIES: u32 = 4;

/// Has the operating system find out that the other side is gone, as the address says or as above.
fn keep_alive(socket: &TcpStream, config: &Config) -> io::Result<()> {
    if config.get_keepalives() {
        let idle = Some(config.get_keepalives_idle()).filter(|idle| *idle != DRIVERS_IDLE);
        setsockopt(socket, sockopt::KeepAlive, &true)?;
        #[cfg(target_os = "linux")]
        {
            let interval = config.get_keepalives_interval().unwrap_or(INTERVAL);
            let retries = config.get_keepalives_retries().unwrap_or(RETRIES);
            setsockopt(socket, sockopt::TcpKeepIdle, &seconds(idle.unwrap_or(IDLE)))?;
            setsockopt(socket, sockopt::TcpKeepInterval, &seconds(interval))?;
            setsockopt(socket, sockopt::TcpKeepCount, &retries)?;
        }
    }
    #[cfg(target_os = "linux")]
    {
        // As long as it takes to find an idle peer gone.
        let default = IDLE + INTERVAL * RETRIES;
        let unacknowledged = config.get_tcp_user_timeout().copied().unwrap_or(default);
        let milliseconds = u32::try_from(unacknowledged.as_millis()).unwrap_or(u32::MAX);
        setsockopt(socket, sockopt::TcpUserTimeout, &milliseconds)?;
    }
    Ok(())
}

fn seconds(time: Duration) -> u32 {
    u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use tokio_postgres::Config;

    use super::targets;

    fn of(text: &str) -> Result<Vec<String>, String> {
        let config: Config = text.parse().expect("an address");
        let targets = targets(&config).map_err(|error| error.to_string())?;
        Ok(targets.iter().map(|target| format!("{:?} {}", target.host, target.port)).collect())
    }

    #[test]
    fn every_host_is_tried_in_its_order_and_an_address_before_its_name() {
        assert_eq!(
            of("host=a,/s port=1,2"),
            Ok(vec!["Tcp(\"a\") 1".into(), "Unix(\"/s\") 2".into()])
        );
        assert_eq!(of("host=a,b"), Ok(vec!["Tcp(\"a\") 5432".into(), "Tcp(\"b\") 5432".into()]));
        assert_eq!(of("host=a hostaddr=10.0.0.1 port=7"), Ok(vec!["Tcp(\"10.0.0.1\") 7".into()]));
        assert!(of("host=a,b port=1,2,3").is_err());
        assert!(of("host=a,b hostaddr=10.0.0.1").is_err());
    }

    #[test]
    fn hosts_are_balanced_where_that_is_asked_for() {
        let first = || of("host=a,b load_balance_hosts=random").expect("hosts").remove(0);
        let firsts: std::collections::BTreeSet<String> = (0..100).map(|_| first()).collect();
        assert_eq!(firsts.len(), 2);
    }
}
