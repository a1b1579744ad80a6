//! Authorities and certificates for the tests of this crate: good ones, and
//! good ones with one thing changed.

use std::sync::atomic::{AtomicU64, Ordering};

use model::{Millis, SeededDice, SpiffeId, Timestamp, TrustDomain};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, PublicKeyData, SanType, SerialNumber, SigningKey,
};
use rustls_pki_types::CertificateDer;
use time::OffsetDateTime;

use crate::{
    Bundle, Bundles, CaCertificate, LocalKey, PublicKey, Signer, Validity,
    intermediate_certificate, root_certificate,
};

/// 2026-11-18.
pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);
pub(crate) const HOUR: Millis = Millis::from_secs(3_600);
pub(crate) const YEAR: Millis = Millis::from_secs(365 * 24 * 3_600);

/// How many were made: each has its own serial numbers and thus names.
static AUTHORITIES: AtomicU64 = AtomicU64::new(0);

/// A root and an intermediate with their keys.
pub(crate) struct Authority {
    pub(crate) domain: TrustDomain,
    pub(crate) root: CaCertificate,
    pub(crate) root_key: LocalKey,
    pub(crate) intermediate: CaCertificate,
    pub(crate) key: LocalKey,
}

impl Authority {
    pub(crate) fn of(domain: &str) -> Self {
        Self::at(domain, NOW)
    }

    pub(crate) fn at(domain: &str, now: Timestamp) -> Self {
        let domain: TrustDomain = domain.parse().unwrap();
        let mut dice = SeededDice::new(AUTHORITIES.fetch_add(1, Ordering::Relaxed));
        let (root_key, key) = (LocalKey::generate().unwrap(), LocalKey::generate().unwrap());
        let validity = Validity::beginning(now, YEAR);
        let root = root_certificate(&domain, &root_key, validity, &mut dice).unwrap();
        let public = key.public_key().unwrap();
        let intermediate =
            intermediate_certificate(&public, (&root, &root_key), validity, &mut dice).unwrap();
        Self { domain, root, root_key, intermediate, key }
    }

    pub(crate) fn bundle(&self) -> Bundle {
        Bundle::new(self.domain.clone(), vec![self.root.der().to_vec()]).unwrap()
    }

    pub(crate) fn bundles(&self) -> Bundles {
        Bundles::alone(self.bundle())
    }

    pub(crate) fn id(&self, name: &str) -> SpiffeId {
        format!("spiffe://{}/ns/default/sa/{name}", self.domain).parse().unwrap()
    }

    /// The chain of a good leaf with one thing changed.
    pub(crate) fn chain(&self, change: impl FnOnce(&mut CertificateParams)) -> Vec<Vec<u8>> {
        let key = KeyPair::generate().unwrap();
        vec![self.leaf(&key, change), self.intermediate.der().to_vec()]
    }

    /// A good leaf for a key with one thing changed.
    pub(crate) fn leaf(
        &self,
        key: &impl PublicKeyData,
        change: impl FnOnce(&mut CertificateParams),
    ) -> Vec<u8> {
        let mut params = leaf_params(&self.id("web").to_string());
        change(&mut params);
        signed(&params, key, (self.intermediate.der(), &Held(&self.key)))
    }
}

/// A [`Signer`] as the certificate writer wants it.
pub(crate) struct Held<'a>(pub(crate) &'a LocalKey);

impl PublicKeyData for Held<'_> {
    fn der_bytes(&self) -> &[u8] {
        // Leaked on purpose: the trait wants a reference, a test has few keys.
        let public = self.0.public_key().unwrap();
        Box::leak(public.point().to_vec().into_boxed_slice())
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Held<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}

/// Signs anything, sensible or not.
pub(crate) fn signed(
    params: &CertificateParams,
    key: &impl PublicKeyData,
    issuer: (&[u8], &impl SigningKey),
) -> Vec<u8> {
    let der = CertificateDer::from(issuer.0);
    let issuer = Issuer::from_ca_cert_der(&der, issuer.1).unwrap();
    params.signed_by(key, &issuer).unwrap().der().to_vec()
}

/// The parameters of a proper X.509-SVID valid for an hour around [`NOW`].
pub(crate) fn leaf_params(uri: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.not_before = at(NOW.minus(HOUR));
    params.not_after = at(NOW.plus(HOUR));
    params.serial_number = Some(SerialNumber::from_slice(&[0x42; 16]));
    params.subject_alt_names = vec![uri_name(uri)];
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

/// The parameters of an intermediate below an authority's.
pub(crate) fn issuer_params(domain: &TrustDomain, path_len: Option<u8>) -> CertificateParams {
    let mut params = leaf_params(&SpiffeId::of_trust_domain(domain).to_string());
    params.distinguished_name.push(rcgen::DnType::CommonName, "another issuer");
    params.is_ca = IsCa::Ca(match path_len {
        None => rcgen::BasicConstraints::Unconstrained,
        Some(length) => rcgen::BasicConstraints::Constrained(length),
    });
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    params.extended_key_usages = Vec::new();
    params
}

pub(crate) fn uri_name(uri: &str) -> SanType {
    SanType::URI(uri.try_into().unwrap())
}

pub(crate) fn dns_name(name: &str) -> SanType {
    SanType::DnsName(name.try_into().unwrap())
}

pub(crate) fn extension(oid: &[u64], content: &[u8], critical: bool) -> CustomExtension {
    let mut extension = CustomExtension::from_oid_content(oid, content.to_vec());
    extension.set_criticality(critical);
    extension
}

pub(crate) fn at(moment: Timestamp) -> OffsetDateTime {
    OffsetDateTime::from_unix_timestamp(i64::try_from(moment.as_secs()).unwrap()).unwrap()
}

pub(crate) fn public_key() -> PublicKey {
    LocalKey::generate().unwrap().public_key().unwrap()
}
