//! What `ca show` tells of an authority: everything public, nothing else.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use identity::CaCertificate;
use serde::Serialize;

/// An authority described for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CaInfo {
    /// The trust domain it signs for.
    pub trust_domain: String,
    /// What guards its keys at rest.
    pub protection: String,
    /// The trust anchor.
    pub root: CertificateInfo,
    /// What signs leaves at present; nothing when no certificate counts.
    pub intermediate: Option<CertificateInfo>,
    /// What an operator should mend, in plain words.
    pub warnings: Vec<String>,
}

/// A certificate described for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CertificateInfo {
    /// The serial number in hex.
    pub serial: String,
    /// SHA-256 of the DER form in hex.
    pub sha256: String,
    /// The first moment it counts, RFC 3339.
    pub not_before: String,
    /// The last moment it counts, RFC 3339.
    pub not_after: String,
    /// The certificate itself.
    pub pem: String,
}

impl CertificateInfo {
    pub(super) fn of(certificate: &CaCertificate) -> Self {
        let validity = certificate.validity();
        Self {
            serial: hex(certificate.serial()),
            sha256: hex(digest::digest(&digest::SHA256, certificate.der()).as_ref()),
            not_before: validity.not_before.to_string(),
            not_after: validity.not_after.to_string(),
            pem: certificate.to_pem(),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
