//! Why a message is refused: a request, a response, a body. Each says whose
//! fault it is and what a caller gets to see; the words are for the operator
//! and repeat nothing that a stranger sent.

use model::Blame;

use crate::canonical::CanonicalError;
use crate::http::{ControlError, SectionError};

/// Why a request is refused. After any of these the connection is closed: what
/// follows on it can't be told from a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The request line hasn't three parts, or begins with something else.
    #[error("the request line is malformed")]
    Line,
    /// A method in small letters: backends disagree about what it means.
    #[error("the method is not written in capital letters")]
    Method,
    /// Neither HTTP/1.1 nor HTTP/1.0.
    #[error("the HTTP version is not spoken here")]
    Version,
    /// The target has no legal form for the method.
    #[error("the request target is refused: {0}")]
    Target(CanonicalError),
    /// No `Host`, or more than one.
    #[error("there must be exactly one host header")]
    Hosts,
    /// `Host` is no host with an optional port.
    #[error("the host header is refused: {0}")]
    Host(CanonicalError),
    /// The target names another authority than `Host`.
    #[error("the request target and the host header disagree")]
    HostConflict,
    /// Anything but one `100-continue`.
    #[error("the expectation can't be met")]
    Expectation,
    /// The lines themselves are wrong.
    #[error(transparent)]
    Section(#[from] SectionError),
    /// Framing or connection fields are wrong.
    #[error(transparent)]
    Control(#[from] ControlError),
}

impl RequestError {
    /// The status the caller gets.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Self::Section(error) => error.status(),
            Self::Control(error) => error.status(),
            Self::Method => 501,
            Self::Version => 505,
            Self::Expectation => 417,
            _ => 400,
        }
    }

    /// The caller's, always.
    #[must_use]
    pub const fn blame(self) -> Blame {
        Blame::Caller
    }
}

/// Why a response is refused. The connection it came on is not used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResponseError {
    /// The status line is malformed, or the status is not from 100 to 599.
    #[error("the upstream's status line is malformed")]
    Line,
    /// Neither HTTP/1.1 nor HTTP/1.0.
    #[error("the upstream's HTTP version is not spoken here")]
    Version,
    /// A body on a response that can have none (H1-23).
    #[error("the upstream announced a body where there can be none")]
    Body,
    /// The lines themselves are wrong.
    #[error("the upstream's header section is refused: {0}")]
    Section(#[from] SectionError),
    /// Framing or connection fields are wrong.
    #[error("the upstream's header fields are refused: {0}")]
    Control(#[from] ControlError),
}

impl ResponseError {
    /// The status the caller gets instead: 502.
    #[must_use]
    pub const fn status(self) -> u16 {
        502
    }

    /// The upstream's, always.
    #[must_use]
    pub const fn blame(self) -> Blame {
        Blame::Upstream
    }
}

/// Why a body is refused. The connection is closed: its next message can't be
/// found any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// A chunk doesn't begin with a hexadecimal size.
    #[error("a chunk size is malformed")]
    Size,
    /// A chunk size beyond every sense.
    #[error("a chunk size is too large")]
    SizeTooLarge,
    /// A line of the chunk framing doesn't end with CRLF.
    #[error("a chunk line doesn't end with CRLF")]
    LineEnd,
    /// An extension with a control character or an open quotation.
    #[error("a chunk extension is malformed")]
    Extension,
    /// Too much of extensions, in one line or together.
    #[error("the chunk extensions are longer than allowed")]
    ExtensionTooLong,
    /// Far more framing than data.
    #[error("the chunks are too small")]
    Overhead,
    /// The trailer section is malformed or too large.
    #[error("the trailer section is refused: {0}")]
    Trailer(#[from] SectionError),
    /// The connection ended inside the body.
    #[error("the connection ended inside the body")]
    Truncated,
}

impl BodyError {
    /// 400, as an answer to the caller whose body it is. When it was a
    /// response's body the head is already out, or else it is a 502.
    #[must_use]
    pub const fn status(self) -> u16 {
        400
    }

    /// The caller's, for a request's body; for a response's it is the
    /// upstream's, which only the reader of the response knows.
    #[must_use]
    pub const fn blame(self) -> Blame {
        Blame::Caller
    }
}
