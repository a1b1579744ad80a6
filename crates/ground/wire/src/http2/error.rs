//! The error codes of HTTP/2, and why a head or a frame is refused. The words
//! are for the operator and repeat nothing that a stranger sent.

use model::Blame;

use crate::canonical::CanonicalError;
use crate::http::ControlError;

/// Why a stream or a connection ends (RFC 9113, section 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Nothing is wrong.
    NoError,
    /// The other side broke the protocol.
    ProtocolError,
    /// Something is wrong on this side. Codes nobody knows count as this one.
    InternalError,
    /// More data than the window had room for.
    FlowControlError,
    /// Settings were not acknowledged in time.
    SettingsTimeout,
    /// A frame came for a stream that was half closed.
    StreamClosed,
    /// A frame has a size it can't have.
    FrameSizeError,
    /// The request was not looked at: it may be sent again.
    RefusedStream,
    /// Nobody wants the stream any more.
    Cancel,
    /// The field compression can't be followed any more.
    CompressionError,
    /// The connection behind a `CONNECT` broke.
    ConnectError,
    /// The other side costs too much.
    EnhanceYourCalm,
    /// The transport is not safe enough.
    InadequateSecurity,
    /// To be asked again by HTTP/1.1.
    Http11Required,
}

/// Every code at the place of its number, with its name.
const CODES: [(ErrorCode, &str); 14] = [
    (ErrorCode::NoError, "NO_ERROR"),
    (ErrorCode::ProtocolError, "PROTOCOL_ERROR"),
    (ErrorCode::InternalError, "INTERNAL_ERROR"),
    (ErrorCode::FlowControlError, "FLOW_CONTROL_ERROR"),
    (ErrorCode::SettingsTimeout, "SETTINGS_TIMEOUT"),
    (ErrorCode::StreamClosed, "STREAM_CLOSED"),
    (ErrorCode::FrameSizeError, "FRAME_SIZE_ERROR"),
    (ErrorCode::RefusedStream, "REFUSED_STREAM"),
    (ErrorCode::Cancel, "CANCEL"),
    (ErrorCode::CompressionError, "COMPRESSION_ERROR"),
    (ErrorCode::ConnectError, "CONNECT_ERROR"),
    (ErrorCode::EnhanceYourCalm, "ENHANCE_YOUR_CALM"),
    (ErrorCode::InadequateSecurity, "INADEQUATE_SECURITY"),
    (ErrorCode::Http11Required, "HTTP_1_1_REQUIRED"),
];

impl ErrorCode {
    /// The code of this number; an unknown one is an internal error.
    #[must_use]
    pub fn from_number(number: u32) -> Self {
        let at = usize::try_from(number).unwrap_or(usize::MAX);
        CODES.get(at).map_or(Self::InternalError, |(code, _)| *code)
    }

    /// Its number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        self as u32
    }

    /// Its name in the standard.
    #[must_use]
    pub fn name(self) -> &'static str {
        CODES.get(self as usize).map_or("INTERNAL_ERROR", |(_, name)| name)
    }
}

impl std::fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Why a head or a trailer section is malformed (RFC 9113, section 8). It
/// costs its sender the stream (PROTOCOL_ERROR), and nobody else hears of it;
/// only [`MalformedHead::TooLarge`] is answered, by a 431.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedHead {
    /// More or longer fields than allowed, or a longer path.
    #[error("the header section is larger than allowed")]
    TooLarge,
    /// A pseudo-header field that is unknown, repeated or behind the others.
    #[error("a pseudo-header field is unknown, repeated or misplaced")]
    Pseudo,
    /// A pseudo-header field that has to be there and isn't, or is there and
    /// must not be.
    #[error("a pseudo-header field is missing or doesn't fit the method")]
    PseudoSet,
    /// A name that is empty, not in small letters, or no token.
    #[error("a field name is not a token in small letters")]
    Name,
    /// A name with an underscore, which many apps can't tell from a hyphen.
    #[error("a field name has an underscore")]
    Underscore,
    /// A control character in a value, or a blank at one of its ends.
    #[error("a field value has a control character or a blank at its end")]
    Value,
    /// `Connection`, `Transfer-Encoding` and their kin, which are HTTP/1's.
    #[error("a field of HTTP/1 connections stands there")]
    ConnectionSpecific,
    /// The method is no token in capital letters.
    #[error("the method is not a word in capital letters")]
    Method,
    /// Neither `http` nor `https`.
    #[error("the scheme is neither http nor https")]
    Scheme,
    /// The path is empty, or is none.
    #[error("the path is empty, or not a path")]
    Path,
    /// The protocol of an extended `CONNECT` is none.
    #[error("the protocol of an extended connect is malformed")]
    Protocol,
    /// The authority is no host with an optional port.
    #[error("the authority is refused: {0}")]
    Authority(CanonicalError),
    /// Neither `:authority` nor one `Host`, or more than one `Host`.
    #[error("there must be exactly one authority")]
    Hosts,
    /// `:authority` and `Host` name different ones.
    #[error("the authority and the host field disagree")]
    HostConflict,
    /// The length is not one plain number.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A length where no data follows, or where none can.
    #[error("a body is announced where none can follow")]
    Body,
    /// Anything but one `100-continue`.
    #[error("the expectation can't be met")]
    Expectation,
    /// A status that isn't from 100 to 599, a 101, or an interim one that ends
    /// the stream.
    #[error("the status can't stand in this place")]
    Status,
}

impl MalformedHead {
    /// The code the stream is reset with.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        ErrorCode::ProtocolError
    }

    /// The caller's for a request; of a response it is the upstream's, which
    /// only its reader knows.
    #[must_use]
    pub const fn blame(self) -> Blame {
        Blame::Caller
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_stand_at_their_numbers() {
        for (number, (code, _)) in CODES.iter().enumerate() {
            assert_eq!(code.number() as usize, number, "{code}");
            assert_eq!(ErrorCode::from_number(code.number()), *code);
        }
        assert_eq!(ErrorCode::from_number(0xb).name(), "ENHANCE_YOUR_CALM");
        assert_eq!(ErrorCode::from_number(0xd).to_string(), "HTTP_1_1_REQUIRED");
        for unknown in [0xe, u32::MAX] {
            assert_eq!(ErrorCode::from_number(unknown), ErrorCode::InternalError);
        }
    }
}
