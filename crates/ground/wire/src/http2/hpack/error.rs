//! Why a field block can't be decoded. The connection ends: both sides' tables
//! may differ from here on.

use crate::http2::error::ErrorCode;

/// What is wrong with a field block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HpackError {
    /// The block ends inside a field.
    #[error("a field block ends in the middle of a field")]
    Truncated,
    /// A number longer than any that has a meaning (RFC 7541, section 5.1).
    #[error("a number in a field block is too large")]
    Integer,
    /// Bad padding, or the end symbol (RFC 7541, section 5.2).
    #[error("a compressed string in a field block is malformed")]
    Huffman,
    /// An index of 0, or one of no entry (RFC 7541, section 2.3.3).
    #[error("a field block refers to a table entry that isn't there")]
    Index,
    /// A table size beyond the limit, a third one, or one behind a field
    /// (RFC 7541, section 4.2).
    #[error("a field block changes the table size as it must not")]
    TableSize,
    /// Fields far beyond the limit: decoding on would cost us more than them.
    #[error("a field block decodes to far more than allowed")]
    TooLarge,
}

impl HpackError {
    /// The code the connection ends with.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::TooLarge => ErrorCode::EnhanceYourCalm,
            _ => ErrorCode::CompressionError,
        }
    }
}
