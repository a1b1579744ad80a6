//! From a leaf to an authority of its own trust domain: signatures, times,
//! lengths and purposes of everything in between. The search and the
//! signatures are webpki's, inside its fixed budgets; what webpki leaves out
//! (the issuers' key usage and names) is asked here.

use std::time::Duration;

use model::{Timestamp, TrustDomain};
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use webpki::{EndEntityCert, Error, KeyUsage, VerifiedPath, aws_lc_rs as algorithms};

use crate::bundle::{Bundle, names_authority_of};
use crate::refused::PeerRefused;
use crate::role::Role;
use crate::strength;

/// Signatures accepted inside a chain: no MD5, no SHA-1, no RSA below 2048
/// bits (RFC 9325).
const SIGNATURES: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ECDSA_P521_SHA512,
    algorithms::ED25519,
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
    algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
];

/// What has to be proved of a leaf.
pub(crate) struct Claim<'a> {
    pub(crate) leaf: &'a [u8],
    pub(crate) issuers: Vec<CertificateDer<'a>>,
    pub(crate) role: Role,
}

/// Finds a path from the leaf to an anchor of `bundle`; says until when all of
/// it holds, the leaf left out.
pub(crate) fn prove(
    claim: &Claim<'_>,
    bundle: &Bundle,
    now: Timestamp,
) -> Result<Timestamp, PeerRefused> {
    let domain = bundle.trust_domain();
    let anchors = bundle.valid_at(now);
    if anchors.is_empty() {
        return Err(PeerRefused::AuthorityNotValid(domain.clone()));
    }
    let leaf = CertificateDer::from(claim.leaf);
    let leaf = EndEntityCert::try_from(&leaf).map_err(|error| reason(&error, domain))?;
    if !strength::is_strong(leaf.subject_public_key_info().as_ref()) {
        return Err(PeerRefused::WeakKey);
    }
    let usage = match claim.role {
        Role::Client => KeyUsage::client_auth(),
        Role::Server => KeyUsage::server_auth(),
    };
    let at = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()));
    let path = leaf
        .verify_for_usage(SIGNATURES, &anchors, &claim.issuers, at, usage, None, None)
        .map_err(|error| reason(&error, domain))?;
    check_issuers(&path, bundle)
}

fn check_issuers(path: &VerifiedPath<'_>, bundle: &Bundle) -> Result<Timestamp, PeerRefused> {
    let domain = bundle.trust_domain();
    let mut end = bundle
        .end_of(path.anchor())
        .ok_or_else(|| PeerRefused::UnknownAuthority(domain.clone()))?;
    for issuer in path.intermediate_certificates() {
        let facts = wire::x509::read(issuer.der().as_ref())
            .map_err(|error| PeerRefused::Unreadable(error.to_string()))?;
        if facts.has_duplicate_extension {
            return Err(PeerRefused::DuplicateExtension);
        }
        if !facts.is_ca {
            return Err(PeerRefused::IssuerNotCa);
        }
        if !facts.key_usage.as_ref().is_some_and(|usage| usage.key_cert_sign) {
            return Err(PeerRefused::IssuerMayNotSign);
        }
        if !names_authority_of(&facts.uris, domain) {
            return Err(PeerRefused::IssuerName);
        }
        end = end.min(facts.not_after);
    }
    Ok(end)
}

/// webpki's reasons in our words. The leaf's own times and purposes are
/// checked before, so these speak of an issuer.
fn reason(error: &Error, domain: &TrustDomain) -> PeerRefused {
    match error {
        Error::CertExpired { not_after, .. } => PeerRefused::IssuerExpired(moment(*not_after)),
        Error::CertNotValidYet { not_before, .. } => {
            PeerRefused::IssuerNotYetValid(moment(*not_before))
        }
        Error::CaUsedAsEndEntity => PeerRefused::CaAsLeaf,
        Error::EndEntityUsedAsCa => PeerRefused::IssuerNotCa,
        Error::UnknownIssuer => PeerRefused::UnknownAuthority(domain.clone()),
        Error::InvalidSignatureForPublicKey => PeerRefused::BadSignature,
        Error::PathLenConstraintViolated | Error::MaximumPathDepthExceeded => {
            PeerRefused::PathTooLong
        }
        Error::MaximumSignatureChecksExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumNameConstraintComparisonsExceeded => PeerRefused::TooTangled,
        Error::NameConstraintViolation | Error::MalformedNameConstraint => {
            PeerRefused::NameConstraint
        }
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => {
            PeerRefused::IssuerPurpose
        }
        Error::UnsupportedCriticalExtension => PeerRefused::UnknownCriticalExtension,
        Error::UnsupportedSignatureAlgorithmContext(_)
        | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_)
        | Error::SignatureAlgorithmMismatch => PeerRefused::WeakSignature,
        other => PeerRefused::Chain(other.to_string()),
    }
}

const fn moment(time: UnixTime) -> Timestamp {
    Timestamp::from_secs(time.as_secs())
}
