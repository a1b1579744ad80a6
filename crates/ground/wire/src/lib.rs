//! Bytes to values and back: HTTP/1.1, names on the wire, certificates, and
//! the generated messages. It never decides whom to trust.

mod alphabet;
pub mod canonical;
pub mod forwarded_cert;
pub mod header;
pub mod http;
pub mod http1;
pub mod http2;
pub mod sni;
pub mod traceparent;
pub mod websocket;
pub mod x509;

#[path = "generated/authority.rs"]
#[allow(missing_docs, clippy::all, reason = "generated")]
pub mod authority;
#[path = "generated/discovery.rs"]
#[allow(missing_docs, clippy::all, reason = "generated")]
pub mod discovery;
#[path = "generated/push.rs"]
#[allow(missing_docs, clippy::all, reason = "generated")]
pub mod push;
#[path = "generated/workload.rs"]
#[allow(missing_docs, clippy::all, reason = "generated")]
pub mod workload;
