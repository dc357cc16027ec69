//! Which server is believed to be the one that we asked for.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier as SystemVerifier;

use super::certificate::{is_authority, is_valid_at, key_of_version_1};
use super::{Mode, Roots, certificates, said, unreadable};

/// Looks at a server's certificate as far as the mode asks for it.
#[derive(Debug)]
pub(super) struct Verifier {
    mode: Mode,
    /// Who vouches for it.
    authorities: Option<Arc<dyn ServerCertVerifier>>,
    /// Certificates that are trusted by themselves.
    pinned: Vec<CertificateDer<'static>>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(
        mode: Mode,
        roots: &Roots,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, String> {
        let algorithms = provider.signature_verification_algorithms;
        let (mut authorities, mut pinned): (Option<Arc<dyn ServerCertVerifier>>, _) =
            (None, Vec::new());
        match roots {
            _ if mode < Mode::VerifyCa => {}
            Roots::System => {
                authorities = Some(Arc::new(SystemVerifier::new(provider).map_err(said)?));
            }
            Roots::File(file) => {
                pinned = certificates(file)?;
                // TLS takes whatever it is given for an authority that is never too old.
                let now = UnixTime::now();
                pinned.retain(|certificate| is_valid_at(certificate, now));
                if pinned.is_empty() {
                    return Err(format!("{}: no certificate in it is valid now", file.display()));
                }
                let vouching = pinned.iter().filter(|certificate| is_authority(certificate));
                let mut store = RootCertStore::empty();
                store.add_parsable_certificates(vouching.cloned());
                if !store.is_empty() {
                    let built =
                        WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
                            .build();
                    authorities =
                        Some(built.map_err(|error| unreadable(file, "no authorities", error))?);
                }
            }
        }
        Ok(Self { mode, authorities, pinned, algorithms })
    }

    /// One that the file holds: no authority is needed. A self-signed one often says that it is an authority's, and
    /// TLS refuses such a one for a server.
    fn verify_pinned(
        &self,
        certificate: &CertificateDer<'_>,
        name: &ServerName<'_>,
    ) -> Result<ServerCertVerified, Error> {
        if self.mode == Mode::VerifyFull {
            verify_server_name(&ParsedCertificate::try_from(certificate)?, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        if self.mode < Mode::VerifyCa {
            return Ok(ServerCertVerified::assertion());
        }
        if self.pinned.iter().any(|pinned| pinned == end_entity) {
            return self.verify_pinned(end_entity, server_name);
        }
        let Some(authorities) = &self.authorities else {
            return Err(Error::InvalidCertificate(CertificateError::UnknownIssuer));
        };
        let verified = authorities.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            // The name is looked at last, so everything else is in order.
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.mode == Mode::VerifyCa => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

    // That the certificate is theirs is proved in every mode: a password's proof may be bound to it.

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // One of the first version, which is all that OpenSSL made for long when nobody asked for more.
        if let Some(key) = key_of_version_1(certificate) {
            return verify_tls13_signature_with_raw_key(message, &key, signature, &self.algorithms);
        }
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
