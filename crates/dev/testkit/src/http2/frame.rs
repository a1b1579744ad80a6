//! Frames of HTTP/2 (RFC 9113, section 4), written as an attacker likes them
//! and read without any opinion of them. Shares nothing with the product.

/// What a client begins with (section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames (section 6).
pub mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const SETTINGS: u8 = 4;
    pub const PUSH_PROMISE: u8 = 5;
    pub const PING: u8 = 6;
    pub const GOAWAY: u8 = 7;
    pub const WINDOW_UPDATE: u8 = 8;
    pub const CONTINUATION: u8 = 9;
}

/// Flags of frames. ACK is END_STREAM elsewhere.
pub mod flag {
    pub const ACK: u8 = 1;
    pub const END_STREAM: u8 = 1;
    pub const END_HEADERS: u8 = 4;
    pub const PADDED: u8 = 8;
    pub const PRIORITY: u8 = 0x20;
}

/// Error codes (section 7).
pub mod code {
    pub const NO_ERROR: u32 = 0;
    pub const PROTOCOL_ERROR: u32 = 1;
    pub const INTERNAL_ERROR: u32 = 2;
    pub const FLOW_CONTROL_ERROR: u32 = 3;
    pub const STREAM_CLOSED: u32 = 5;
    pub const FRAME_SIZE_ERROR: u32 = 6;
    pub const REFUSED_STREAM: u32 = 7;
    pub const CANCEL: u32 = 8;
    pub const COMPRESSION_ERROR: u32 = 9;
    pub const ENHANCE_YOUR_CALM: u32 = 11;
}

/// Settings (section 6.5.2; RFC 8441).
pub mod setting {
    pub const HEADER_TABLE_SIZE: u16 = 1;
    pub const ENABLE_PUSH: u16 = 2;
    pub const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
    pub const MAX_FRAME_SIZE: u16 = 5;
    pub const ENABLE_CONNECT_PROTOCOL: u16 = 8;
}

/// One frame as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// Takes the first whole frame from `bytes`.
    pub fn take(bytes: &[u8]) -> Option<(Self, usize)> {
        let [a, b, c, kind, flags, stream @ ..] = *bytes.first_chunk::<9>()?;
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap();
        let payload = bytes.get(9..9 + length)?.to_vec();
        let stream = u32::from_be_bytes(stream) & 0x7fff_ffff;
        Some((Self { kind, flags, stream, payload }, 9 + length))
    }

    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    /// The number that its payload has at `at`.
    pub fn number(&self, at: usize) -> u32 {
        let four = self.payload.get(at..at + 4).and_then(|four| four.first_chunk());
        four.map_or(0, |four| u32::from_be_bytes(*four))
    }

    /// The payload of DATA or HEADERS without padding and priority.
    pub fn content(&self) -> &[u8] {
        let (mut from, mut to) = (0, self.payload.len());
        if self.has(flag::PADDED) {
            from = 1;
            to -= usize::from(self.payload[0]);
        }
        if self.kind == kind::HEADERS && self.has(flag::PRIORITY) {
            from += 5;
        }
        &self.payload[from..to]
    }

    /// Pairs of a SETTINGS frame.
    pub fn settings(&self) -> Vec<(u16, u32)> {
        let pair = |six: &[u8]| {
            let [a, b, value @ ..] = *six.first_chunk::<6>().unwrap();
            (u16::from_be_bytes([a, b]), u32::from_be_bytes(value))
        };
        self.payload.chunks_exact(6).map(pair).collect()
    }
}

/// Any frame at all; its length says the truth.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    let stream = stream.to_be_bytes();
    [&length[1..], &[kind, flags], &stream, payload].concat()
}

/// A frame's head that announces a payload of any length.
pub fn frame_head(length: u32, kind: u8, flags: u8, stream: u32) -> Vec<u8> {
    [&length.to_be_bytes()[1..], &[kind, flags], &stream.to_be_bytes()].concat()
}

/// A whole header block in one frame.
pub fn headers(stream: u32, block: &[u8], end: bool) -> Vec<u8> {
    frame(kind::HEADERS, flag::END_HEADERS | u8::from(end), stream, block)
}

/// A whole header block in as many frames as it needs.
pub fn long_headers(stream: u32, block: &[u8], end: bool) -> Vec<u8> {
    let (first, rest) = block.split_at(block.len().min(16_384));
    if rest.is_empty() {
        return headers(stream, block, end);
    }
    let mut frames = frame(kind::HEADERS, u8::from(end), stream, first);
    let count = rest.chunks(16_384).count();
    for (at, part) in rest.chunks(16_384).enumerate() {
        frames.extend(continuation(stream, part, at + 1 == count));
    }
    frames
}

pub fn data(stream: u32, bytes: &[u8], end: bool) -> Vec<u8> {
    frame(kind::DATA, u8::from(end), stream, bytes)
}

/// DATA with so many bytes of padding.
pub fn padded(stream: u32, bytes: &[u8], padding: u8) -> Vec<u8> {
    let zeros = vec![0; usize::from(padding)];
    frame(kind::DATA, flag::PADDED, stream, &[&[padding], bytes, &zeros].concat())
}

pub fn rst(stream: u32, code: u32) -> Vec<u8> {
    frame(kind::RST_STREAM, 0, stream, &code.to_be_bytes())
}

pub fn settings(pairs: &[(u16, u32)]) -> Vec<u8> {
    let pair =
        |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()[..]].concat();
    let payload: Vec<u8> = pairs.iter().flat_map(pair).collect();
    frame(kind::SETTINGS, 0, 0, &payload)
}

pub fn settings_ack() -> Vec<u8> {
    frame(kind::SETTINGS, flag::ACK, 0, &[])
}

pub fn ping(number: u64) -> Vec<u8> {
    frame(kind::PING, 0, 0, &number.to_be_bytes())
}

pub fn goaway(last: u32, code: u32) -> Vec<u8> {
    frame(kind::GOAWAY, 0, 0, &[last.to_be_bytes(), code.to_be_bytes()].concat())
}

pub fn window_update(stream: u32, credit: u32) -> Vec<u8> {
    frame(kind::WINDOW_UPDATE, 0, stream, &credit.to_be_bytes())
}

/// PRIORITY: `stream` shall depend on `on`.
pub fn priority(stream: u32, on: u32) -> Vec<u8> {
    frame(kind::PRIORITY, 0, stream, &[&on.to_be_bytes()[..], &[15]].concat())
}

pub fn continuation(stream: u32, block: &[u8], is_last: bool) -> Vec<u8> {
    frame(kind::CONTINUATION, u8::from(is_last) * flag::END_HEADERS, stream, block)
}
