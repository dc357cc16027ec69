//! Certificates, made for a test.

use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd,
};
use tempfile::TempDir;

/// A certificate and its key, as PEM files.
pub(super) struct Pair {
    pub(super) certificate: PathBuf,
    pub(super) key: PathBuf,
}

/// What a certificate says of itself.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Authority,
    NoAuthority,
    OldAuthority,
}

/// Who vouches for others, or should not, with a certificate for localhost by their own hand.
pub(super) struct SelfSigned {
    pub(super) pair: Pair,
    issuer: Issuer<'static, KeyPair>,
}

/// Certificates and keys.
pub(super) struct Papers {
    pub(super) folder: TempDir,
    pub(super) authority: SelfSigned,
    pub(super) other: SelfSigned,
    pub(super) server: Pair,
    pub(super) client: Pair,
}

impl Papers {
    pub(super) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let authority = SelfSigned::new(folder.path(), "authority", Kind::Authority);
        Self {
            server: authority.signed(folder.path(), "server"),
            client: authority.signed(folder.path(), "client"),
            other: SelfSigned::new(folder.path(), "other", Kind::Authority),
            authority,
            folder,
        }
    }
}

impl Pair {
    fn write(folder: &Path, name: &str, certificate: &Certificate, key: &KeyPair) -> Self {
        let file = |ending: &str, text: String| {
            let path = folder.join(format!("{name}.{ending}"));
            std::fs::write(&path, text).unwrap();
            path
        };
        Self { certificate: file("pem", certificate.pem()), key: file("key", key.serialize_pem()) }
    }
}

impl SelfSigned {
    pub(super) fn new(folder: &Path, name: &str, kind: Kind) -> Self {
        let mut params = for_localhost();
        params.distinguished_name.push(DnType::CommonName, name);
        if kind != Kind::NoAuthority {
            params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        if kind == Kind::OldAuthority {
            params.not_after = date_time_ymd(2025, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let pair = Pair::write(folder, name, &params.self_signed(&key).unwrap(), &key);
        Self { pair, issuer: Issuer::new(params, key) }
    }

    /// A certificate for localhost that this one signed.
    pub(super) fn signed(&self, folder: &Path, name: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let certificate = for_localhost().signed_by(&key, &self.issuer).unwrap();
        Pair::write(folder, name, &certificate, &key)
    }
}

fn for_localhost() -> CertificateParams {
    CertificateParams::new(vec!["localhost".to_owned()]).unwrap()
}
