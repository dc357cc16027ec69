//! Encrypts a connection before the driver gets it, as PostgreSQL's own programs do.
//!
//! The watch over a connection (`silence`) has to see PostgreSQL's frames and not cipher, so TLS lies below it: the
//! request for it (PostgreSQL's protocol, "SSL Session Encryption"), the handshake, and the driver speaks through what
//! is left and is told what it needs of it (`seal`). A socket of the same machine is not encrypted.

mod certificate;
mod parameters;
mod seal;
mod trust;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, IpAddr, PrivateKeyDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;

use self::parameters::Parameters;
pub(crate) use self::parameters::behind_scheme;
pub(crate) use self::seal::Seal;
use self::trust::Verifier;
use crate::socket::Duplex;

/// Why a connection is not encrypted.
#[derive(Debug, thiserror::Error)]
#[error("no TLS: {0}")]
pub(crate) struct NoTls(String);

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

/// How the sockets to a database are encrypted. The files are read for each connection, so a certificate that was
/// renewed is found.
#[derive(Debug, Clone)]
pub(crate) struct Tls {
    mode: Mode,
    roots: Roots,
    /// The certificate that we show, and its key, as PEM files.
    own: Option<(PathBuf, PathBuf)>,
}

impl Tls {
    /// No encryption.
    pub(crate) const NONE: Self = Self { mode: Mode::Disable, roots: Roots::System, own: None };

    /// Whether a connection that cannot be encrypted may do without (`prefer`).
    pub(crate) fn is_optional(&self) -> bool {
        self.mode == Mode::Prefer
    }

    /// What the address says of TLS, and the address without it. `require` becomes `verify-ca` where an authority is
    /// named, as with PostgreSQL's own programs; so does an address that says no mode.
    pub(crate) fn taken_from(address: &str) -> Result<(Self, String), String> {
        let (parameters, rest) = parameters::taken_from(address)?;
        Ok((Self::new(&parameters)?, rest))
    }

    fn new(said: &Parameters) -> Result<Self, String> {
        let mode = said.get("sslmode").map(Mode::named).transpose()?;
        if said.get("sslnegotiation").is_some_and(|negotiation| negotiation != "postgres") {
            return Err("of sslnegotiation there is only postgres".to_owned());
        }
        let own = match (said.file("sslcert"), said.file("sslkey")) {
            (None, None) => None,
            (Some(certificate), Some(key)) => Some((certificate.into(), key.into())),
            _ => return Err("sslcert and sslkey belong together".to_owned()),
        };
        let (mode, roots) = match (said.file("sslrootcert"), mode) {
            (None, Some(Mode::VerifyCa)) => {
                return Err("sslmode=verify-ca needs sslrootcert=FILE".to_owned());
            }
            (None, mode) => (mode.unwrap_or(Mode::Prefer), Roots::System),
            (Some("system"), None | Some(Mode::VerifyFull)) => (Mode::VerifyFull, Roots::System),
            // Anybody can have a certificate of the system's authorities.
            (Some("system"), Some(_)) => {
                return Err("sslrootcert=system needs sslmode=verify-full".to_owned());
            }
            // It would be asked for nothing: who is not believed is spoken to without TLS.
            (Some(_), Some(Mode::Prefer)) => {
                return Err("sslrootcert needs sslmode=verify-ca or verify-full".to_owned());
            }
            (Some(file), mode) => {
                let mode = mode.unwrap_or(Mode::VerifyCa);
                let mode = if mode == Mode::Require { Mode::VerifyCa } else { mode };
                (mode, Roots::File(file.into()))
            }
        };
        Ok(Self { mode, roots, own })
    }

    /// The socket to that host, encrypted as it is asked for.
    pub(crate) async fn secure(
        &self,
        socket: Box<dyn Duplex>,
        host: &str,
    ) -> io::Result<(Box<dyn Duplex>, Seal)> {
        if self.mode == Mode::Disable {
            return Ok((socket, Seal::None));
        }
        // What is wrong on our side is no reason to do without.
        let own = self.clone();
        let config = spawn_blocking(move || own.read()).await?.map_err(io::Error::other)?;
        let secured = self.secured(config, socket, host).await;
        secured.map_err(|problem| io::Error::other(NoTls(problem)))
    }

    async fn secured(
        &self,
        config: ClientConfig,
        mut socket: Box<dyn Duplex>,
        host: &str,
    ) -> Result<(Box<dyn Duplex>, Seal), String> {
        let name = self.name(host)?;
        socket.write_all(&REQUEST).await.map_err(said)?;
        socket.flush().await.map_err(said)?;
        // This one byte and no more: what comes behind it unencrypted must not pass for what comes after the handshake.
        match socket.read_u8().await.map_err(said)? {
            b'S' => {}
            b'N' if self.is_optional() => return Ok((socket, Seal::None)),
            b'N' => return Err("the server has none, and the address asks for it".to_owned()),
            b'E' => return Err("the server answers with an error; its log says which".to_owned()),
            _ => return Err("the server does not answer as PostgreSQL does".to_owned()),
        }
        let connector = TlsConnector::from(Arc::new(config));
        let encrypted = connector.connect(name, socket).await.map_err(said)?;
        let (_, session) = encrypted.get_ref();
        let shown = session.peer_certificates().and_then(<[_]>::first);
        let seal = Seal::Sealed { end_point: shown.and_then(certificate::end_point) };
        Ok((Box::new(encrypted), seal))
    }

    /// Whom the certificate has to be made out to. Where nobody looks, the name may be one that no certificate holds.
    fn name(&self, host: &str) -> Result<ServerName<'static>, String> {
        let nobody = || ServerName::IpAddress(IpAddr::from(std::net::Ipv4Addr::UNSPECIFIED));
        match ServerName::try_from(host.to_owned()) {
            Err(_) if self.mode < Mode::VerifyFull => Ok(nobody()),
            name => name.map_err(|error| format!("{host}: {error}")),
        }
    }

    fn read(&self) -> Result<ClientConfig, String> {
        let provider = Arc::new(default_provider());
        let verifier = Verifier::new(self.mode, &self.roots, Arc::clone(&provider))?;
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(said)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let Some((certificate, key)) = &self.own else { return Ok(config.with_no_client_auth()) };
        let chain = certificates(certificate)?;
        let read = PrivateKeyDer::from_pem_file(key);
        let read =
            read.map_err(|error| unreadable(key, "no private key without a password", error))?;
        let config = config.with_client_auth_cert(chain, read);
        config.map_err(|error| unreadable(certificate, "not to be shown with that key", error))
    }
}

/// The certificates of a PEM file.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let read = CertificateDer::pem_file_iter(file).and_then(Iterator::collect);
    let found: Vec<_> = read.map_err(|error| unreadable(file, "no certificates", error))?;
    if found.is_empty() {
        return Err(format!("{} holds no certificate", file.display()));
    }
    Ok(found)
}

fn unreadable(file: &Path, problem: &str, error: impl fmt::Display) -> String {
    format!("{}: {problem}: {error}", file.display())
}

fn said(error: impl fmt::Display) -> String {
    error.to_string()
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
        // A template whose variable is not set.
        assert_eq!(asked("sslrootcert=&sslcert=&sslkey="), (Mode::Prefer, Roots::System));
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
            ("sslcert=/own.pem&sslkey=", "belong together"),
            ("sslmode=prefer&sslrootcert=/ca.pem", "needs sslmode=verify-ca"),
            ("sslnegotiation=direct", "there is only postgres"),
        ] {
            let refused =
                Tls::taken_from(&format!("postgres://h/d?{parameters}")).expect_err(parameters);
            assert!(refused.contains(says), "{parameters}: {refused}");
        }
    }
}
