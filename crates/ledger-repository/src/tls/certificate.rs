//! What a certificate says of itself (RFC 5280), where TLS does not look or says too little.

use std::time::Duration;

use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer, UnixTime};
use sha2::{Digest as _, Sha256, Sha384, Sha512};
use x509_cert::certificate::{Certificate, Version};
use x509_cert::der::oid::ObjectIdentifier;
use x509_cert::der::oid::db::rfc5912::{
    ECDSA_WITH_SHA_256, ECDSA_WITH_SHA_384, ECDSA_WITH_SHA_512, MD_5_WITH_RSA_ENCRYPTION,
    SHA_1_WITH_RSA_ENCRYPTION, SHA_256_WITH_RSA_ENCRYPTION, SHA_384_WITH_RSA_ENCRYPTION,
    SHA_512_WITH_RSA_ENCRYPTION,
};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::BasicConstraints;

/// The one that the library has no name for (RFC 3279, section 2.2.3).
const ECDSA_WITH_SHA_1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.1");

/// Whether it may vouch for others. One of the first version cannot say so, and is taken for an authority's where it
/// vouches for itself.
pub(super) fn is_authority(certificate: &CertificateDer<'_>) -> bool {
    Certificate::from_der(certificate).is_ok_and(|certificate| {
        let body = certificate.tbs_certificate();
        if body.version() == Version::V1 {
            return body.issuer() == body.subject();
        }
        let says = body.get_extension::<BasicConstraints>();
        says.is_ok_and(|says| says.is_some_and(|(_, says)| says.ca))
    })
}

/// The key of a certificate of the first version, which TLS does not read any more.
pub(super) fn key_of_version_1(
    certificate: &CertificateDer<'_>,
) -> Option<SubjectPublicKeyInfoDer<'static>> {
    let certificate = Certificate::from_der(certificate).ok()?;
    let body = certificate.tbs_certificate();
    let key = (body.version() == Version::V1).then(|| body.subject_public_key_info())?;
    Some(key.to_der().ok()?.into())
}

/// Whether it is neither too new nor too old.
pub(super) fn is_valid_at(certificate: &CertificateDer<'_>, now: UnixTime) -> bool {
    Certificate::from_der(certificate).is_ok_and(|certificate| {
        let validity = certificate.tbs_certificate().validity();
        let (from, to) =
            (validity.not_before.to_unix_duration(), validity.not_after.to_unix_duration());
        (from..=to).contains(&Duration::from_secs(now.as_secs()))
    })
}

/// Its hash, by which a password's proof is bound to who holds its key (`tls-server-end-point`, RFC 5929, section 4.1).
/// `None` where the signature does not say which hash that is.
pub(super) fn end_point(certificate: &CertificateDer<'_>) -> Option<Vec<u8>> {
    let signed = Certificate::from_der(certificate).ok()?.signature_algorithm().oid;
    match signed {
        // What is weaker than SHA-256 is replaced by it.
        MD_5_WITH_RSA_ENCRYPTION
        | SHA_1_WITH_RSA_ENCRYPTION
        | ECDSA_WITH_SHA_1
        | SHA_256_WITH_RSA_ENCRYPTION
        | ECDSA_WITH_SHA_256 => Some(Sha256::digest(certificate).to_vec()),
        SHA_384_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_384 => {
            Some(Sha384::digest(certificate).to_vec())
        }
        SHA_512_WITH_RSA_ENCRYPTION | ECDSA_WITH_SHA_512 => {
            Some(Sha512::digest(certificate).to_vec())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    };
    use sha2::{Digest as _, Sha256, Sha384};

    use super::{UnixTime, end_point, is_authority, is_valid_at};

    #[test]
    fn a_proof_is_bound_by_the_hash_that_the_signature_names() {
        let signed = |by| {
            let key = KeyPair::generate_for(by).expect("a key");
            let params = CertificateParams::new(Vec::new()).expect("nothing is wrong with them");
            params.self_signed(&key).expect("a certificate").der().clone()
        };
        let certificate = signed(&PKCS_ECDSA_P256_SHA256);
        assert_eq!(end_point(&certificate), Some(Sha256::digest(&certificate).to_vec()));
        let certificate = signed(&PKCS_ECDSA_P384_SHA384);
        assert_eq!(end_point(&certificate), Some(Sha384::digest(&certificate).to_vec()));
        assert_eq!(end_point(&signed(&PKCS_ED25519)), None);
    }

    #[test]
    fn what_is_no_certificate_is_nobodys() {
        let nothing = b"nothing".as_slice().into();
        assert!(!is_authority(&nothing) && !is_valid_at(&nothing, UnixTime::now()));
        assert_eq!(end_point(&nothing), None);
    }
}
