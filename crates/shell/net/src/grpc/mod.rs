//! gRPC over Unix sockets, plain and under mutual TLS, and the generated
//! stubs.
//!
//! A server tells its services who is calling by a request extension:
//! [`UnixPeer`] on a plain socket, [`PeerId`] under mTLS.

mod dial;
mod serve;
#[cfg(test)]
mod tests;

pub use crate::unix::UnixPeer;
pub use dial::{DialError, dial_mtls_unix, dial_unix};
pub use serve::{PeerId, serve_mtls_unix, serve_unix};

#[path = "generated/authority.rs"]
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
pub mod authority;
#[path = "generated/discovery.rs"]
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
pub mod discovery;
#[path = "generated/push.rs"]
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
pub mod push;
#[path = "generated/workload.rs"]
#[allow(missing_docs, unreachable_pub, clippy::all, reason = "generated")]
pub mod workload;
