//! Touching the network: listeners, TLS between doors, Unix sockets, gRPC,
//! the real clock and dice, and the cell that holds what may be swapped.
//!
//! It deliberately knows neither policy nor configuration.

pub mod accept;
mod clock;
mod credentials;
mod dice;
pub mod grpc;
pub mod http2;
pub mod http_client;
mod swap;
#[cfg(test)]
mod testdir;
pub mod tls;
pub mod unix;

pub use clock::SystemClock;
pub use credentials::Credentials;
pub use dice::OsDice;
pub use swap::Swap;
