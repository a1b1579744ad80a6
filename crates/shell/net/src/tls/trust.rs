//! Whose certificates are accepted, under one snapshot of the bundles.
//!
//! A chain that was verified is remembered until something in it expires, so
//! that looking at it again after the handshake, or at the next connection of
//! the same peer, costs a hash and no signatures. The memory dies with the
//! snapshot.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use aws_lc_rs::digest;
use identity::{Bundles, Peer, PeerRefused, Role};
use model::Timestamp;
use rustls_pki_types::CertificateDer;

/// Chains remembered at most; beyond it, all are forgotten at once.
const CHAINS_MAX: usize = 1024;

type ChainHash = [u8; digest::SHA256_OUTPUT_LEN];

/// Bundles with a memory of whom they vouched for.
pub(super) struct Trust {
    bundles: Bundles,
    role: Role,
    seen: Mutex<HashMap<ChainHash, Verified>>,
}

struct Verified {
    peer: Peer,
    at: Timestamp,
}

impl Trust {
    /// Trust in `bundles`, for peers that act as `role`.
    pub(super) fn new(bundles: Bundles, role: Role) -> Self {
        Self { bundles, role, seen: Mutex::default() }
    }

    /// Who showed this chain, leaf first.
    pub(super) fn peer(
        &self,
        chain: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<Peer, PeerRefused> {
        let key = hash(chain);
        if let Some(peer) = self.remembered(&key, now) {
            return Ok(peer);
        }
        let peer = identity::verify(chain, &self.bundles, self.role, now)?;
        self.remember(key, Verified { peer: peer.clone(), at: now });
        Ok(peer)
    }

    fn remembered(&self, key: &ChainHash, now: Timestamp) -> Option<Peer> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let Verified { peer, at } = seen.get(key)?;
        // `not_after` is that of the whole chain, its authority included. A
        // clock that was set back proves nothing about what began since.
        (*at <= now && now < peer.not_after).then(|| peer.clone())
    }

    fn remember(&self, key: ChainHash, verified: Verified) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= CHAINS_MAX {
            seen.clear();
        }
        seen.insert(key, verified);
    }
}

impl std::fmt::Debug for Trust {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Trust({:?})", self.role)
    }
}

/// SHA-256 over the certificates, each with its length, so that no other
/// division of the same bytes has the same hash.
fn hash(chain: &[CertificateDer<'_>]) -> ChainHash {
    let mut context = digest::Context::new(&digest::SHA256);
    for certificate in chain {
        context.update(&(certificate.len() as u64).to_be_bytes());
        context.update(certificate);
    }
    let mut hash = [0; digest::SHA256_OUTPUT_LEN];
    for (to, from) in hash.iter_mut().zip(context.finish().as_ref()) {
        *to = *from;
    }
    hash
}
