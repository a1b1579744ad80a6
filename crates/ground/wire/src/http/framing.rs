//! Which version a message came in, and where its body ends: the same words
//! for every version.

/// The version a message came in. Everything else is refused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Version {
    /// HTTP/1.0: one message per connection, no chunks.
    Http10,
    /// HTTP/1.1.
    #[default]
    Http11,
    /// HTTP/2, on one of its streams.
    Http2,
}

/// How the end of a body is found (RFC 9112, section 6.3; RFC 9113,
/// section 8.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    #[default]
    None,
    /// So many bytes; 0 when the head said so.
    Length(u64),
    /// The end shows itself, and trailers may come before it: chunks in
    /// HTTP/1.1, END_STREAM in HTTP/2.
    Chunked,
    /// Everything until the connection ends; responses only.
    UntilClose,
}
