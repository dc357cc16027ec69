//! What an address asks of TLS, before a PostgreSQL that has it. The tests' own server speaks on a socket of this
//! machine, where PostgreSQL has no TLS; so here something stands before it (`front`).

mod certificates;
mod front;
mod scripted;

use std::path::Path;
use std::sync::Arc;

use futures_util::TryStreamExt as _;
use ledger_adapter_server::Server;
use ledger_port::{ActivityStore as _, EpochStore as _, SystemClock};
use ledger_repository::{DatabaseUrl, LedgerPool};
use ledger_testkit::{event, new_epoch, week, weights};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use sha2::{Digest as _, Sha256};

use self::certificates::{Kind, Papers, SelfSigned};
use self::front::{Front, Manner, acceptor, with_certificate, with_certificate_and_key};
use crate::sql::{Sql, wait_until};

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

/// A mode, and whose certificates are trusted.
fn trusting(mode: &str, file: &Path) -> String {
    format!("sslmode={mode}&sslrootcert={}", file.display())
}

#[tokio::test]
async fn each_sslmode_is_what_its_name_says() {
    let papers = Papers::new();
    let front = Front::encrypting(&papers.server).await;
    let (ours, other) = (&*papers.authority.pair.certificate, &*papers.other.pair.certificate);
    let missing = papers.folder.path().join("missing.pem");
    let empty = papers.folder.path().join("empty.pem");
    std::fs::write(&empty, "").unwrap();
    let at = |address: &str, mode: &str| format!("hostaddr={address}&{}", trusting(mode, ours));
    let cases = [
        ("localhost", String::new(), ENCRYPTED),
        ("localhost", "sslmode=disable".to_owned(), PLAIN),
        ("localhost", "sslmode=prefer".to_owned(), ENCRYPTED),
        ("127.0.0.1", "sslmode=require".to_owned(), ENCRYPTED),
        ("localhost", trusting("verify-full", ours), ENCRYPTED),
        ("127.0.0.1", trusting("verify-full", ours), Err("not valid for name")),
        ("127.0.0.1", trusting("verify-ca", ours), ENCRYPTED),
        // The address says where, and the name who.
        ("localhost", at("127.0.0.1", "verify-full"), ENCRYPTED),
        ("db.example", at("127.0.0.1", "verify-full"), Err("not valid for name \"db.example\"")),
        ("-no.host.7", at("127.0.0.1", "verify-ca"), ENCRYPTED),
        ("localhost", trusting("verify-ca", other), Err("UnknownIssuer")),
        ("localhost", trusting("verify-full", other), Err("UnknownIssuer")),
        // As with PostgreSQL's own programs: who names an authority wants it asked.
        ("localhost", trusting("require", other), Err("UnknownIssuer")),
        ("localhost", format!("sslrootcert={}", other.display()), Err("UnknownIssuer")),
        ("localhost", "sslmode=verify-full".to_owned(), Err("UnknownIssuer")),
        ("localhost", "sslrootcert=system".to_owned(), Err("UnknownIssuer")),
        ("localhost", trusting("verify-full", &missing), Err("missing.pem")),
        ("localhost", trusting("verify-full", &empty), Err("empty.pem holds no certificate")),
    ];
    expect(&front, &cases).await;
}

#[tokio::test]
async fn who_does_not_encrypt_is_refused_where_the_address_asks_for_it() {
    for (manner, says) in [
        (Manner::Refuses, "the server has none, and the address asks for it"),
        (Manner::Closes, "no TLS: "),
        (Manner::Breaks, "no TLS: "),
    ] {
        let front = Front::new(manner).await;
        let cases = [
            ("localhost", String::new(), PLAIN),
            ("localhost", "sslmode=prefer".to_owned(), PLAIN),
            ("localhost", "sslmode=disable".to_owned(), PLAIN),
            ("localhost", "sslmode=require".to_owned(), Err(says)),
            ("localhost", "sslmode=verify-full".to_owned(), Err(says)),
        ];
        expect(&front, &cases).await;
        assert_eq!(front.seen.told(), (0, 3), "who asks for TLS sends nothing without it");
    }
}

#[tokio::test]
async fn a_self_signed_certificate_is_trusted_where_the_file_names_it() {
    let papers = Papers::new();
    let (own, other) = (&papers.authority.pair, &papers.other.pair);
    let front = Front::encrypting(own).await;
    let cases = [
        ("localhost", trusting("verify-full", &own.certificate), ENCRYPTED),
        ("127.0.0.1", trusting("verify-full", &own.certificate), Err("not valid for name")),
        ("127.0.0.1", trusting("verify-ca", &own.certificate), ENCRYPTED),
        ("localhost", trusting("verify-full", &other.certificate), Err("invalid peer certificate")),
    ];
    expect(&front, &cases).await;
}

#[tokio::test]
async fn who_is_no_authority_or_was_one_vouches_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let old = SelfSigned::new(folder.path(), "old", Kind::OldAuthority);
    let none = SelfSigned::new(folder.path(), "none", Kind::NoAuthority);
    for (pair, file, expected) in [
        (&none.pair, &none.pair, ENCRYPTED),
        (&none.signed(folder.path(), "by-none"), &none.pair, Err("UnknownIssuer")),
        (&old.pair, &old.pair, Err("old.pem: no certificate in it is valid now")),
        (&old.signed(folder.path(), "by-old"), &old.pair, Err("old.pem: no certificate in it")),
    ] {
        let front = Front::encrypting(pair).await;
        let case = ("localhost", trusting("verify-full", &file.certificate), expected);
        expect(&front, &[case]).await;
    }
}

#[tokio::test]
async fn who_shows_a_certificate_has_its_key_in_every_mode() {
    let papers = Papers::new();
    let (shown, other) = (&papers.authority.pair, &papers.other.pair);
    let front = Front::with(with_certificate_and_key(&shown.certificate, &other.key)).await;
    let cases = [
        ("localhost", "sslmode=require".to_owned(), Err("BadSignature")),
        ("localhost", trusting("verify-ca", &shown.certificate), Err("BadSignature")),
        ("localhost", trusting("verify-full", &shown.certificate), Err("BadSignature")),
    ];
    expect(&front, &cases).await;
}

/// `openssl x509 -req`, as PostgreSQL's manual has it, made nothing else for long.
#[tokio::test]
async fn a_certificate_of_the_first_version_encrypts_and_has_no_host() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tls/version-1");
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let front = Front::with(with_certificate_and_key(&certificate, &key)).await;
    let cases = [
        ("localhost", String::new(), ENCRYPTED),
        ("localhost", "sslmode=require".to_owned(), ENCRYPTED),
        ("localhost", trusting("verify-ca", &certificate), ENCRYPTED),
        ("localhost", trusting("verify-full", &certificate), Err("UnsupportedCertVersion")),
    ];
    expect(&front, &cases).await;
    let other = with_certificate_and_key(&certificate, &Papers::new().server.key);
    let case = ("localhost", "sslmode=require".to_owned(), Err("BadSignature"));
    expect(&Front::with(other).await, &[case]).await;
}

#[tokio::test]
async fn who_is_let_in_by_nobody_with_tls_comes_without_where_that_is_enough() {
    let papers = Papers::new();
    let acceptor = || acceptor(with_certificate(&papers.server, None));
    let front = Front::new(Manner::LetsNobodyIn(acceptor(), "28000")).await;
    let require = || "sslmode=require".to_owned();
    let cases =
        [("localhost", String::new(), PLAIN), ("localhost", require(), Err("nobody is let in"))];
    expect(&front, &cases).await;
    // A wrong password is as wrong without.
    let front = Front::new(Manner::LetsNobodyIn(acceptor(), "28P01")).await;
    let cases = [
        ("localhost", String::new(), Err("nobody is let in")),
        ("localhost", require(), Err("nobody is let in")),
    ];
    expect(&front, &cases).await;
    assert_eq!(front.seen.told(), (0, 0), "nobody came without");
}

#[tokio::test]
async fn a_passwords_proof_is_bound_to_the_certificate() {
    let papers = Papers::new();
    let front =
        Front::new(Manner::AsksForProof(acceptor(with_certificate(&papers.server, None)))).await;
    let certificate = CertificateDer::from_pem_file(&papers.server.certificate).unwrap();
    let mut bound = b"p=tls-server-end-point,,".to_vec();
    bound.extend(Sha256::digest(&certificate));
    let with = ("SCRAM-SHA-256-PLUS".to_owned(), bound);
    let without = ("SCRAM-SHA-256".to_owned(), b"n,,".to_vec());
    for (parameters, expected) in [
        ("sslmode=prefer", &with),
        ("sslmode=require&channel_binding=require", &with),
        ("sslmode=require&channel_binding=disable", &without),
    ] {
        let said = front.open("localhost", &format!("{parameters}&password=secret")).await;
        assert!(said.as_ref().is_err_and(|said| said.contains("nobody is let in")), "{said:?}");
        let proofs: Vec<_> = front.seen.proofs.lock().unwrap().drain(..).collect();
        assert_eq!(&proofs, std::slice::from_ref(expected), "{parameters}");
    }
}

#[tokio::test]
async fn a_client_shows_its_certificate_where_the_server_asks() {
    let papers = Papers::new();
    let config = with_certificate(&papers.server, Some(&papers.authority.pair.certificate));
    let front = Front::with(config).await;
    let showing = |certificate: &Path, key: &Path| {
        format!("sslmode=require&sslcert={}&sslkey={}", certificate.display(), key.display())
    };
    let (own, foreign) = (&papers.client, &papers.other.pair);
    let cases = [
        ("localhost", showing(&own.certificate, &own.key), ENCRYPTED),
        ("localhost", showing(&foreign.certificate, &foreign.key), Err("received fatal alert")),
        ("localhost", showing(&own.certificate, &foreign.key), Err("client.pem: not to be shown")),
        ("localhost", showing(&own.certificate, Path::new("/no/key")), Err("/no/key: no private")),
        // What is wrong with a file is not got around by doing without TLS.
        ("localhost", "sslcert=/no/own&sslkey=/no/key".to_owned(), Err("/no/own: no certificates")),
        ("localhost", "sslmode=require".to_owned(), Err("received fatal alert")),
    ];
    expect(&front, &cases).await;
}

#[tokio::test]
async fn everything_goes_through_tls_and_so_does_giving_up() {
    let papers = Papers::new();
    let front = Front::encrypting(&papers.server).await;
    let parameters = trusting("verify-full", &papers.authority.pair.certificate);
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
