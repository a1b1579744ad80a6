//! The certificates that sign: a root that names its trust domain, and
//! intermediates below it. URI name constraints are deliberately absent, since
//! the verifiers in use refuse every chain that carries one.

use model::{Dice, SpiffeId, Timestamp, TrustDomain};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyUsagePurpose, SanType};
use rustls_pki_types::CertificateDer;

use crate::bridge::{Bridge, BuildError, Subject, parameters, serial};
use crate::key::{KeyError, PublicKey, Signer};
use crate::validity::Validity;

/// Why bytes are no certificate that may sign for a trust domain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CaCertificateError {
    /// No certificate.
    #[error("the certificate can't be read: {0}")]
    Unreadable(String),
    /// A certificate that may not sign others.
    #[error("the certificate may not sign others")]
    NotAnAuthority,
    /// It names something else.
    #[error("the certificate does not name `{0}` and nothing else")]
    Foreign(SpiffeId),
    /// Not a P-256 key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// A certificate that may sign for its trust domain.
#[derive(Clone, Debug)]
pub struct CaCertificate {
    der: Vec<u8>,
    key: PublicKey,
    trust_domain: TrustDomain,
    validity: Validity,
    serial: Vec<u8>,
}

impl CaCertificate {
    /// Reads a certificate that has to be fit to sign for `trust_domain`: CA,
    /// keyCertSign, exactly the trust domain's SPIFFE ID, P-256.
    ///
    /// # Errors
    /// When one of these is missing. Its signature and times are not looked at.
    pub fn read(der: Vec<u8>, trust_domain: &TrustDomain) -> Result<Self, CaCertificateError> {
        let unreadable = |error: String| CaCertificateError::Unreadable(error);
        let facts = wire::x509::read(&der).map_err(|error| unreadable(error.to_string()))?;
        if !facts.is_ca || !facts.key_usage.as_ref().is_some_and(|usage| usage.key_cert_sign) {
            return Err(CaCertificateError::NotAnAuthority);
        }
        let id = SpiffeId::of_trust_domain(trust_domain);
        match facts.uris.as_slice() {
            [uri] if uri.parse() == Ok(id.clone()) => {}
            _ => return Err(CaCertificateError::Foreign(id)),
        }
        let key = subject_key(&der)?;
        let validity = Validity { not_before: facts.not_before, not_after: facts.not_after };
        let trust_domain = trust_domain.clone();
        Ok(Self { der, key, trust_domain, validity, serial: facts.serial })
    }

    /// The certificate itself.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// Its public key.
    #[must_use]
    pub const fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The trust domain it signs for.
    #[must_use]
    pub const fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// From when until when it counts.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Its serial number, big-endian.
    #[must_use]
    pub fn serial(&self) -> &[u8] {
        &self.serial
    }

    /// The certificate as PEM text.
    #[must_use]
    pub fn to_pem(&self) -> String {
        crate::bundle::certificate_pem(&self.der)
    }

    /// Whether less than half of its life is left at `now`: time to turn it.
    #[must_use]
    pub const fn is_past_half(&self, now: Timestamp) -> bool {
        let life = self.validity.not_after.since(self.validity.not_before);
        self.validity.not_after.since(now).0 < life.0 / 2
    }

    /// Whether `signer` holds this certificate's key.
    #[must_use]
    pub fn is_of(&self, signer: &(impl Signer + ?Sized)) -> bool {
        self.key.spki() == signer.public_key_spki()
    }
}

/// The public key of a DER certificate.
pub(crate) fn subject_key(der: &[u8]) -> Result<PublicKey, KeyError> {
    let certificate = CertificateDer::from(der);
    let certificate =
        webpki::EndEntityCert::try_from(&certificate).map_err(|_| KeyError::NotP256)?;
    PublicKey::from_spki(certificate.subject_public_key_info().as_ref())
}

/// Makes a root: self-signed by `signer`, one level of issuers below it.
///
/// # Errors
/// When the signer fails or a moment can't be written.
pub fn root_certificate(
    trust_domain: &TrustDomain,
    signer: &(impl Signer + ?Sized),
    validity: Validity,
    dice: &mut (impl Dice + ?Sized),
) -> Result<CaCertificate, BuildError> {
    let params = authority("root", trust_domain, 1, validity, serial(dice))?;
    let der = params.self_signed(&Bridge::to(signer)?)?.der().to_vec();
    read_back(der, trust_domain)
}

/// Makes an intermediate for `key`, which can issue leaves and nothing else;
/// it never outlives the root.
///
/// # Errors
/// When the signer is not the root's, fails, or a moment can't be written.
pub fn intermediate_certificate(
    key: &PublicKey,
    root: (&CaCertificate, &(impl Signer + ?Sized)),
    validity: Validity,
    dice: &mut (impl Dice + ?Sized),
) -> Result<CaCertificate, BuildError> {
    let (root, signer) = root;
    let validity = validity.within(root.validity);
    let params = authority("intermediate", &root.trust_domain, 0, validity, serial(dice))?;
    read_back(sign(&params, key, root, signer)?, &root.trust_domain)
}

/// Signs with an authority's key, after a look that it is this authority's.
pub(crate) fn sign(
    params: &CertificateParams,
    key: &PublicKey,
    issuer: &CaCertificate,
    signer: &(impl Signer + ?Sized),
) -> Result<Vec<u8>, BuildError> {
    let bridge = Bridge::to(signer)?;
    if bridge.key() != &issuer.key {
        return Err(BuildError::WrongKey);
    }
    let der = CertificateDer::from(issuer.der.as_slice());
    let issuer = Issuer::from_ca_cert_der(&der, bridge)?;
    Ok(params.signed_by(&Subject(key), &issuer)?.der().to_vec())
}

fn authority(
    kind: &str,
    trust_domain: &TrustDomain,
    path_len: u8,
    validity: Validity,
    serial: [u8; 16],
) -> Result<CertificateParams, BuildError> {
    let mut params = parameters(validity, serial)?;
    // The serial in the name keeps two authorities of one domain apart for
    // verifiers that look issuers up by name.
    let [first, second, third, fourth, ..] = serial;
    let mark = u32::from_be_bytes([first, second, third, fourth]);
    params.distinguished_name.push(DnType::OrganizationName, "Postern");
    params.distinguished_name.push(DnType::CommonName, format!("{kind} {mark:08x}"));
    let id = SpiffeId::of_trust_domain(trust_domain).to_string();
    params.subject_alt_names.push(SanType::URI(id.try_into()?));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(path_len));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn read_back(der: Vec<u8>, trust_domain: &TrustDomain) -> Result<CaCertificate, BuildError> {
    CaCertificate::read(der, trust_domain).map_err(|error| BuildError::Write(error.to_string()))
}
