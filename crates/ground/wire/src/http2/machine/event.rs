//! What a connection tells its owner, and the names both use for it.

use std::fmt;

use crate::http::{RequestHead, ResponseHead};
use crate::http2::ErrorCode;

/// Names one stream of a connection, for as long as its owner hasn't closed it
/// (RFC 9113, section 5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StreamId(pub(super) u32);

impl StreamId {
    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What happened on a connection, in the order it happened.
#[derive(Debug)]
pub enum Event {
    /// Server: a new stream. Its owner has to `close` it, whatever becomes of
    /// it.
    Request {
        /// The new stream.
        stream: StreamId,
        /// What is asked.
        head: Box<RequestHead>,
        /// Whether the request ends with its head; no `End` follows then.
        is_end: bool,
    },
    /// Server: a new stream whose head is over the limits. Answer 431 and
    /// `close` it.
    TooLarge {
        /// The new stream.
        stream: StreamId,
    },
    /// Server: a request that nobody hears of: its head is malformed, or there
    /// is no room for it. The stream is reset already; this is for the log.
    Refused {
        /// The code of the reset.
        code: ErrorCode,
        /// In words, which repeat nothing a stranger sent.
        why: String,
    },
    /// Client: a response head; interim ones (1xx) come before the final one.
    Response {
        /// The stream it answers.
        stream: StreamId,
        /// What is answered.
        head: Box<ResponseHead>,
        /// Whether the response ends with its head; no `End` follows then.
        is_end: bool,
    },
    /// There are new bytes in [`received`](super::Machine::received). Told
    /// once for any number of frames until it is taken.
    Data {
        /// Where.
        stream: StreamId,
    },
    /// The peer has ended its side; [`trailers`](super::Machine::trailers) has
    /// what came behind the body. Unread bytes stay readable.
    End {
        /// Where.
        stream: StreamId,
    },
    /// Nothing more goes or comes on the stream; its owner still closes it.
    /// Received bytes are gone, except those of a message that had ended.
    Reset {
        /// Where.
        stream: StreamId,
        /// Why; `RefusedStream` also for a stream that the peer's GOAWAY says
        /// was never looked at.
        code: ErrorCode,
        /// Whether the peer ended it, or else this side because of the peer.
        by_peer: bool,
    },
    /// A sender that found no room may try again now. Whoever gets this calls
    /// `data` or `close` soon, as its turn is kept for it.
    Room {
        /// Where.
        stream: StreamId,
    },
    /// The peer wants no new streams; open ones go on.
    GoAway {
        /// Why.
        code: ErrorCode,
    },
}

impl Event {
    /// The stream it is about.
    #[must_use]
    pub const fn stream(&self) -> Option<StreamId> {
        match self {
            Self::Request { stream, .. }
            | Self::TooLarge { stream }
            | Self::Response { stream, .. }
            | Self::Data { stream }
            | Self::End { stream }
            | Self::Reset { stream, .. }
            | Self::Room { stream } => Some(*stream),
            Self::GoAway { .. } | Self::Refused { .. } => None,
        }
    }
}

/// The pseudo-fields of a request (RFC 9113, section 8.3.1).
#[derive(Clone, Copy, Debug)]
pub struct RequestLine<'a> {
    /// The method, in capital letters.
    pub method: &'a str,
    /// `http` or `https`; not sent with a plain CONNECT.
    pub scheme: &'a str,
    /// Host and maybe port.
    pub authority: &'a str,
    /// Path and query; not sent with a plain CONNECT.
    pub path: &'a str,
    /// The protocol of an extended CONNECT (RFC 8441); `method` is then
    /// `CONNECT`.
    pub protocol: Option<&'a str>,
}

/// Why a head or trailers could not be sent. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The connection is over, or its peer or this side opens no new streams.
    #[error("the connection takes no new streams")]
    Closing,
    /// As many streams are open as the peer allows, or too many were reset.
    #[error("the connection has no free stream now")]
    Full,
    /// There is no such stream, it was reset, or this side of it has ended.
    #[error("the stream is closed for sending")]
    StreamClosed,
    /// A second final head, trailers before the head, an interim head that
    /// ends the stream.
    #[error("the head or the trailers come at the wrong place")]
    OutOfOrder,
    /// A pseudo-field can't be written, or the status is none.
    #[error("the first line has what can't stand there")]
    Malformed,
    /// The peer said that it takes no head as large as this.
    #[error("the head is larger than the peer takes")]
    TooLarge,
}
