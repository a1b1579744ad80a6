//! What can go wrong on one stream.

use wire::http2::{ErrorCode, SendError};

/// Why a stream can't go on, or can't do what was asked of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StreamError {
    /// It was ended by RST_STREAM (RFC 9113, section 6.4), or not accepted
    /// before a GOAWAY.
    #[error("the stream was reset by {}: {code}", if *.by_peer { "the peer" } else { "us" })]
    Reset {
        /// Why, as whoever ended it said.
        code: ErrorCode,
        /// Whether the peer ended it.
        by_peer: bool,
    },
    /// The connection it ran on is gone; the text says why.
    #[error("the HTTP/2 connection is gone: {0}")]
    Lost(String),
    /// The connection it ran on ended by an error of HTTP/2; the text says
    /// which. It was in use until then.
    #[error("the HTTP/2 connection broke the protocol: {0}")]
    Broken(String),
    /// The peer gave no room for a single byte for as long as was allowed.
    #[error("the peer does not read what it is sent")]
    TimedOut,
    /// The stream is not in a state for this: a mistake of the caller.
    #[error("this can't be sent now: {0}")]
    Refused(#[from] SendError),
    /// Asked for when it can't come, or from inside a closure that is working
    /// on the same connection: a mistake of the caller.
    #[error("asked out of turn: {0}")]
    OutOfTurn(&'static str),
}
