//! How a message says which version it speaks and where its body ends.

/// The version on the first line. Everything else is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: one message per connection, no chunks.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
}

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

/// How the end of a body is found (RFC 9112, section 6.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    #[default]
    None,
    /// So many bytes; 0 when the head said so.
    Length(u64),
    /// Chunks, then trailers.
    Chunked,
    /// Everything until the connection ends; responses only.
    UntilClose,
}
