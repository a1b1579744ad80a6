//! Certificates, read as far as SPIFFE's rules for leaves and a person's eyes
//! need it (RFC 5280, section 4). Strict DER, no recursion, no signature is
//! checked, nothing is trusted.

mod certificate;
mod der;
mod error;
mod extension;
mod moment;

pub use certificate::{Certificate, Facts, read};
pub use error::ReadError;
pub use extension::{Eku, KeyUsage};
