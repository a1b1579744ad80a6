//! Who somebody is: SVIDs asked for, issued and checked, bundles of trust,
//! the judging of a peer's chain, attestation by facts, and renewal.
//!
//! It deliberately keeps no key at rest, opens no socket and reads no clock:
//! signing is a [`Signer`] argument, time a `Timestamp`, serials come from dice.

mod attest;
mod backoff;
mod bridge;
mod bundle;
mod ca_certificate;
mod csr;
mod evidence;
mod key;
mod leaf;
mod path;
mod refused;
mod renewal;
mod role;
mod seal;
mod selector;
mod sequence;
mod strength;
mod svid;
#[cfg(test)]
mod testing;
mod turn;
mod validity;
mod verify;

pub use attest::{Entry, NoSelectors, attest};
pub use backoff::Backoff;
pub use bridge::BuildError;
pub use bundle::{Bundle, BundleError, Bundles, BundlesError};
pub use ca_certificate::{
    CaCertificate, CaCertificateError, intermediate_certificate, root_certificate,
};
pub use csr::{Csr, CsrError, make_csr};
pub use evidence::Evidence;
pub use key::{KeyError, LocalKey, PublicKey, SignError, Signer};
pub use refused::{Alert, PeerRefused};
pub use renewal::{Alarm, Renewal};
pub use role::Role;
pub use seal::{SealRefused, Sealed, is_reserved, server_id, verify_seal};
pub use selector::{ParseSelectorError, Selector};
pub use svid::{CheckFailed, SvidTemplate, TemplateError, Wanted, check, issue, template};
pub use turn::{NothingPrepared, Turn};
pub use validity::{BACKDATE, Validity};
pub use verify::{CHAIN_MAX, Peer, verify};
