//! How a connection came to its end.

use std::fmt;
use std::io;

use wire::http2::ErrorCode;

/// What a [`Driver`](super::Driver) ends with.
#[derive(Debug)]
pub enum End {
    /// In order: shut down, or closed by the peer with nothing left open.
    Closed,
    /// By an error of HTTP/2 that one side told the other (RFC 9113, section
    /// 5.4.1), a limit or a time limit among them.
    Error {
        /// The code of the GOAWAY.
        code: ErrorCode,
        /// In words, for the log.
        why: &'static str,
    },
    /// The byte stream broke or ended with streams open, or, as `TimedOut`,
    /// the peer did not read for as long as was allowed.
    Broken(io::Error),
}

impl End {
    /// Whether it is what ends a healthy connection.
    #[must_use]
    pub const fn is_orderly(&self) -> bool {
        matches!(self, Self::Closed)
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("it was closed in order"),
            Self::Error { code, why } => write!(f, "{why} ({code})"),
            Self::Broken(error) => write!(f, "{error}"),
        }
    }
}
