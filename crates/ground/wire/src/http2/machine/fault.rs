//! What a frame of the peer can cost it: the stream or the connection
//! (RFC 9113, section 5.4).

use super::event::StreamId;
use crate::http2::ErrorCode;

/// Why a frame isn't accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The connection ends; the words are for the log.
    Connection(ErrorCode, &'static str),
    /// The stream ends, and the others go on.
    Stream(StreamId, ErrorCode),
}

impl Fault {
    /// The peer broke the protocol of the connection.
    pub(super) const fn protocol(why: &'static str) -> Self {
        Self::Connection(ErrorCode::ProtocolError, why)
    }

    /// A frame came for a stream that had ended.
    pub(super) const fn closed(why: &'static str) -> Self {
        Self::Connection(ErrorCode::StreamClosed, why)
    }

    /// The peer costs too much.
    pub(super) const fn calm(why: &'static str) -> Self {
        Self::Connection(ErrorCode::EnhanceYourCalm, why)
    }

    /// The peer broke the protocol of one stream.
    pub(super) const fn stream(id: StreamId) -> Self {
        Self::Stream(id, ErrorCode::ProtocolError)
    }
}
