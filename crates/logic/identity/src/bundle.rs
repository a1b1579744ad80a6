//! Whom we trust, by trust domain. A bundle without a usable authority can't
//! exist, nor a set of bundles without our own; there is never one merged
//! pool. Fetching and storing bundles is done elsewhere.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::{SpiffeId, Timestamp, TrustDomain};
use rustls_pki_types::pem::{PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, TrustAnchor};

use crate::validity::Validity;

/// Why certificates make no bundle.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Nothing in it.
    #[error("a trust bundle needs at least one certificate")]
    Empty,
    /// The PEM text is broken.
    #[error("the trust bundle is no PEM text: {0}")]
    Pem(String),
    /// Something else than a certificate in the PEM text.
    #[error("the trust bundle holds something that is no certificate")]
    NotOnlyCertificates,
    /// A certificate that can't be read.
    #[error("certificate {0} of the trust bundle can't be read: {1}")]
    Unreadable(usize, String),
    /// A certificate that may not sign others.
    #[error("certificate {0} of the trust bundle is no authority's")]
    NotAnAuthority(usize),
    /// An authority that names another trust domain.
    #[error("certificate {0} of the trust bundle names another trust domain or a workload")]
    Foreign(usize),
}

/// The authorities of one trust domain.
#[derive(Clone)]
pub struct Bundle {
    trust_domain: TrustDomain,
    anchors: Vec<Vec<u8>>,
    parsed: Vec<Anchor>,
}

#[derive(Clone)]
struct Anchor {
    trust: TrustAnchor<'static>,
    validity: Validity,
}

impl Bundle {
    /// Takes DER certificates; doubled ones are kept once. Whether they are
    /// valid at present is asked when they are used.
    ///
    /// # Errors
    /// When there is none, or one can't be read, is no CA certificate, or
    /// carries another trust domain's SPIFFE ID.
    pub fn new(trust_domain: TrustDomain, anchors: Vec<Vec<u8>>) -> Result<Self, BundleError> {
        let mut bundle = Self { trust_domain, anchors: Vec::new(), parsed: Vec::new() };
        for (index, der) in anchors.into_iter().enumerate() {
            if bundle.anchors.contains(&der) {
                continue;
            }
            bundle.parsed.push(read_anchor(&bundle.trust_domain, &der, index)?);
            bundle.anchors.push(der);
        }
        if bundle.anchors.is_empty() { Err(BundleError::Empty) } else { Ok(bundle) }
    }

    /// Reads a PEM text of certificates and nothing else.
    ///
    /// # Errors
    /// As [`Bundle::new`], and when the text is broken.
    pub fn from_pem(trust_domain: TrustDomain, text: &[u8]) -> Result<Self, BundleError> {
        let mut anchors = Vec::new();
        for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(text) {
            match section.map_err(|error| BundleError::Pem(error.to_string()))? {
                (SectionKind::Certificate, der) => anchors.push(der),
                _ => return Err(BundleError::NotOnlyCertificates),
            }
        }
        Self::new(trust_domain, anchors)
    }

    /// The certificates as PEM text.
    #[must_use]
    pub fn to_pem(&self) -> String {
        self.anchors.iter().map(|der| certificate_pem(der)).collect()
    }

    /// The trust domain these authorities speak for, and no other.
    #[must_use]
    pub const fn trust_domain(&self) -> &TrustDomain {
        &self.trust_domain
    }

    /// The certificates in DER; at least one.
    #[must_use]
    pub fn anchors(&self) -> &[Vec<u8>] {
        &self.anchors
    }

    /// The anchors that are valid at `now`.
    pub(crate) fn valid_at(&self, now: Timestamp) -> Vec<TrustAnchor<'_>> {
        let valid = self.parsed.iter().filter(|anchor| anchor.validity.holds(now));
        valid.map(|anchor| anchor.borrow()).collect()
    }

    /// Until when the given anchor of this bundle counts.
    pub(crate) fn end_of(&self, anchor: &TrustAnchor<'_>) -> Option<Timestamp> {
        let same = |own: &&Anchor| {
            own.trust.subject == anchor.subject
                && own.trust.subject_public_key_info == anchor.subject_public_key_info
        };
        self.parsed.iter().filter(same).map(|own| own.validity.not_after).max()
    }
}

impl Anchor {
    fn borrow(&self) -> TrustAnchor<'_> {
        TrustAnchor {
            subject: self.trust.subject.as_ref().into(),
            subject_public_key_info: self.trust.subject_public_key_info.as_ref().into(),
            name_constraints: self.trust.name_constraints.as_ref().map(|der| der.as_ref().into()),
        }
    }
}

impl PartialEq for Bundle {
    fn eq(&self, other: &Self) -> bool {
        self.trust_domain == other.trust_domain && self.anchors == other.anchors
    }
}

impl Eq for Bundle {}

impl std::fmt::Debug for Bundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Bundle({}, {} certificates)", self.trust_domain, self.anchors.len())
    }
}

fn read_anchor(domain: &TrustDomain, der: &[u8], index: usize) -> Result<Anchor, BundleError> {
    let unreadable = |error: String| BundleError::Unreadable(index, error);
    let facts = wire::x509::read(der).map_err(|error| unreadable(error.to_string()))?;
    let may_sign = facts.key_usage.as_ref().is_none_or(|usage| usage.key_cert_sign);
    if !facts.is_ca || !may_sign || facts.has_duplicate_extension || facts.unknown_critical {
        return Err(BundleError::NotAnAuthority(index));
    }
    if !names_authority_of(&facts.uris, domain) {
        return Err(BundleError::Foreign(index));
    }
    let certificate = CertificateDer::from(der);
    let trust = webpki::anchor_from_trusted_cert(&certificate)
        .map_err(|error| unreadable(error.to_string()))?
        .to_owned();
    let validity = Validity { not_before: facts.not_before, not_after: facts.not_after };
    Ok(Anchor { trust, validity })
}

/// Whether an issuing certificate with these URIs may speak for the trust
/// domain: it names no SPIFFE ID at all, or exactly the trust domain's own
/// (X509-SVID, section 3.2).
pub(crate) fn names_authority_of(uris: &[String], domain: &TrustDomain) -> bool {
    let is_spiffe = |uri: &&String| {
        uri.split_at_checked(7).is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("spiffe:"))
    };
    let own = SpiffeId::of_trust_domain(domain);
    let mut named = uris.iter().filter(is_spiffe);
    named.clone().count() <= 1 && named.all(|uri| uri.parse() == Ok(own.clone()))
}

/// One certificate as PEM (RFC 7468).
pub(crate) fn certificate_pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    for line in text.as_bytes().chunks(64) {
        // Writing to a String can't fail, and base 64 is ASCII.
        let _ = writeln!(pem, "{}", String::from_utf8_lossy(line));
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// Why bundles don't go together.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BundlesError {
    /// A federated bundle for our own trust domain.
    #[error("a federated bundle can't speak for our own trust domain `{0}`")]
    OwnDomain(TrustDomain),
    /// Two bundles for one trust domain.
    #[error("there are two bundles for `{0}`")]
    Twice(TrustDomain),
}

/// Our own bundle and those of the trust domains we federate with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundles {
    own: Bundle,
    federated: BTreeMap<TrustDomain, Bundle>,
}

impl Bundles {
    /// Our own bundle and others.
    ///
    /// # Errors
    /// When another one claims our own trust domain, or two claim the same.
    pub fn new(own: Bundle, federated: Vec<Bundle>) -> Result<Self, BundlesError> {
        let mut bundles = Self::alone(own);
        for bundle in federated {
            let domain = bundle.trust_domain.clone();
            if domain == bundles.own.trust_domain {
                return Err(BundlesError::OwnDomain(domain));
            }
            if bundles.federated.insert(domain.clone(), bundle).is_some() {
                return Err(BundlesError::Twice(domain));
            }
        }
        Ok(bundles)
    }

    /// Our own bundle only: nobody else is trusted.
    #[must_use]
    pub const fn alone(own: Bundle) -> Self {
        Self { own, federated: BTreeMap::new() }
    }

    /// Our own bundle.
    #[must_use]
    pub const fn own(&self) -> &Bundle {
        &self.own
    }

    /// The bundle of a trust domain.
    #[must_use]
    pub fn get(&self, trust_domain: &TrustDomain) -> Option<&Bundle> {
        if *trust_domain == self.own.trust_domain {
            return Some(&self.own);
        }
        self.federated.get(trust_domain)
    }

    /// All bundles, our own first.
    pub fn iter(&self) -> impl Iterator<Item = &Bundle> {
        std::iter::once(&self.own).chain(self.federated.values())
    }
}

#[cfg(test)]
mod tests;
