//! An X.509-SVID in three steps that check each other: a template says what
//! will be signed, `issue` signs it, `check` reads the signed thing back and
//! compares. Nothing a requester wrote into a CSR besides its key gets in.

use std::time::Duration;

use model::{Dice, Millis, SpiffeId, Timestamp, TrustDomain};
use rcgen::{ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType};
use rustls_pki_types::{CertificateDer, UnixTime};

use crate::bridge::{BuildError, parameters, serial};
use crate::ca_certificate::{CaCertificate, sign, subject_key};
use crate::key::{PublicKey, Signer};
use crate::leaf;
use crate::role::Role;
use crate::validity::Validity;

/// The shortest life of a leaf: certificates know whole seconds.
const LIFETIME_MIN: Millis = Millis::from_secs(1);

/// What somebody entitled asks for.
#[derive(Clone, Copy, Debug)]
pub struct Wanted<'a> {
    /// The identity.
    pub id: &'a SpiffeId,
    /// The requester's key.
    pub key: &'a PublicKey,
    /// How long the leaf shall live; the issuer's end cuts it short.
    pub lifetime: Millis,
}

/// Why there is nothing to sign.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// An identity of another trust domain.
    #[error("`{id}` does not belong to `{own}`")]
    ForeignTrustDomain {
        /// What was asked.
        id: SpiffeId,
        /// What this authority signs for.
        own: TrustDomain,
    },
    /// The identity of the trust domain itself, which only authorities have.
    #[error("`{0}` names no workload")]
    NoPath(SpiffeId),
    /// The requester showed the authority's own key.
    #[error("the key asked for is the authority's own")]
    AuthorityKey,
    /// A lifetime below one second.
    #[error("a certificate can't live only {0}")]
    TooShort(Millis),
    /// The issuing certificate does not count at present.
    #[error("the issuing certificate is not valid at present")]
    IssuerNotValid,
}

/// All that will stand in the certificate.
#[derive(Clone, Debug)]
pub struct SvidTemplate {
    id: SpiffeId,
    key: PublicKey,
    validity: Validity,
    serial: [u8; 16],
}

impl SvidTemplate {
    /// From when until when the certificate will count.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// Its serial number, big-endian.
    #[must_use]
    pub const fn serial(&self) -> &[u8; 16] {
        &self.serial
    }
}

/// Decides what to sign.
///
/// # Errors
/// When the issuer may not or can't vouch for what is wanted.
pub fn template(
    wanted: &Wanted<'_>,
    issuer: &CaCertificate,
    now: Timestamp,
    dice: &mut (impl Dice + ?Sized),
) -> Result<SvidTemplate, TemplateError> {
    let id = wanted.id.clone();
    if id.trust_domain() != issuer.trust_domain() {
        return Err(TemplateError::ForeignTrustDomain { id, own: issuer.trust_domain().clone() });
    }
    if id.path().is_empty() {
        return Err(TemplateError::NoPath(id));
    }
    if wanted.key == issuer.key() {
        return Err(TemplateError::AuthorityKey);
    }
    if wanted.lifetime < LIFETIME_MIN {
        return Err(TemplateError::TooShort(wanted.lifetime));
    }
    let validity = Validity::beginning(now, wanted.lifetime).within(issuer.validity());
    if !issuer.validity().holds(now) || !validity.holds(now) {
        return Err(TemplateError::IssuerNotValid);
    }
    Ok(SvidTemplate { id, key: wanted.key.clone(), validity, serial: serial(dice) })
}

/// Signs a template. [`check`] belongs after it.
///
/// # Errors
/// When the signer is not the issuer's, fails, or a moment can't be written.
pub fn issue(
    template: &SvidTemplate,
    issuer: &CaCertificate,
    signer: &(impl Signer + ?Sized),
) -> Result<Vec<u8>, BuildError> {
    let mut params = parameters(template.validity, template.serial)?;
    params.subject_alt_names.push(SanType::URI(template.id.to_string().try_into()?));
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    sign(&params, &template.key, issuer, signer)
}

/// The signed thing is not what was asked for. Nothing of it may be handed
/// out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CheckFailed {
    /// It can't be read.
    #[error("the signed certificate can't be read: {0}")]
    Unreadable(String),
    /// A part of it differs.
    #[error("the signed certificate has another {0} than the template")]
    Differs(&'static str),
    /// It breaks a rule for SVIDs.
    #[error("the signed certificate is no SVID: {0}")]
    NotAnSvid(String),
    /// The issuer's signature doesn't fit.
    #[error("the signed certificate does not carry the issuer's signature: {0}")]
    Signature(String),
}

/// Reads a signed certificate back and compares it with its template.
///
/// # Errors
/// When anything differs, breaks a rule, or the signature doesn't fit.
pub fn check(
    template: &SvidTemplate,
    der: &[u8],
    issuer: &CaCertificate,
) -> Result<(), CheckFailed> {
    let facts =
        wire::x509::read(der).map_err(|error| CheckFailed::Unreadable(error.to_string()))?;
    let at = template.validity.not_after;
    let key = subject_key(der).map_err(|_| CheckFailed::Differs("key"))?;
    let expected = [
        (facts.serial == template.serial, "serial number"),
        (facts.not_before == template.validity.not_before, "beginning"),
        (facts.not_after == at, "end"),
        (facts.uris == [template.id.to_string()], "identity"),
        (facts.dns_names.is_empty(), "set of names"),
        (key == template.key, "key"),
    ];
    for (holds, part) in expected {
        if !holds {
            return Err(CheckFailed::Differs(part));
        }
    }
    for role in [Role::Client, Role::Server] {
        leaf::judge(&facts, role, at)
            .map_err(|refused| CheckFailed::NotAnSvid(refused.to_string()))?;
    }
    check_signature(der, issuer, at)
}

fn check_signature(der: &[u8], issuer: &CaCertificate, at: Timestamp) -> Result<(), CheckFailed> {
    let failed = |error: webpki::Error| CheckFailed::Signature(error.to_string());
    let issuer = CertificateDer::from(issuer.der());
    let anchor = webpki::anchor_from_trusted_cert(&issuer).map_err(failed)?;
    let leaf = CertificateDer::from(der);
    let leaf = webpki::EndEntityCert::try_from(&leaf).map_err(failed)?;
    leaf.verify_for_usage(
        &[webpki::aws_lc_rs::ECDSA_P256_SHA256],
        &[anchor],
        &[],
        UnixTime::since_unix_epoch(Duration::from_secs(at.as_secs())),
        webpki::KeyUsage::client_auth(),
        None,
        None,
    )
    .map(|_| ())
    .map_err(failed)
}

#[cfg(test)]
mod tests;
