//! Writes frames behind what is in the caller's buffer. It pads nothing and
//! sets no priorities.

use super::{ACK, END_HEADERS, END_STREAM, FrameHead, Kind, STREAM_MASK};
use crate::http2::error::ErrorCode;

/// Writes the head of a `DATA` frame; `length` bytes have to follow.
pub fn write_data_head(out: &mut Vec<u8>, stream: u32, length: usize, end: bool) {
    let flags = if end { END_STREAM } else { 0 };
    FrameHead { length, kind: Kind::Data, flags, stream }.write(out);
}

/// Writes a `DATA` frame; the caller keeps to the peer's frame size.
pub fn write_data(out: &mut Vec<u8>, stream: u32, bytes: &[u8], end: bool) {
    write_data_head(out, stream, bytes.len(), end);
    out.extend_from_slice(bytes);
}

/// Writes a field block as a `HEADERS` frame and as many `CONTINUATION` frames
/// as the peer's frame size asks for.
pub fn write_headers(
    out: &mut Vec<u8>,
    stream: u32,
    (block, end): (&[u8], bool),
    payload_max: usize,
) {
    let mut flags = if end { END_STREAM } else { 0 };
    let (mut kind, mut rest) = (Kind::Headers, block);
    loop {
        let length = rest.len().min(payload_max.max(1));
        let (part, after) = rest.split_at_checked(length).unwrap_or((rest, &[]));
        if after.is_empty() {
            flags |= END_HEADERS;
        }
        FrameHead { length: part.len(), kind, flags, stream }.write(out);
        out.extend_from_slice(part);
        if after.is_empty() {
            return;
        }
        (kind, flags, rest) = (Kind::Continuation, 0, after);
    }
}

/// Writes a `RST_STREAM` frame.
pub fn write_reset_stream(out: &mut Vec<u8>, stream: u32, code: ErrorCode) {
    FrameHead { length: 4, kind: Kind::ResetStream, flags: 0, stream }.write(out);
    out.extend_from_slice(&code.number().to_be_bytes());
}

/// Writes a `SETTINGS` frame of identifiers and values.
pub fn write_settings(out: &mut Vec<u8>, settings: &[(u16, u32)]) {
    let length = settings.len().saturating_mul(6);
    FrameHead { length, kind: Kind::Settings, flags: 0, stream: 0 }.write(out);
    for (id, value) in settings {
        out.extend_from_slice(&id.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// Acknowledges a `SETTINGS` frame.
pub fn write_settings_ack(out: &mut Vec<u8>) {
    FrameHead { length: 0, kind: Kind::Settings, flags: ACK, stream: 0 }.write(out);
}

/// Writes a `PING` frame, or the answer to one.
pub fn write_ping(out: &mut Vec<u8>, data: [u8; 8], is_answer: bool) {
    let flags = if is_answer { ACK } else { 0 };
    FrameHead { length: 8, kind: Kind::Ping, flags, stream: 0 }.write(out);
    out.extend_from_slice(&data);
}

/// Writes a `GOAWAY` frame; `debug` is for the other side's log.
pub fn write_go_away(out: &mut Vec<u8>, last: u32, code: ErrorCode, debug: &[u8]) {
    let length = debug.len().saturating_add(8);
    FrameHead { length, kind: Kind::GoAway, flags: 0, stream: 0 }.write(out);
    out.extend_from_slice(&(last & STREAM_MASK).to_be_bytes());
    out.extend_from_slice(&code.number().to_be_bytes());
    out.extend_from_slice(debug);
}

/// Writes a `WINDOW_UPDATE` frame; stream 0 is the connection.
pub fn write_window_update(out: &mut Vec<u8>, stream: u32, increment: u32) {
    FrameHead { length: 4, kind: Kind::WindowUpdate, flags: 0, stream }.write(out);
    out.extend_from_slice(&(increment & STREAM_MASK).to_be_bytes());
}
