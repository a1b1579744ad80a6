//! A mesh of one authority for the targets that need an identity: a door's
//! credentials, and seals as the server sets them.

use std::sync::OnceLock;

use identity::{
    Bundle, Bundles, CaCertificate, LocalKey, Sealed, Signer, Validity, Wanted,
    intermediate_certificate, root_certificate,
};
use model::{Clock, Millis, SeededDice, SpiffeId, Timestamp, TrustDomain};
use net::{Credentials, SystemClock};

const DAY: Millis = Millis::from_secs(24 * 3_600);

/// A root and an intermediate with keys of their own, made once.
struct Authority {
    domain: TrustDomain,
    root: CaCertificate,
    intermediate: CaCertificate,
    key: LocalKey,
}

/// The moment everything here is judged at.
pub(crate) fn now() -> Timestamp {
    static NOW: OnceLock<Timestamp> = OnceLock::new();
    *NOW.get_or_init(|| SystemClock.now())
}

/// The door all states are for.
pub(crate) fn door() -> SpiffeId {
    "spiffe://shop/ns/default/sa/a".parse().expect("an identity")
}

/// What that door shows and trusts.
pub(crate) fn credentials() -> Credentials {
    authority().issue(door())
}

/// Whom everybody here trusts.
pub(crate) fn bundles() -> &'static Bundles {
    static BUNDLES: OnceLock<Bundles> = OnceLock::new();
    BUNDLES.get_or_init(|| authority().bundles())
}

/// A seal as the server sets it: the signature and its chain.
pub(crate) fn seal(generation: &str, digest: &[u8]) -> (Vec<u8>, Vec<Vec<u8>>) {
    static SERVER: OnceLock<(LocalKey, Vec<Vec<u8>>)> = OnceLock::new();
    let (key, chain) = SERVER.get_or_init(|| {
        let server = authority().issue(identity::server_id(&authority().domain));
        let key = LocalKey::from_pkcs8(server.key_pkcs8.expose()).expect("its own key");
        (key, server.chain)
    });
    let door = door().to_string();
    let message = Sealed { generation, door: &door, digest }.message();
    (key.sign(&message).expect("a signature"), chain.clone())
}

fn authority() -> &'static Authority {
    static AUTHORITY: OnceLock<Authority> = OnceLock::new();
    AUTHORITY.get_or_init(Authority::new)
}

impl Authority {
    fn new() -> Self {
        let domain: TrustDomain = "shop".parse().expect("a trust domain");
        let mut dice = SeededDice::new(7);
        let (root_key, key) = (new_key(), new_key());
        let validity = Validity::beginning(now().minus(DAY), Millis(400 * DAY.0));
        let root = root_certificate(&domain, &root_key, validity, &mut dice).expect("a root");
        let public = key.public_key().expect("its public half");
        let intermediate =
            intermediate_certificate(&public, (&root, &root_key), validity, &mut dice);
        Self { domain, root, intermediate: intermediate.expect("an intermediate"), key }
    }

    fn bundles(&self) -> Bundles {
        let root = vec![self.root.der().to_vec()];
        Bundles::alone(Bundle::new(self.domain.clone(), root).expect("a bundle"))
    }

    fn issue(&self, id: SpiffeId) -> Credentials {
        let key = new_key();
        let public = key.public_key().expect("its public half");
        let wanted = Wanted { id: &id, key: &public, lifetime: DAY };
        let mut dice = SeededDice::new(8);
        let template = identity::template(&wanted, &self.intermediate, now(), &mut dice);
        let template = template.expect("a template");
        let leaf = identity::issue(&template, &self.intermediate, &self.key).expect("a leaf");
        Credentials {
            chain: vec![leaf, self.intermediate.der().to_vec()],
            key_pkcs8: key.pkcs8().clone(),
            bundles: self.bundles(),
            id,
            not_after: template.validity().not_after,
        }
    }
}

fn new_key() -> LocalKey {
    LocalKey::generate().expect("a key")
}
