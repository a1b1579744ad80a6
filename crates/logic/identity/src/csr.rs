//! Certificate requests (PKCS#10): made with a key, and read for a key. Of a
//! request nothing counts but the public key and the proof that the requester
//! holds the private one; names and usages asked for are ignored or refused.

use rcgen::{CertificateParams, CertificateSigningRequestParams, DistinguishedName, PublicKeyData};
use rustls_pki_types::CertificateSigningRequestDer;

use crate::bridge::{Bridge, BuildError};
use crate::key::{KeyError, PublicKey, Signer};
use crate::sequence::is_one_sequence;

/// The longest request read, in bytes. One with a P-256 key has about 200.
const CSR_BYTES_MAX: usize = 4096;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CsrError {
    /// Longer than any honest one.
    #[error("the certificate request has {0} bytes, more than {CSR_BYTES_MAX}")]
    TooLong(usize),
    /// No PKCS#10 in DER, or something behind it.
    #[error("the certificate request can't be read")]
    Unreadable,
    /// An extension that is not known.
    #[error("the certificate request asks for an unknown extension")]
    Extension,
    /// It asks to become an authority.
    #[error("the certificate request asks for the right to sign certificates")]
    Authority,
    /// The requester does not hold the key.
    #[error("the certificate request is not signed with its own key")]
    NotProved,
    /// Another algorithm or curve.
    #[error("the certificate request is not for a P-256 key: {0}")]
    Key(#[from] KeyError),
}

/// A request whose sender proved to hold its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Csr {
    key: PublicKey,
}

impl Csr {
    /// Reads a DER request and checks the proof of possession.
    ///
    /// # Errors
    /// When it is too long, malformed, asks to sign others, carries unknown
    /// extensions, is not signed with its own key, or the key is not P-256.
    pub fn parse(der: &[u8]) -> Result<Self, CsrError> {
        if der.len() > CSR_BYTES_MAX {
            return Err(CsrError::TooLong(der.len()));
        }
        if !is_one_sequence(der) {
            return Err(CsrError::Unreadable);
        }
        let request =
            CertificateSigningRequestParams::from_der(&CertificateSigningRequestDer::from(der))
                .map_err(|error| reason(&error))?;
        check_asks_for_nothing(&request.params)?;
        if request.public_key.algorithm() != &rcgen::PKCS_ECDSA_P256_SHA256 {
            return Err(KeyError::NotP256.into());
        }
        Ok(Self { key: PublicKey::from_point(request.public_key.der_bytes())? })
    }

    /// The requester's key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }
}

/// A request for the signer's key that asks for nothing by name.
///
/// # Errors
/// When the signer fails.
pub fn make_csr(signer: &(impl Signer + ?Sized)) -> Result<Vec<u8>, BuildError> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    Ok(params.serialize_request(&Bridge::to(signer)?)?.der().to_vec())
}

fn reason(error: &rcgen::Error) -> CsrError {
    match error {
        rcgen::Error::UnsupportedExtension => CsrError::Extension,
        rcgen::Error::InvalidCertificationRequestSignature => CsrError::NotProved,
        rcgen::Error::UnsupportedSignatureAlgorithm => KeyError::NotP256.into(),
        _ => CsrError::Unreadable,
    }
}

fn check_asks_for_nothing(params: &CertificateParams) -> Result<(), CsrError> {
    use rcgen::{
        IsCa,
        KeyUsagePurpose::{CrlSign, KeyCertSign},
    };
    let signs = params.key_usages.iter().any(|usage| matches!(usage, KeyCertSign | CrlSign));
    if signs || matches!(params.is_ca, IsCa::Ca(_)) { Err(CsrError::Authority) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
