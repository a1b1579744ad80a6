//! HTTP/2 over a byte stream: many requests on one connection, each as a
//! [`Stream`] that tasks of one thread read and write (RFC 9113).
//!
//! The protocol itself is `wire::http2`; here is only what moves its bytes and
//! wakes those who wait. It deliberately knows no request, pool or policy.

mod alarm;
mod begin;
mod closing;
mod driver;
mod end;
mod error;
mod input;
mod mux;
mod pump;
mod receive;
mod roster;
mod send;
mod shared;
mod slot;
mod stream;
#[cfg(test)]
mod tests;

pub use begin::{client, server, server_with};
pub use driver::Driver;
pub use end::End;
pub use error::StreamError;
pub use mux::{Incoming, Mux};
pub use receive::Readable;
pub use stream::Stream;
