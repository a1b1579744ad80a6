//! The certificate authority of one trust domain: a root and an intermediate
//! on disk, leaves signed on request, seals set on request. It fails closed on
//! every damaged state and never makes a second authority beside a first one.

mod authority;
mod error;
mod files;
mod info;
mod layout;
mod server;
mod signer;
#[cfg(test)]
mod tests;

pub use authority::{Authority, Opening};
pub use error::{CaError, IssueError};
pub use info::{CaInfo, CertificateInfo};
pub use server::{Seal, ServerSvid};
