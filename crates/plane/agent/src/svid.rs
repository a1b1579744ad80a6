//! One issued identity in the form the Workload API hands out. It
//! deliberately can't be cloned: there is one copy of the key, shared.

use model::{Secret, SpiffeId, Timestamp};

/// An X.509-SVID with its key.
#[derive(Debug)]
pub(crate) struct Svid {
    pub id: SpiffeId,
    /// DER certificates, leaf first, one after the other without a separator
    /// (Workload API, section 5.2.1); the root isn't among them.
    pub chain: Vec<u8>,
    /// The same, apart.
    pub certificates: Vec<Vec<u8>>,
    /// PKCS#8 DER, not encrypted.
    pub key: Secret<Vec<u8>>,
    pub not_after: Timestamp,
}

impl Svid {
    pub(crate) fn new(
        id: SpiffeId,
        certificates: Vec<Vec<u8>>,
        key: Secret<Vec<u8>>,
        not_after: Timestamp,
    ) -> Self {
        Self { id, chain: certificates.concat(), certificates, key, not_after }
    }
}
