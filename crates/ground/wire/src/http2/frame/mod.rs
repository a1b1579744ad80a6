//! Frames: nine bytes of head and a payload (RFC 9113, sections 4 and 6). It
//! reads and writes one at a time; which may come when is the machine's matter.

mod read;
mod write;

pub use read::{
    FrameError, GoAway, Headers, Priority, data, go_away, headers, ping, priority, reset_stream,
    settings, window_update,
};
pub use write::{
    write_data, write_data_head, write_go_away, write_headers, write_ping, write_reset_stream,
    write_settings, write_settings_ack, write_window_update,
};

/// What a client sends before its first frame (RFC 9113, section 3.4).
pub const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// The bytes of a frame head.
pub const HEAD_BYTES: usize = 9;
/// The payload every peer takes, and the largest one we take.
pub const PAYLOAD_BYTES: usize = 16_384;

/// `DATA`, `HEADERS`: the sender's last frame with content.
pub const END_STREAM: u8 = 0x1;
/// `SETTINGS`, `PING`: the answer to one.
pub const ACK: u8 = 0x1;
/// `HEADERS`, `CONTINUATION`: the field block is complete.
pub const END_HEADERS: u8 = 0x4;
/// `DATA`, `HEADERS`: with padding.
pub const PADDED: u8 = 0x8;
/// `HEADERS`: with a priority.
pub const PRIORITY: u8 = 0x20;

/// What a frame is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Content of a message.
    Data,
    /// A field block, or its beginning.
    Headers,
    /// Advice nobody follows any more.
    Priority,
    /// The end of a stream at once.
    ResetStream,
    /// What the sender wants of the connection.
    Settings,
    /// A response nobody asked for.
    PushPromise,
    /// A question whether the other side is there.
    Ping,
    /// The end of new streams.
    GoAway,
    /// Room for more content.
    WindowUpdate,
    /// More of a field block.
    Continuation,
    /// None of these: to be passed over (RFC 9113, section 5.5).
    Unknown(u8),
}

impl Kind {
    /// The kind of this number.
    #[must_use]
    pub const fn from_number(number: u8) -> Self {
        match number {
            0 => Self::Data,
            1 => Self::Headers,
            2 => Self::Priority,
            3 => Self::ResetStream,
            4 => Self::Settings,
            5 => Self::PushPromise,
            6 => Self::Ping,
            7 => Self::GoAway,
            8 => Self::WindowUpdate,
            9 => Self::Continuation,
            other => Self::Unknown(other),
        }
    }

    /// Its number on the wire.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Data => 0,
            Self::Headers => 1,
            Self::Priority => 2,
            Self::ResetStream => 3,
            Self::Settings => 4,
            Self::PushPromise => 5,
            Self::Ping => 6,
            Self::GoAway => 7,
            Self::WindowUpdate => 8,
            Self::Continuation => 9,
            Self::Unknown(number) => number,
        }
    }
}

/// The head of a frame (RFC 9113, section 4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameHead {
    /// Bytes of the payload, below 2^24. Flow control counts all of them.
    pub length: usize,
    /// What it is for.
    pub kind: Kind,
    /// The flags, known or not.
    pub flags: u8,
    /// The stream, below 2^31; 0 is the connection.
    pub stream: u32,
}

impl FrameHead {
    /// Reads the head at the beginning of `input`; `None` when there are fewer
    /// than nine bytes. The reserved bit is passed over.
    #[must_use]
    pub fn read(input: &[u8]) -> Option<Self> {
        let [a, b, c, kind, flags, id @ ..] = *input.first_chunk::<HEAD_BYTES>()?;
        Some(Self {
            length: usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c),
            kind: Kind::from_number(kind),
            flags,
            stream: u32::from_be_bytes(id) & STREAM_MASK,
        })
    }

    /// Writes it; a length or stream beyond its bits loses the upper ones.
    pub fn write(&self, out: &mut Vec<u8>) {
        let length = u32::try_from(self.length).unwrap_or(u32::MAX);
        let [_, a, b, c] = length.to_be_bytes();
        let [d, e, f, g] = (self.stream & STREAM_MASK).to_be_bytes();
        out.extend_from_slice(&[a, b, c, self.kind.number(), self.flags, d, e, f, g]);
    }

    /// Whether a flag is set.
    #[must_use]
    pub const fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Stream ids and window increments have 31 bits.
const STREAM_MASK: u32 = 0x7fff_ffff;

#[cfg(test)]
mod tests;
