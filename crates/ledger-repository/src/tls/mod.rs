//! Encrypts a connection before the driver gets it, as PostgreSQL's own programs do.
//!
//! The driver could be given a TLS of its own, but then the watch over a connection (`silence`) would lie below it
//! and see nothing but cipher. So TLS comes first: the request for it (PostgreSQL's protocol, "SSL Session
//! Encryption"), the handshake, and the driver speaks through what is left. A socket of the same machine has none.

mod parameters;
mod trust;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use self::parameters::Parameters;
use self::trust::Verifier;
use crate::socket::Duplex;

/// The request for TLS: its length, and a version that there is not.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// How much is asked of the server, by PostgreSQL's names (`sslmode`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Mode {
    /// No encryption.
    Disable,
    /// Encryption where the server has it, against whoever only listens.
    Prefer,
    /// Encryption, against whoever only listens.
    Require,
    /// And a certificate that an authority we trust has signed.
    VerifyCa,
    /// And that is made out to the host that we asked for.
    VerifyFull,
}

impl Mode {
    const ALL: [Self; 5] =
        [Self::Disable, Self::Prefer, Self::Require, Self::VerifyCa, Self::VerifyFull];

    const fn name(self) -> &'static str {
        match self {
            Self::Disable => "disable",
            Self::Prefer => "prefer",
            Self::Require => "require",
            Self::VerifyCa => "verify-ca",
            Self::VerifyFull => "verify-full",
        }
    }

    fn named(name: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|mode| mode.name() == name).ok_or_else(|| {
            "sslmode is one of disable, prefer, require, verify-ca and verify-full".to_owned()
        })
    }
}

/// Whose certificates are trusted.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Roots {
    /// Those of the operating system.
    System,
    /// Those in a PEM file.
    File(PathBuf),
}

/// How the sockets to a database are encrypted.
#[derive(Clone)]
pub(crate) struct Tls {
    mode: Mode,
    roots: Roots,
    /// The certificate that we show, and its key, as PEM files.
    own: Option<(PathBuf, PathBuf)>,
    /// What the files hold, read at the first connection.
    config: Arc<OnceCell<Arc<ClientConfig>>>,
}

impl Tls {
    /// What the address says of TLS, and the address without it. A mode that trusts anybody becomes `verify-ca` where
    /// an authority is named, as with PostgreSQL's own programs.
    pub(crate) fn taken_from(address: &str) -> Result<(Self, String), String> {
        let (parameters, rest) = parameters::taken_from(address);
        Ok((Self::new(&parameters)?, rest))
    }

    fn new(said: &Parameters) -> Result<Self, String> {
        let mode = said.get("sslmode").map(Mode::named).transpose()?;
        if said.get("sslnegotiation").is_some_and(|negotiation| negotiation != "postgres") {
            return Err("of sslnegotiation there is only postgres".to_owned());
        }
        let own = match (said.get("sslcert"), said.get("sslkey")) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            _ => return Err("sslcert and sslkey belong together".to_owned()),
        };
        let (mode, roots) = match (said.get("sslrootcert"), mode) {
            (None, Some(Mode::VerifyCa)) => {
                return Err("sslmode=verify-ca needs sslrootcert=FILE".to_owned());
            }
            (None, mode) => (mode.unwrap_or(Mode::Prefer), Roots::System),
            (Some("system"), None | Some(Mode::VerifyFull)) => (Mode::VerifyFull, Roots::System),
            // Anybody can have a certificate of the system's authorities.
            (Some("system"), Some(_)) => {
                return Err("sslrootcert=system needs sslmode=verify-full".to_owned());
            }
            (Some(file), mode) => {
                let mode = mode.unwrap_or(Mode::VerifyCa);
                let mode = if mode == Mode::Require { Mode::VerifyCa } else { mode };
                (mode, Roots::File(file.into()))
            }
        };
        Ok(Self { mode, roots, own, config: Arc::default() })
    }

    /// The socket to that host, encrypted as it is asked for.
    pub(crate) async fn secure(
        &self,
        mut socket: Box<dyn Duplex>,
        host: &str,
    ) -> io::Result<Box<dyn Duplex>> {
        if self.mode == Mode::Disable {
            return Ok(socket);
        }
        socket.write_all(&REQUEST).await?;
        socket.flush().await?;
        // This one byte and no more: what comes behind it unencrypted must not pass for what comes after the handshake.
        match socket.read_u8().await? {
            b'S' => self.handshake(socket, host).await,
            b'N' if self.mode == Mode::Prefer => Ok(socket),
            b'N' => {
                let asked = self.mode.name();
                Err(failed(format!("the server has none, and sslmode={asked} asks for it")))
            }
            _ => Err(failed("the server does not answer as PostgreSQL does")),
        }
    }

    async fn handshake(&self, socket: Box<dyn Duplex>, host: &str) -> io::Result<Box<dyn Duplex>> {
        let config = self.config.get_or_try_init(async || self.read().map(Arc::new)).await?;
        let name = ServerName::try_from(host.to_owned()).map_err(failed)?;
        match TlsConnector::from(Arc::clone(config)).connect(name, socket).await {
            Ok(encrypted) => Ok(Box::new(encrypted)),
            Err(error) => Err(failed(error)),
        }
    }

    fn read(&self) -> io::Result<ClientConfig> {
        let provider = Arc::new(default_provider());
        let verifier = Verifier::new(self.mode, &self.roots, Arc::clone(&provider))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(failed)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let Some((certificate, key)) = &self.own else { return Ok(config.with_no_client_auth()) };
        let chain = certificates(certificate)?;
        let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unreadable(key, error))?;
        config.with_client_auth_cert(chain, key).map_err(failed)
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").field("mode", &self.mode).finish_non_exhaustive()
    }
}

/// The certificates of a PEM file.
fn certificates(file: &Path) -> io::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let found: Vec<_> = read.map_err(|error| unreadable(file, error))?;
    if found.is_empty() {
        return Err(unreadable(file, "it holds no certificate"));
    }
    Ok(found)
}

fn unreadable(file: &Path, problem: impl fmt::Display) -> io::Error {
    failed(format!("{}: {problem}", file.display()))
}

fn failed(problem: impl fmt::Display) -> io::Error {
    io::Error::other(format!("no TLS: {problem}"))
}

#[cfg(test)]
mod tests {
    use super::{Mode, Roots, Tls};

    #[test]
    fn who_names_an_authority_has_it_asked() {
        let asked = |parameters: &str| {
            let (tls, _) =
                Tls::taken_from(&format!("postgres://h/d?{parameters}")).expect(parameters);
            (tls.mode, tls.roots)
        };
        let file = || Roots::File("/ca.pem".into());
        assert_eq!(asked(""), (Mode::Prefer, Roots::System));
        assert_eq!(asked("sslmode=disable&sslrootcert=/ca.pem"), (Mode::Disable, file()));
        assert_eq!(asked("sslmode=require&sslrootcert=/ca.pem"), (Mode::VerifyCa, file()));
        assert_eq!(asked("sslrootcert=/ca.pem"), (Mode::VerifyCa, file()));
        assert_eq!(asked("sslrootcert=system"), (Mode::VerifyFull, Roots::System));
        assert_eq!(asked("sslmode=verify-full"), (Mode::VerifyFull, Roots::System));
    }

    #[test]
    fn what_would_not_hold_is_refused() {
        for (parameters, says) in [
            ("sslmode=allow", "sslmode is one of"),
            ("sslmode=", "sslmode is one of"),
            ("sslmode=verify-ca", "needs sslrootcert"),
            ("sslmode=require&sslrootcert=system", "needs sslmode=verify-full"),
            ("sslcert=/own.pem", "belong together"),
            ("sslkey=/own.key", "belong together"),
            ("sslnegotiation=direct", "there is only postgres"),
        ] {
            let refused =
                Tls::taken_from(&format!("postgres://h/d?{parameters}")).expect_err(parameters);
            assert!(refused.contains(says), "{parameters}: {refused}");
        }
    }
}
