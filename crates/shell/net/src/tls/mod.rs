//! TLS between doors and at the edge, driven over any tokio stream.
//!
//! TLS 1.3 only. Between doors both sides show X.509-SVIDs and every
//! handshake, a resumed one too, ends with the peer's chain verified against
//! the present bundles. All contact with rustls is in this folder.

mod edge;
mod error;
mod generation;
mod handshake;
mod inbound;
mod lingering;
mod outbound;
mod pipe;
mod provider;
mod refusal;
mod stream;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trust;
mod verifier;

pub use edge::{Edge, EdgeError};
pub use error::HandshakeError;
pub use inbound::Inbound;
pub use outbound::Outbound;
pub use stream::{PeerAlert, TlsStream};

/// The protocol HTTP/1.1 between doors (RFC 7301).
pub const ALPN_HTTP: &[u8] = b"http/1.1";
/// An opaque TCP stream between doors.
pub const ALPN_TCP: &[u8] = b"postern-tcp";
/// HTTP/2, for gRPC over mTLS.
pub const ALPN_H2: &[u8] = b"h2";
