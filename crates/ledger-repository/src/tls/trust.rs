//! Which server is believed to be the one that we asked for.

use std::io;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use rustls_platform_verifier::Verifier as SystemVerifier;

use super::{Mode, Roots, certificates, failed, unreadable};

/// Looks at a server's certificate as far as the mode asks for it.
#[derive(Debug)]
pub(super) struct Verifier {
    /// Who vouches for it; `None`: nobody has to.
    authorities: Option<Arc<dyn ServerCertVerifier>>,
    /// Certificates that are trusted by themselves.
    pinned: Vec<CertificateDer<'static>>,
    is_name_checked: bool,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(
        mode: Mode,
        roots: &Roots,
        provider: Arc<CryptoProvider>,
    ) -> io::Result<Self> {
        let algorithms = provider.signature_verification_algorithms;
        let is_name_checked = mode == Mode::VerifyFull;
        let (authorities, pinned): (Option<Arc<dyn ServerCertVerifier>>, _) = match roots {
            _ if mode < Mode::VerifyCa => (None, Vec::new()),
            Roots::System => {
                let system = SystemVerifier::new(provider).map_err(failed)?;
                (Some(Arc::new(system)), Vec::new())
            }
            Roots::File(file) => {
                let trusted = certificates(file)?;
                let mut store = RootCertStore::empty();
                for certificate in trusted.iter().cloned() {
                    store.add(certificate).map_err(|error| unreadable(file, error))?;
                }
                let authorities =
                    WebPkiServerVerifier::builder_with_provider(Arc::new(store), provider)
                        .build()
                        .map_err(|error| unreadable(file, error))?;
                (Some(authorities), trusted)
            }
        };
        Ok(Self { authorities, pinned, is_name_checked, algorithms })
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
        let Some(authorities) = &self.authorities else {
            return Ok(ServerCertVerified::assertion());
        };
        // A self-signed certificate often says that it is an authority's, which one for a server must not be; but
        // the file names just this one.
        if self.pinned.iter().any(|pinned| pinned == end_entity) {
            if self.is_name_checked {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
            }
            return Ok(ServerCertVerified::assertion());
        }
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
            )) if !self.is_name_checked => Ok(ServerCertVerified::assertion()),
            verified => verified,
        }
    }

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
        verify_tls13_signature(message, certificate, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
