//! Reads the version on a first line (RFC 9112, section 2.3).

use crate::http::Version;

/// What the version field of a first line turned out to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionField {
    Known(Version),
    /// `HTTP/` and two digits, but no version we speak.
    Other,
    /// No version at all.
    Malformed,
}

impl VersionField {
    pub(crate) const fn read(text: &[u8]) -> Self {
        match text {
            b"HTTP/1.1" => Self::Known(Version::Http11),
            b"HTTP/1.0" => Self::Known(Version::Http10),
            [b'H', b'T', b'T', b'P', b'/', b'0'..=b'9', b'.', b'0'..=b'9'] => Self::Other,
            _ => Self::Malformed,
        }
    }
}
