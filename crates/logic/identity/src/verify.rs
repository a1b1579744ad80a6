//! Who is on the other side: from the certificates a peer showed to a proved
//! SPIFFE ID, or one reason why not. Whether that peer may do anything is not
//! asked here.

use aws_lc_rs::digest;
use model::{SpiffeId, Timestamp};
use rustls_pki_types::CertificateDer;

use crate::bundle::Bundles;
use crate::leaf;
use crate::path::{self, Claim};
use crate::refused::PeerRefused;
use crate::role::Role;

/// The most certificates read from one peer, the leaf included.
pub const CHAIN_MAX: usize = 8;

/// A peer that proved who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Its identity.
    pub id: SpiffeId,
    /// The last moment its leaf and everything above it count.
    pub not_after: Timestamp,
    /// SHA-256 of its leaf's DER.
    pub leaf_sha256: [u8; 32],
}

/// Judges the certificates a peer showed, DER, the leaf first, against the
/// bundle of the leaf's own trust domain and no other (X509-SVID, section 5).
///
/// # Errors
/// [`PeerRefused`] says why in plain words, and which alert to send.
pub fn verify(
    chain: &[impl AsRef<[u8]>],
    bundles: &Bundles,
    role: Role,
    now: Timestamp,
) -> Result<Peer, PeerRefused> {
    let (leaf, issuers) = chain.split_first().ok_or(PeerRefused::NoCertificate)?;
    if chain.len() > CHAIN_MAX {
        return Err(PeerRefused::TooManyCertificates(chain.len()));
    }
    let facts = wire::x509::read(leaf.as_ref())
        .map_err(|error| PeerRefused::Unreadable(error.to_string()))?;
    let id = leaf::judge(&facts, role, now)?;
    let bundle = bundles
        .get(id.trust_domain())
        .ok_or_else(|| PeerRefused::UnknownTrustDomain(id.trust_domain().clone()))?;
    let issuers = issuers.iter().map(|der| CertificateDer::from(der.as_ref())).collect();
    let end = path::prove(&Claim { leaf: leaf.as_ref(), issuers, role }, bundle, now)?;
    Ok(Peer { id, not_after: facts.not_after.min(end), leaf_sha256: sha256(leaf.as_ref()) })
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut sum = [0; 32];
    let digest = digest::digest(&digest::SHA256, bytes);
    for (to, from) in sum.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    sum
}

#[cfg(test)]
mod tests;
