//! A certificate authority for tests: issues proper SVIDs the way the product
//! does, and improper ones with `rcgen`.

use identity::{
    Bundle, Bundles, CaCertificate, LocalKey, Sealed, Signer, Validity, Wanted,
    intermediate_certificate, root_certificate,
};
use model::{Clock, Millis, SeededDice, SpiffeId, Timestamp, TrustDomain};
use net::{Credentials, SystemClock};
use rcgen::{CertificateParams, Issuer, KeyPair, PublicKeyData, SigningKey};
use rustls_pki_types::CertificateDer;

use crate::leaf::Leaf;

const YEAR: Millis = Millis::from_secs(365 * 24 * 3600);
const DAY: Millis = Millis::from_secs(24 * 3600);

/// A root and an intermediate of one trust domain.
pub struct Authority {
    pub domain: TrustDomain,
    pub root: CaCertificate,
    pub intermediate: CaCertificate,
    key: LocalKey,
    point: Vec<u8>,
}

impl Authority {
    /// A new one; two of the same name share nothing but the name.
    pub fn of(domain: &str) -> Self {
        let now = SystemClock.now();
        let domain: TrustDomain = domain.parse().unwrap();
        let mut dice = SeededDice::new(now.0);
        let (root_key, key) = (LocalKey::generate().unwrap(), LocalKey::generate().unwrap());
        let validity = Validity::beginning(now.minus(DAY), YEAR);
        let root = root_certificate(&domain, &root_key, validity, &mut dice).unwrap();
        let public = key.public_key().unwrap();
        let point = public.point().to_vec();
        let issuer = (&root, &root_key);
        let intermediate = intermediate_certificate(&public, issuer, validity, &mut dice).unwrap();
        Self { domain, root, intermediate, key, point }
    }

    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.domain.clone(), vec![self.root.der().to_vec()]).unwrap()
    }

    /// The identity of a service in the namespace `default`.
    pub fn id(&self, service: &str) -> SpiffeId {
        SpiffeId::of_service(&self.domain, &service.parse().unwrap())
    }

    /// A proper SVID for a day.
    pub fn credentials(&self, id: &SpiffeId) -> Credentials {
        self.credentials_until(id, SystemClock.now(), DAY)
    }

    /// A proper SVID issued at some moment for some time.
    pub fn credentials_until(
        &self,
        id: &SpiffeId,
        now: Timestamp,
        lifetime: Millis,
    ) -> Credentials {
        let key = LocalKey::generate().unwrap();
        let public = key.public_key().unwrap();
        let wanted = Wanted { id, key: &public, lifetime };
        let mut dice = SeededDice::new(now.0 ^ u64::from(std::process::id()));
        let template = identity::template(&wanted, &self.intermediate, now, &mut dice).unwrap();
        let leaf = identity::issue(&template, &self.intermediate, &self.key).unwrap();
        let not_after = template.validity().not_after;
        Credentials {
            chain: vec![leaf, self.intermediate.der().to_vec()],
            key_pkcs8: key.pkcs8().clone(),
            bundles: Bundles::alone(self.bundle()),
            id: id.clone(),
            not_after,
        }
    }

    /// A leaf described by `rcgen` parameters, sensible or not, under the
    /// intermediate.
    pub fn leaf(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let der = CertificateDer::from(self.intermediate.der());
        let issuer = Issuer::from_ca_cert_der(&der, Held(self)).unwrap();
        let leaf = params.signed_by(&key, &issuer).unwrap();
        let chain = vec![leaf.der().to_vec(), self.intermediate.der().to_vec()];
        Leaf { chain, key: key.serialize_der() }
    }

    /// The same for somebody else's public key, whose owner need not exist.
    pub fn leaf_for(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Leaf {
        let der = CertificateDer::from(self.intermediate.der());
        let issuer = Issuer::from_ca_cert_der(&der, Held(self)).unwrap();
        let leaf = params.signed_by(key, &issuer).unwrap();
        let chain = vec![leaf.der().to_vec(), self.intermediate.der().to_vec()];
        Leaf { chain, key: KeyPair::generate().unwrap().serialize_der() }
    }

    /// A leaf below an issuer of its own, which is below the intermediate,
    /// whether it may issue or not.
    pub fn leaf_below(&self, issuer: &CertificateParams, params: &CertificateParams) -> Leaf {
        let below = self.leaf(issuer);
        let (issuer_key, key) =
            (KeyPair::try_from(below.key.as_slice()).unwrap(), KeyPair::generate().unwrap());
        // The writer minds its issuers' key usage; here it has to be mindless.
        let mut fit = issuer.clone();
        fit.key_usages = vec![rcgen::KeyUsagePurpose::KeyCertSign];
        let leaf = params.signed_by(&key, &Issuer::new(fit, issuer_key)).unwrap();
        let mut chain = vec![leaf.der().to_vec()];
        chain.extend(below.chain);
        Leaf { chain, key: key.serialize_der() }
    }

    /// Seals a door's state as the server would.
    pub fn seal(
        &self,
        generation: &str,
        door: &SpiffeId,
        digest: &[u8],
    ) -> (Vec<u8>, Vec<Vec<u8>>) {
        let server = self.credentials(&identity::server_id(&self.domain));
        let key = LocalKey::from_pkcs8(server.key_pkcs8.expose()).unwrap();
        let door = door.to_string();
        let message = Sealed { generation, door: &door, digest }.message();
        (key.sign(&message).unwrap(), server.chain)
    }
}

struct Held<'a>(&'a Authority);

impl PublicKeyData for Held<'_> {
    fn der_bytes(&self) -> &[u8] {
        &self.0.point
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ECDSA_P256_SHA256
    }
}

impl SigningKey for Held<'_> {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.0.key.sign(message).map_err(|_| rcgen::Error::RemoteKeyError)
    }
}
