//! Takes payloads apart, padding and priorities off. A wrong size or padding
//! is an error; what it costs whom is the machine's to say.

use super::{FrameHead, PADDED, PRIORITY, STREAM_MASK};
use crate::http2::error::ErrorCode;

/// Why a payload can't be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// Too short for what has to be in it, or of another size than it has to
    /// be.
    #[error("a frame has a size it can't have")]
    Size,
    /// As much padding as payload, or more.
    #[error("a frame has more padding than payload")]
    Padding,
}

impl FrameError {
    /// The code it ends with.
    #[must_use]
    pub const fn code(self) -> ErrorCode {
        match self {
            Self::Size => ErrorCode::FrameSizeError,
            Self::Padding => ErrorCode::ProtocolError,
        }
    }
}

/// The content of a `DATA` frame (RFC 9113, section 6.1).
///
/// # Errors
/// When the padding doesn't fit.
pub fn data<'a>(head: &FrameHead, payload: &'a [u8]) -> Result<&'a [u8], FrameError> {
    let (payload, padding) = padding_of(head, payload)?;
    without(payload, padding)
}

/// What a `HEADERS` frame holds (RFC 9113, section 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Headers<'a> {
    /// The field block, or its beginning.
    pub fragment: &'a [u8],
    /// The priority, if there is one.
    pub priority: Option<Priority>,
}

/// Reads a `HEADERS` frame.
///
/// # Errors
/// When padding or priority don't fit.
pub fn headers<'a>(head: &FrameHead, payload: &'a [u8]) -> Result<Headers<'a>, FrameError> {
    let (mut payload, padding) = padding_of(head, payload)?;
    let mut advice = None;
    if head.has(PRIORITY) {
        let (first, rest) = payload.split_first_chunk::<5>().ok_or(FrameError::Size)?;
        advice = Some(Priority::read(*first));
        payload = rest;
    }
    Ok(Headers { fragment: without(payload, padding)?, priority: advice })
}

/// Advice on a stream's place (RFC 9113, section 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Priority {
    /// The stream it hangs on; never its own.
    pub dependency: u32,
    /// Whether alone.
    pub is_exclusive: bool,
    /// The weight less one.
    pub weight: u8,
}

impl Priority {
    const fn read([a, b, c, d, weight]: [u8; 5]) -> Self {
        let word = u32::from_be_bytes([a, b, c, d]);
        Self { dependency: word & STREAM_MASK, is_exclusive: word > STREAM_MASK, weight }
    }
}

/// Reads a `PRIORITY` frame.
///
/// # Errors
/// When it isn't five bytes long.
pub fn priority(payload: &[u8]) -> Result<Priority, FrameError> {
    Ok(Priority::read(exactly(payload)?))
}

/// Reads a `RST_STREAM` frame (RFC 9113, section 6.4).
///
/// # Errors
/// When it isn't four bytes long.
pub fn reset_stream(payload: &[u8]) -> Result<ErrorCode, FrameError> {
    Ok(ErrorCode::from_number(u32::from_be_bytes(exactly(payload)?)))
}

/// Reads a `SETTINGS` frame: identifiers and values, in their order (RFC 9113,
/// section 6.5.1).
///
/// # Errors
/// When its length is no multiple of six.
pub fn settings(payload: &[u8]) -> Result<impl Iterator<Item = (u16, u32)>, FrameError> {
    let (settings, rest) = payload.as_chunks::<6>();
    if !rest.is_empty() {
        return Err(FrameError::Size);
    }
    let read = |[a, b, c, d, e, f]: &[u8; 6]| {
        (u16::from_be_bytes([*a, *b]), u32::from_be_bytes([*c, *d, *e, *f]))
    };
    Ok(settings.iter().map(read))
}

/// Reads a `PING` frame (RFC 9113, section 6.7).
///
/// # Errors
/// When it isn't eight bytes long.
pub fn ping(payload: &[u8]) -> Result<[u8; 8], FrameError> {
    exactly(payload)
}

/// What a `GOAWAY` frame says (RFC 9113, section 6.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoAway<'a> {
    /// The last stream its sender looked at, or may yet.
    pub last: u32,
    /// Why.
    pub code: ErrorCode,
    /// Words of its sender, for the log; escape them there.
    pub debug: &'a [u8],
}

/// Reads a `GOAWAY` frame.
///
/// # Errors
/// When it is shorter than eight bytes.
pub fn go_away(payload: &[u8]) -> Result<GoAway<'_>, FrameError> {
    let (last, rest) = payload.split_first_chunk::<4>().ok_or(FrameError::Size)?;
    let (code, debug) = rest.split_first_chunk::<4>().ok_or(FrameError::Size)?;
    let last = u32::from_be_bytes(*last) & STREAM_MASK;
    Ok(GoAway { last, code: ErrorCode::from_number(u32::from_be_bytes(*code)), debug })
}

/// Reads a `WINDOW_UPDATE` frame: the increment, which may be a forbidden 0
/// (RFC 9113, section 6.9).
///
/// # Errors
/// When it isn't four bytes long.
pub fn window_update(payload: &[u8]) -> Result<u32, FrameError> {
    Ok(u32::from_be_bytes(exactly(payload)?) & STREAM_MASK)
}

fn exactly<const N: usize>(payload: &[u8]) -> Result<[u8; N], FrameError> {
    payload.try_into().map_err(|_| FrameError::Size)
}

/// Takes the length of the padding off the front.
fn padding_of<'a>(head: &FrameHead, payload: &'a [u8]) -> Result<(&'a [u8], usize), FrameError> {
    if !head.has(PADDED) {
        return Ok((payload, 0));
    }
    let (length, rest) = payload.split_first().ok_or(FrameError::Size)?;
    Ok((rest, usize::from(*length)))
}

/// Takes the padding off the back.
fn without(payload: &[u8], padding: usize) -> Result<&[u8], FrameError> {
    let length = payload.len().checked_sub(padding).ok_or(FrameError::Padding)?;
    Ok(payload.get(..length).unwrap_or_default())
}
