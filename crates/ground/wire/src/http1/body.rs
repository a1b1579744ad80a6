//! Where a body begins and ends in the bytes of a connection (RFC 9112,
//! sections 6 and 7). It consumes what it has looked at, says which part is
//! body, and copies nothing; only trailers are kept.

use std::ops::Range;

use model::Limits;

use super::error::BodyError;
use super::scan::Caps;
use crate::http::{Framing, Progress, Trailers, Underscores};

/// Digits of a chunk size, leading zeros included.
const SIZE_DIGITS_MAX: u8 = 16;
/// No chunk is larger; what is left of the 64 bits is for careless readers.
const SIZE_MAX: u64 = i64::MAX as u64;
/// How many bytes of framing may outweigh the data of a message. Each byte of
/// data pays for two, so that only endless tiny chunks get here (H1-10).
const OVERHEAD_MAX: u64 = 1024 * 1024;

/// What one look at the input gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Bytes of the input that are done with, data included.
    pub used: usize,
    /// Which of them are body data; at most one stretch per step.
    pub data: Range<usize>,
    /// Whether the message ends after these bytes.
    pub done: bool,
}

/// Reads the body of one message.
#[derive(Clone, Debug)]
pub struct BodyDecoder {
    state: State,
    line_bytes: usize,
    extension_bytes: usize,
    overhead: u64,
    trailer: Vec<u8>,
    progress: Progress,
    trailers: Trailers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Length(u64),
    UntilClose,
    /// In a chunk size: the value so far and its digits.
    Size(u64, u8),
    /// In an extension of a chunk of this size.
    Extension(u64, Quotes),
    /// Behind the carriage return of a chunk-size line.
    SizeFeed(u64),
    /// So many bytes of chunk data to come, at least one.
    Data(u64),
    /// Behind chunk data: its carriage return, its line feed.
    DataReturn,
    DataFeed,
    Trailer,
    Done,
}

/// Where in a quoted string an extension stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Quotes {
    Outside,
    Inside,
    Escaped,
}

impl BodyDecoder {
    /// A decoder for one message.
    #[must_use]
    pub fn new(framing: Framing) -> Self {
        Self {
            state: State::begin(framing),
            line_bytes: 0,
            extension_bytes: 0,
            overhead: 0,
            trailer: Vec::new(),
            progress: Progress::default(),
            trailers: Trailers::default(),
        }
    }

    /// Makes it ready for the next message and keeps its buffers.
    pub fn reset(&mut self, framing: Framing) {
        self.state = State::begin(framing);
        (self.line_bytes, self.extension_bytes, self.overhead) = (0, 0, 0);
        self.trailer.clear();
        self.progress = Progress::default();
        self.trailers.clear();
    }

    /// Looks at `input`, the bytes not yet used, and says what they are. Call
    /// it again with the rest. When nothing is used and it isn't done, more
    /// input is needed; that is so only for an empty input.
    ///
    /// # Errors
    /// When the framing is malformed or larger than allowed. The same bytes
    /// give the same data and the same end however they are split over calls.
    pub fn decode(&mut self, input: &[u8], limits: &Limits) -> Result<Step, BodyError> {
        let mut used = 0;
        while let Some(byte) = input.get(used).copied() {
            if let Some(left) = self.data_left() {
                let length = usize::try_from(left).unwrap_or(usize::MAX).min(input.len() - used);
                self.take_data(length);
                let data = used..used + length;
                return Ok(Step { used: data.end, data, done: self.is_done() });
            }
            if self.is_done() {
                break;
            }
            self.state = self.take_byte(byte, limits)?;
            used += 1;
        }
        Ok(Step { used, data: used..used, done: self.is_done() })
    }

    /// Bytes of data that come next; `None` when framing comes next.
    const fn data_left(&self) -> Option<u64> {
        match self.state {
            State::Length(left) | State::Data(left) => Some(left),
            State::UntilClose => Some(u64::MAX),
            _ => None,
        }
    }

    fn take_data(&mut self, length: usize) {
        let length = length as u64;
        self.overhead = self.overhead.saturating_sub(length.saturating_mul(2));
        self.state = match self.state {
            State::Length(left) if left <= length => State::Done,
            State::Length(left) => State::Length(left - length),
            State::Data(left) if left <= length => State::DataReturn,
            State::Data(left) => State::Data(left - length),
            other => other,
        };
    }

    fn take_byte(&mut self, byte: u8, limits: &Limits) -> Result<State, BodyError> {
        if self.state == State::Trailer {
            return self.take_trailer(byte, limits);
        }
        self.overhead += 1;
        if self.overhead > OVERHEAD_MAX {
            return Err(BodyError::Overhead);
        }
        match (self.state, byte) {
            (State::Size(size, digits), byte) => self.take_size(size, digits, byte),
            (State::Extension(size, quotes), byte) => {
                self.take_extension(size, quotes.after(byte)?, byte, limits)
            }
            (State::SizeFeed(0), b'\n') => Ok(State::Trailer),
            (State::SizeFeed(size), b'\n') => Ok(State::Data(size)),
            (State::DataReturn, b'\r') => Ok(State::DataFeed),
            (State::DataFeed, b'\n') => Ok(State::Size(0, 0)),
            _ => Err(BodyError::LineEnd),
        }
    }

    fn take_size(&mut self, size: u64, digits: u8, byte: u8) -> Result<State, BodyError> {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            b'A'..=b'F' => byte - b'A' + 10,
            b'\r' if digits > 0 => return Ok(State::SizeFeed(size)),
            b';' if digits > 0 => {
                self.line_bytes = usize::from(digits) + 1;
                self.extension_bytes += 1;
                return Ok(State::Extension(size, Quotes::Outside));
            }
            b'\n' => return Err(BodyError::LineEnd),
            _ => return Err(BodyError::Size),
        };
        let size = size.checked_mul(16).and_then(|size| size.checked_add(u64::from(digit)));
        match size.filter(|size| digits < SIZE_DIGITS_MAX && *size <= SIZE_MAX) {
            Some(size) => Ok(State::Size(size, digits + 1)),
            None => Err(BodyError::SizeTooLarge),
        }
    }

    fn take_extension(
        &mut self,
        size: u64,
        quotes: Option<Quotes>,
        byte: u8,
        limits: &Limits,
    ) -> Result<State, BodyError> {
        let Some(quotes) = quotes else {
            return if byte == b'\n' { Err(BodyError::LineEnd) } else { Ok(State::SizeFeed(size)) };
        };
        self.line_bytes += 1;
        self.extension_bytes += 1;
        // The line's end counts too.
        let is_too_long = self.line_bytes.saturating_add(2) > limits.chunk_line_bytes_max
            || self.extension_bytes > limits.chunk_extension_bytes_max;
        if is_too_long {
            Err(BodyError::ExtensionTooLong)
        } else {
            Ok(State::Extension(size, quotes))
        }
    }

    fn take_trailer(&mut self, byte: u8, limits: &Limits) -> Result<State, BodyError> {
        self.trailer.push(byte);
        let caps = Caps {
            first_line: usize::MAX,
            total: limits.trailer_bytes_max.max(2),
            lines: limits.header_count_max,
        };
        let Some(length) = self.progress.advance(&self.trailer, &caps)? else {
            return Ok(State::Trailer);
        };
        let lines = self.trailer.get(..length.saturating_sub(2)).unwrap_or_default();
        self.trailers.section.read_fields(lines, Underscores::Passed)?;
        self.trailers.judge();
        Ok(State::Done)
    }

    /// Whether the message has ended.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == State::Done
    }

    /// The trailer fields that may go on: never framing, routing, identity or
    /// anything else that belongs into a head (RFC 9110, section 6.5.1). Empty
    /// until the message has ended.
    pub fn trailers(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.trailers.fields()
    }

    /// Tells that the connection has ended.
    ///
    /// # Errors
    /// When the body hadn't: it is truncated.
    pub fn at_eof(&mut self) -> Result<(), BodyError> {
        if self.state == State::UntilClose {
            self.state = State::Done;
        }
        if self.is_done() { Ok(()) } else { Err(BodyError::Truncated) }
    }
}

impl State {
    const fn begin(framing: Framing) -> Self {
        match framing {
            Framing::None | Framing::Length(0) => Self::Done,
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Size(0, 0),
            Framing::UntilClose => Self::UntilClose,
        }
    }
}

impl Quotes {
    /// Where the next byte of an extension leads; `None` when it ends the
    /// line. A line can't end inside a quotation: readers disagree about such.
    const fn after(self, byte: u8) -> Result<Option<Self>, BodyError> {
        match (self, byte) {
            (Self::Outside, b'\r' | b'\n') => Ok(None),
            (Self::Outside, b'"') => Ok(Some(Self::Inside)),
            (Self::Inside, b'"') => Ok(Some(Self::Outside)),
            (Self::Inside, b'\\') => Ok(Some(Self::Escaped)),
            (Self::Escaped, b'\t' | b' '..=b'~') => Ok(Some(Self::Inside)),
            (quotes, b'\t' | b' '..=b'~') => Ok(Some(quotes)),
            _ => Err(BodyError::Extension),
        }
    }
}
