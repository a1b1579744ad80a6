//! The seal under a door's state: what is signed, and whether a seal found
//! later was set by the server of our own trust domain. Signing is done where
//! the key is.

use model::{SpiffeId, Timestamp, TrustDomain};
use rustls_pki_types::CertificateDer;

use crate::bundle::Bundles;
use crate::refused::PeerRefused;
use crate::role::Role;
use crate::verify::verify;

const CONTEXT: &str = "postern-seal-v1";
const SERVER_PATH: &str = "/postern/server";
const RESERVED: &str = "/postern";

/// The identity of the control plane: `spiffe://<trust domain>/postern/server`.
#[must_use]
pub fn server_id(trust_domain: &TrustDomain) -> SpiffeId {
    let text = format!("spiffe://{trust_domain}{SERVER_PATH}");
    // A trust domain has at most 255 bytes, so this parses. Were it not so,
    // the trust domain's own ID is one that no leaf can carry.
    text.parse().unwrap_or_else(|_| SpiffeId::of_trust_domain(trust_domain))
}

/// Whether an identity lies below `/postern`, which no workload may have.
#[must_use]
pub fn is_reserved(id: &SpiffeId) -> bool {
    id.path().strip_prefix(RESERVED).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What a seal vouches for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// The generation in its text form.
    pub generation: &'a str,
    /// The SPIFFE ID of the door in its text form.
    pub door: &'a str,
    /// The digest over the door's resources.
    pub digest: &'a [u8],
}

impl Sealed<'_> {
    /// The bytes that are signed: a context, generation, door and digest, each
    /// behind its length as a big-endian u32.
    #[must_use]
    pub fn message(&self) -> Vec<u8> {
        let mut message = Vec::new();
        let parts = [CONTEXT.as_bytes(), self.generation.as_bytes(), self.door.as_bytes()];
        for part in parts.into_iter().chain([self.digest]) {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            message.extend_from_slice(&length.to_be_bytes());
            message.extend_from_slice(part);
        }
        message
    }
}

/// Why a seal does not hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealRefused {
    /// The signer's certificates are not acceptable.
    #[error("the seal's certificate is refused: {0}")]
    Chain(#[from] PeerRefused),
    /// Somebody else than the server signed.
    #[error("the seal was set by `{0}`, who is not the server")]
    NotTheServer(SpiffeId),
    /// The signature does not fit.
    #[error("the seal's signature does not fit")]
    Signature,
}

/// Checks a seal against the own bundle: set by the server, over this message.
///
/// # Errors
/// When the chain, the identity or the signature is not the server's.
pub fn verify_seal(
    sealed: &Sealed<'_>,
    signature: &[u8],
    chain: &[impl AsRef<[u8]>],
    trust: (&Bundles, Timestamp),
) -> Result<(), SealRefused> {
    let (bundles, now) = trust;
    let peer = verify(chain, bundles, Role::Server, now)?;
    if peer.id != server_id(bundles.own().trust_domain()) {
        return Err(SealRefused::NotTheServer(peer.id));
    }
    let leaf = chain.first().ok_or(PeerRefused::NoCertificate)?;
    let leaf = CertificateDer::from(leaf.as_ref());
    let leaf = webpki::EndEntityCert::try_from(&leaf).map_err(|_| SealRefused::Signature)?;
    leaf.verify_signature(webpki::aws_lc_rs::ECDSA_P256_SHA256, &sealed.message(), signature)
        .map_err(|_| SealRefused::Signature)
}

#[cfg(test)]
mod tests;
