//! The plain reason of a refusal, on its way from the verifier to whoever
//! drives the handshake.
//!
//! rustls turns a verifier's error into an alert and has no room for more
//! when the alert is to be the right one. It asks the verifier on the thread
//! and within the call that drives the connection, so the reason waits in a
//! slot of that thread, never across an await.

use std::cell::Cell;

use identity::PeerRefused;
use model::SpiffeId;

use super::error::HandshakeError;

/// What the verifier held against the peer.
#[derive(Debug)]
pub(super) enum Refusal {
    Peer(PeerRefused),
    WrongServer { seen: SpiffeId, expected: Vec<SpiffeId> },
}

impl From<Refusal> for HandshakeError {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Peer(refused) => Self::Refused(refused),
            Refusal::WrongServer { seen, expected } => Self::WrongServer { seen, expected },
        }
    }
}

thread_local! {
    static SLOT: Cell<Option<Refusal>> = const { Cell::new(None) };
}

/// Leaves the reason for [`take`].
pub(super) fn leave(refusal: Refusal) {
    SLOT.set(Some(refusal));
}

/// What was left since the last time, if anything. Called before the
/// connection is driven, to clear the slot, and after it failed.
pub(super) fn take() -> Option<Refusal> {
    SLOT.take()
}
