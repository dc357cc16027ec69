//! What an address asks of TLS, before a PostgreSQL that has it. The tests' own server speaks on a socket of this
//! machine, where PostgreSQL has no TLS; so here something stands before it that has, as a pooler would.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures_util::TryStreamExt as _;
use ledger_adapter_server::Server;
use ledger_port::{ActivityStore as _, EpochStore as _, SystemClock};
use ledger_repository::{DatabaseUrl, LedgerPool};
use ledger_testkit::{event, new_epoch, week, weights};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::crypto::ring::default_provider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use store_testkit::TestDatabase;
use tempfile::TempDir;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;
use tokio_rustls::TlsAcceptor;

use crate::sql::{Sql, wait_until};

/// PostgreSQL's protocol: the request for TLS.
const REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];

/// A certificate and its key, as PEM files.
struct Pair {
    certificate: PathBuf,
    key: PathBuf,
}

/// Two authorities, and certificates of the first.
struct Papers {
    folder: TempDir,
    server: Pair,
    client: Pair,
    self_signed: Pair,
    authority: PathBuf,
    other_authority: PathBuf,
}

impl Papers {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let authority = |name: &str| {
            let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            params.distinguished_name.push(DnType::CommonName, name);
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            let key = KeyPair::generate().unwrap();
            let certificate = file(name, params.self_signed(&key).unwrap().pem());
            (params, key, certificate)
        };
        let (params, key, authority_file) = authority("authority.pem");
        let (_, _, other_authority) = authority("other.pem");
        let (_, self_key, self_certificate) = authority("self.pem");
        let issuer = Issuer::new(params, key);
        let signed = |name: &str| {
            let key = KeyPair::generate().unwrap();
            let params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
            let certificate = params.signed_by(&key, &issuer).unwrap();
            Pair {
                certificate: file(&format!("{name}.pem"), certificate.pem()),
                key: file(&format!("{name}.key"), key.serialize_pem()),
            }
        };
        Self {
            server: signed("server"),
            client: signed("client"),
            self_signed: Pair {
                certificate: self_certificate,
                key: file("self.key", self_key.serialize_pem()),
            },
            authority: authority_file,
            other_authority,
            folder,
        }
    }
}

/// How often somebody connected, and how.
#[derive(Default)]
struct Seen {
    encrypted: AtomicU64,
    plain: AtomicU64,
}

impl Seen {
    fn told(&self) -> (u64, u64) {
        (self.encrypted.load(Ordering::SeqCst), self.plain.load(Ordering::SeqCst))
    }
}

/// What stands before the server.
struct Front {
    port: u16,
    seen: Arc<Seen>,
    database: TestDatabase,
}

impl Front {
    /// Before a database of its own. Without a config it answers as a PostgreSQL without TLS does.
    async fn new(config: Option<ServerConfig>) -> Self {
        let database = TestDatabase::new().await;
        let behind: Config = database.owner_url_text().parse().unwrap();
        let Host::Unix(folder) = &behind.get_hosts()[0] else { panic!("it is on a socket") };
        let socket = folder.join(".s.PGSQL.5432");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (port, seen) = (listener.local_addr().unwrap().port(), Arc::new(Seen::default()));
        let acceptor = config.map(|config| TlsAcceptor::from(Arc::new(config)));
        let counts = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (acceptor, seen) = (acceptor.clone(), Arc::clone(&counts));
                let socket = socket.clone();
                // Who is refused, or goes, ends only their own connection.
                tokio::spawn(async move {
                    let _ = serve(client, acceptor, &socket, &seen).await;
                });
            }
        });
        Self { port, seen, database }
    }

    fn url(&self, host: &str, parameters: &str) -> String {
        let behind: Config = self.database.service_url_text().parse().unwrap();
        let (user, name) = (behind.get_user().unwrap(), behind.get_dbname().unwrap());
        format!("postgres://{user}@{host}:{}/{name}?{parameters}", self.port)
    }

    /// Opens a pool there: the connections that were made encrypted and plain, or why there was none.
    async fn open(&self, host: &str, parameters: &str) -> Result<(u64, u64), String> {
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
    acceptor: Option<TlsAcceptor>,
    socket: &Path,
    seen: &Seen,
) -> std::io::Result<()> {
    let mut first = [0; 8];
    client.read_exact(&mut first).await?;
    if first != REQUEST {
        seen.plain.fetch_add(1, Ordering::SeqCst);
        return carry(client, socket, &first).await;
    }
    let Some(acceptor) = acceptor else {
        client.write_all(b"N").await?;
        client.read_exact(&mut first).await?;
        seen.plain.fetch_add(1, Ordering::SeqCst);
        return carry(client, socket, &first).await;
    };
    client.write_all(b"S").await?;
    let mut client = acceptor.accept(client).await?;
    client.read_exact(&mut first).await?;
    seen.encrypted.fetch_add(1, Ordering::SeqCst);
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

fn with_certificate(pair: &Pair, clients: Option<&Path>) -> ServerConfig {
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

/// How many connections are encrypted and plain, or what the refusal says.
type Expected = Result<(u64, u64), &'static str>;

const ENCRYPTED: Expected = Ok((1, 0));
const PLAIN: Expected = Ok((0, 1));

/// One address after the other: host and parameters, and what comes of them.
async fn expect(front: &Front, cases: &[(&str, String, Expected)]) {
    for (host, parameters, expected) in cases {
        let found = front.open(host, parameters).await;
        match (&found, expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{host} {parameters}"),
            (Err(said), Err(expected)) => {
                assert!(said.contains(expected), "{host} {parameters}: {said}");
            }
            _ => panic!("{host} {parameters}: {found:?}, and not {expected:?}"),
        }
    }
}

#[tokio::test]
async fn each_sslmode_is_what_its_name_says() {
    let papers = Papers::new();
    let front = Front::new(Some(with_certificate(&papers.server, None))).await;
    let trusting =
        |mode: &str, file: &Path| format!("sslmode={mode}&sslrootcert={}", file.display());
    let (ours, other) = (papers.authority.as_path(), papers.other_authority.as_path());
    let missing = papers.folder.path().join("missing.pem");
    let empty = papers.folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let cases = [
        ("localhost", String::new(), ENCRYPTED),
        ("localhost", "sslmode=disable".to_owned(), PLAIN),
        ("localhost", "sslmode=prefer".to_owned(), ENCRYPTED),
        ("127.0.0.1", "sslmode=require".to_owned(), ENCRYPTED),
        ("localhost", trusting("verify-full", ours), ENCRYPTED),
        ("127.0.0.1", trusting("verify-full", ours), Err("not valid for name")),
        ("127.0.0.1", trusting("verify-ca", ours), ENCRYPTED),
        ("localhost", trusting("verify-ca", other), Err("UnknownIssuer")),
        ("localhost", trusting("verify-full", other), Err("UnknownIssuer")),
        // As with PostgreSQL's own programs: who names an authority wants it asked.
        ("localhost", trusting("require", other), Err("UnknownIssuer")),
        ("localhost", format!("sslrootcert={}", other.display()), Err("UnknownIssuer")),
        ("localhost", "sslmode=verify-full".to_owned(), Err("UnknownIssuer")),
        ("localhost", "sslrootcert=system".to_owned(), Err("UnknownIssuer")),
        ("localhost", trusting("verify-full", &missing), Err("missing.pem")),
        ("localhost", trusting("verify-full", &empty), Err("empty.pem: it holds no certificate")),
    ];
    expect(&front, &cases).await;
}

#[tokio::test]
async fn a_server_without_tls_is_refused_where_the_address_asks_for_it() {
    let front = Front::new(None).await;
    let cases = [
        ("localhost", String::new(), PLAIN),
        ("localhost", "sslmode=disable".to_owned(), PLAIN),
        ("localhost", "sslmode=require".to_owned(), Err("sslmode=require asks for it")),
        ("localhost", "sslmode=verify-full".to_owned(), Err("sslmode=verify-full asks for it")),
    ];
    expect(&front, &cases).await;
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_where_the_file_names_it() {
    let papers = Papers::new();
    let front = Front::new(Some(with_certificate(&papers.self_signed, None))).await;
    let trusting = |file: &Path| format!("sslmode=verify-full&sslrootcert={}", file.display());
    let cases = [
        ("localhost", trusting(&papers.self_signed.certificate), ENCRYPTED),
        ("127.0.0.1", trusting(&papers.self_signed.certificate), Err("not valid for name")),
        ("localhost", trusting(&papers.other_authority), Err("no TLS")),
    ];
    expect(&front, &cases).await;
}

#[tokio::test]
async fn a_client_shows_its_certificate_where_the_server_asks() {
    let papers = Papers::new();
    let config = with_certificate(&papers.server, Some(&papers.authority));
    let front = Front::new(Some(config)).await;
    let showing = |certificate: &Path, key: &Path| {
        format!("sslmode=require&sslcert={}&sslkey={}", certificate.display(), key.display())
    };
    let (own, foreign) = (&papers.client, &papers.self_signed);
    let cases = [
        ("localhost", showing(&own.certificate, &own.key), ENCRYPTED),
        ("localhost", showing(&foreign.certificate, &foreign.key), Err("cannot connect")),
        ("localhost", showing(&own.certificate, &foreign.key), Err("no TLS")),
        ("localhost", showing(&own.certificate, Path::new("/no/key")), Err("/no/key")),
        ("localhost", "sslmode=require".to_owned(), Err("cannot connect")),
    ];
    expect(&front, &cases).await;
}

#[tokio::test]
async fn everything_goes_through_tls_and_so_does_giving_up() {
    let papers = Papers::new();
    let front = Front::new(Some(with_certificate(&papers.server, None))).await;
    let parameters = format!("sslmode=verify-full&sslrootcert={}", papers.authority.display());
    let url: DatabaseUrl = front.url("localhost", &parameters).parse().unwrap();
    let pool: LedgerPool<Server> = LedgerPool::open(&url).await.unwrap();
    let store = Arc::new(front.database.store(&pool, "default", Arc::new(SystemClock)).await);
    let epoch = store.create_epoch(&new_epoch(week("2026-W47"), weights(&[]))).await.unwrap();
    let events: Vec<_> = (0..20_000).map(|n| event(&format!("{n:06}")).build()).collect();
    assert_eq!(store.insert_activity_events(epoch.id, &events).await.unwrap().inserted, 20_000);
    let read = store.stream_activity_for_epoch(epoch.id).await.unwrap();
    assert_eq!(read.try_fold(0, |sum, _| async move { Ok(sum + 1) }).await.unwrap(), 20_000);

    let (owner, watcher) = (Sql::owner(&front.database).await, Sql::owner(&front.database).await);
    owner.run("BEGIN; SELECT 1 FROM epochs FOR UPDATE").await;
    let call = {
        let (store, events) = (Arc::clone(&store), vec![event("late").build()]);
        tokio::spawn(async move { store.insert_activity_events(epoch.id, &events).await })
    };
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    wait_until(&watcher, waiting, "1").await;
    let (encrypted, _) = front.seen.told();
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    wait_until(&watcher, waiting, "0").await;
    owner.run("COMMIT").await;
    // The request to cancel came on a connection of its own.
    assert_eq!(front.seen.told(), (encrypted + 1, 0));
}
