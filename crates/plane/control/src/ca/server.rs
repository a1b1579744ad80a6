//! The control plane's own identity, with a key that never leaves this
//! process's memory: it authenticates the push stream and sets seals.

use identity::{LocalKey, Signer as _};
use model::{Millis, Secret, SpiffeId, Timestamp};

use super::error::IssueError;

/// How long the server's own leaf lives. The server holds the authority's key
/// too, so a short life would guard nothing; a long one lets doors check the
/// seal of a state they kept for as long as their own leaf lives.
pub(super) const LIFE: Millis = Millis::from_secs(30 * 24 * 3_600);
/// After how long it is replaced, with a new key.
const RENEW: Millis = Millis::from_secs(24 * 3_600);

/// The server's certificate chain and key.
#[derive(Debug)]
pub struct ServerSvid {
    pub(super) id: SpiffeId,
    pub(super) chain: Vec<Vec<u8>>,
    pub(super) key: LocalKey,
    pub(super) issued: Timestamp,
    pub(super) not_after: Timestamp,
}

impl ServerSvid {
    /// `spiffe://<trust domain>/postern/server`.
    #[must_use]
    pub const fn id(&self) -> &SpiffeId {
        &self.id
    }

    /// DER, leaf first, without the root.
    #[must_use]
    pub fn chain(&self) -> &[Vec<u8>] {
        &self.chain
    }

    /// The private key, PKCS#8 DER.
    #[must_use]
    pub const fn key_pkcs8(&self) -> &Secret<Vec<u8>> {
        self.key.pkcs8()
    }

    /// The last moment the leaf counts.
    #[must_use]
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Whether it should be replaced at `now`.
    pub(super) fn is_due(&self, now: Timestamp) -> bool {
        let (begun, end) = (self.issued, self.not_after);
        now < begun || now >= begun.plus(RENEW).min(end.minus(Millis(end.since(begun).0 / 2)))
    }

    pub(super) fn seal(&self, bytes: &[u8]) -> Result<Seal, IssueError> {
        Ok(Seal { signature: self.key.sign(bytes)?, chain: self.chain.clone() })
    }
}

/// A signature of the server and what proves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seal {
    /// ECDSA P-256 with SHA-256, ASN.1.
    pub signature: Vec<u8>,
    /// The server's chain, DER, leaf first, without the root.
    pub chain: Vec<Vec<u8>>,
}
