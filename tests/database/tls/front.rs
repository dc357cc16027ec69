//! What stands before the tests' own server, as a pooler would, and has TLS or has it not.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use ledger_adapter_server::Server;
use ledger_repository::{DatabaseUrl, LedgerPool};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{RootCertStore, ServerConfig};
use store_testkit::TestDatabase;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_rustls::TlsAcceptor;

use super::certificates::Pair;
use super::scripted;

/// PostgreSQL's protocol: the request for TLS.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// How often somebody connected, and how.
#[derive(Default)]
pub(super) struct Seen {
    encrypted: AtomicU64,
    plain: AtomicU64,
    /// By which mechanism each password was proved, and to what that was bound.
    pub(super) proofs: Mutex<Vec<(String, Vec<u8>)>>,
}

impl Seen {
    pub(super) fn told(&self) -> (u64, u64) {
        (self.encrypted.load(Ordering::SeqCst), self.plain.load(Ordering::SeqCst))
    }
}

/// What stands before the server.
#[derive(Clone)]
pub(super) enum Manner {
    /// It encrypts.
    Encrypts(TlsAcceptor),
    /// It has no TLS, and says so.
    Refuses,
    /// It closes when it is asked for TLS.
    Closes,
    /// It says that it encrypts, and closes.
    Breaks,
    /// It encrypts, and lets nobody in, with this SQLSTATE.
    LetsNobodyIn(TlsAcceptor, &'static str),
    /// It encrypts, asks for a password's proof, and is not content.
    AsksForProof(TlsAcceptor),
}

/// One that stands before a database of its own.
pub(super) struct Front {
    port: u16,
    pub(super) seen: Arc<Seen>,
    pub(super) database: TestDatabase,
}

impl Front {
    pub(super) async fn encrypting(pair: &Pair) -> Self {
        Self::with(with_certificate(pair, None)).await
    }

    pub(super) async fn with(config: ServerConfig) -> Self {
        Self::new(Manner::Encrypts(acceptor(config))).await
    }

    pub(super) async fn new(manner: Manner) -> Self {
        let database = TestDatabase::new().await;
        let behind: Config = database.owner_url_text().parse().unwrap();
        let Host::Unix(folder) = &behind.get_hosts()[0] else { panic!("it is on a socket") };
        let socket = folder.join(".s.PGSQL.5432");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (port, seen) = (listener.local_addr().unwrap().port(), Arc::new(Seen::default()));
        let counts = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (manner, seen) = (manner.clone(), Arc::clone(&counts));
                let socket = socket.clone();
                // Who is refused, or goes, ends only their own connection.
                tokio::spawn(async move {
                    let _ = serve(client, manner, &socket, &seen).await;
                });
            }
        });
        Self { port, seen, database }
    }

    pub(super) fn url(&self, host: &str, parameters: &str) -> String {
        let behind: Config = self.database.service_url_text().parse().unwrap();
        let (user, name) = (behind.get_user().unwrap(), behind.get_dbname().unwrap());
        format!("postgres://{user}@{host}:{}/{name}?{parameters}", self.port)
    }

    /// Opens a pool there: the connections that were made encrypted and plain, or why there was none.
    pub(super) async fn open(&self, host: &str, parameters: &str) -> Result<(u64, u64), String> {
        let url: DatabaseUrl =
            self.url(host, parameters).parse().map_err(|error| format!("{error}"))?;
        let before = self.seen.told();
        LedgerPool::<Server>::open(&url).await.map_err(|error| error.to_string())?;
        let after = self.seen.told();
        Ok((after.0 - before.0, after.1 - before.1))
    }
}

async fn serve(
    mut client: TcpStream,
    manner: Manner,
    socket: &Path,
    seen: &Seen,
) -> std::io::Result<()> {
    let mut first = [0; 8];
    client.read_exact(&mut first).await?;
    if first == REQUEST {
        match manner {
            Manner::Encrypts(acceptor) => {
                client.write_all(b"S").await?;
                let mut client = acceptor.accept(client).await?;
                client.read_exact(&mut first).await?;
                seen.encrypted.fetch_add(1, Ordering::SeqCst);
                return carry(client, socket, &first).await;
            }
            Manner::LetsNobodyIn(acceptor, code) => {
                client.write_all(b"S").await?;
                return scripted::refuse(&mut acceptor.accept(client).await?, code).await;
            }
            Manner::AsksForProof(acceptor) => {
                client.write_all(b"S").await?;
                let mut client = acceptor.accept(client).await?;
                let proof = scripted::ask_for_proof(&mut client).await?;
                seen.proofs.lock().unwrap().push(proof);
                return scripted::refuse(&mut client, "28P01").await;
            }
            Manner::Refuses => client.write_all(b"N").await?,
            Manner::Closes => return Ok(()),
            Manner::Breaks => return client.write_all(b"S").await,
        }
        client.read_exact(&mut first).await?;
    }
    seen.plain.fetch_add(1, Ordering::SeqCst);
    carry(client, socket, &first).await
}

async fn carry(
    mut client: impl AsyncRead + AsyncWrite + Unpin,
    socket: &Path,
    first: &[u8],
) -> std::io::Result<()> {
    let mut server = UnixStream::connect(socket).await?;
    server.write_all(first).await?;
    copy_bidirectional(&mut client, &mut server).await.map(|_| ())
}

pub(super) fn acceptor(config: ServerConfig) -> TlsAcceptor {
    TlsAcceptor::from(Arc::new(config))
}

/// Shows that certificate and signs with that key, whether they belong together or not.
pub(super) fn with_certificate_and_key(certificate: &Path, key: &Path) -> ServerConfig {
    let provider = default_provider();
    let key = PrivateKeyDer::from_pem_file(key).unwrap();
    let key = provider.key_provider.load_private_key(key).unwrap();
    let chain = vec![CertificateDer::from_pem_file(certificate).unwrap()];
    let shown = SingleCertAndKey::from(CertifiedKey::new(chain, key));
    ServerConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(shown))
}

pub(super) fn with_certificate(pair: &Pair, clients: Option<&Path>) -> ServerConfig {
    let provider = Arc::new(default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(CertificateDer::from_pem_file(authority).unwrap()).unwrap();
            let clients = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            builder.with_client_cert_verifier(clients.build().unwrap())
        }
    };
    let chain = vec![CertificateDer::from_pem_file(&pair.certificate).unwrap()];
    builder.with_single_cert(chain, PrivateKeyDer::from_pem_file(&pair.key).unwrap()).unwrap()
}
