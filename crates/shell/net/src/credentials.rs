//! Who we are and whom we trust, as one snapshot that is swapped whole.

use identity::Bundles;
use model::{Secret, SpiffeId, Timestamp};

/// An X.509-SVID with its key, and the bundles in force with it. One value,
/// so that no handshake can mix a new certificate with old trust.
#[derive(Clone, Debug)]
pub struct Credentials {
    /// Certificates, DER, leaf first, without the root.
    pub chain: Vec<Vec<u8>>,
    /// The leaf's private key, PKCS#8 DER.
    pub key_pkcs8: Secret<Vec<u8>>,
    /// Whose certificates are accepted.
    pub bundles: Bundles,
    /// The identity the leaf carries.
    pub id: SpiffeId,
    /// When the leaf stops being valid.
    pub not_after: Timestamp,
}
