//! A peer made of raw frames: it sends what it is told, right or wrong, and
//! reads what the machine answers.

use model::{Limits, Timestamp};

use super::super::{Event, Machine, StreamId};
use crate::http2::ErrorCode;
use crate::http2::frame::{self, FrameHead, HEAD_BYTES, Kind, PREFACE};
use crate::http2::hpack;

/// A frame the machine wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    pub(super) flags: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

/// One machine and the time it is told.
pub(super) struct Raw {
    pub(super) machine: Machine,
    pub(super) now: Timestamp,
    /// What the machine hasn't used yet.
    pub(super) unused: Vec<u8>,
}

impl Raw {
    /// A server whose peer has greeted it; the greeting's answers are read.
    pub(super) fn server(limits: &Limits) -> Self {
        let mut raw = Self::new(Machine::server(limits));
        let mut hello = PREFACE.to_vec();
        hello.extend(settings(&[]));
        raw.feed(&hello);
        raw.frames();
        raw
    }

    /// A client whose peer has greeted it.
    pub(super) fn client(limits: &Limits) -> Self {
        let mut raw = Self::new(Machine::client(limits));
        raw.machine.sent(PREFACE.len());
        raw.feed(&settings(&[]));
        raw.frames();
        raw
    }

    pub(super) fn new(machine: Machine) -> Self {
        Self { machine, now: Timestamp(1_000_000), unused: Vec::new() }
    }

    /// Gives bytes to the machine.
    pub(super) fn feed(&mut self, bytes: &[u8]) {
        self.unused.extend_from_slice(bytes);
        let used = self.machine.receive(&self.unused, self.now);
        self.unused.drain(..used);
    }

    /// Gives frames to the machine, one after the other.
    pub(super) fn feed_all(&mut self, frames: &[Vec<u8>]) {
        for frame in frames {
            self.feed(frame);
        }
    }

    /// Reads what the machine has written.
    pub(super) fn frames(&mut self) -> Vec<Frame> {
        let bytes = self.machine.output().to_vec();
        self.machine.sent(bytes.len());
        parse(&bytes)
    }

    /// The same without what belongs to flow control and SETTINGS.
    pub(super) fn answers(&mut self) -> Vec<Frame> {
        let mut frames = self.frames();
        frames.retain(|frame| !matches!(frame.kind, Kind::WindowUpdate | Kind::Settings));
        frames
    }

    pub(super) fn events(&mut self) -> Vec<Event> {
        std::iter::from_fn(|| self.machine.event()).collect()
    }

    /// The events of streams in short: `request 1`, `data 1`, `end 1`.
    pub(super) fn told(&mut self) -> Vec<String> {
        let events = self.events().into_iter();
        let events = events.filter(|event| !matches!(event, Event::Refused { .. }));
        events.map(|event| short(&event)).collect()
    }

    /// The refusals that are for the log: their code and words.
    pub(super) fn refusals(&mut self) -> Vec<(ErrorCode, String)> {
        let refusals = self.events().into_iter().filter_map(|event| match event {
            Event::Refused { code, why } => Some((code, why)),
            _ => None,
        });
        refusals.collect()
    }

    /// Asserts that the connection has ended with this code, and says so.
    #[track_caller]
    pub(super) fn assert_ended(&mut self, code: ErrorCode) {
        assert!(self.machine.is_over(), "the connection goes on");
        assert_eq!(self.machine.error().map(|(code, _)| code), Some(code));
        let frames = self.frames();
        let last = frames.last().expect("a frame");
        assert_eq!((last.kind, code_of(last)), (Kind::GoAway, code), "{frames:?}");
    }

    /// Asserts that this stream was reset with this code, and nothing else
    /// was; the connection goes on.
    #[track_caller]
    pub(super) fn assert_reset(&mut self, stream: u32, code: ErrorCode) {
        assert!(!self.machine.is_over(), "{:?}", self.machine.error());
        let answers = self.answers();
        let resets: Vec<_> = answers.iter().map(|f| (f.kind, f.stream, code_of(f))).collect();
        assert_eq!(resets, [(Kind::ResetStream, stream, code)]);
    }

    /// Asserts that nothing is wrong, and that nothing was answered.
    #[track_caller]
    pub(super) fn assert_fine(&mut self) {
        assert!(!self.machine.is_over(), "{:?}", self.machine.error());
        assert_eq!(self.answers(), []);
    }
}

pub(super) fn parse(mut bytes: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let Some(head) = FrameHead::read(bytes) {
        let end = HEAD_BYTES + head.length;
        let payload = bytes[HEAD_BYTES..end].to_vec();
        frames.push(Frame { kind: head.kind, flags: head.flags, stream: head.stream, payload });
        bytes = &bytes[end..];
    }
    assert!(bytes.is_empty());
    frames
}

/// The code of a RST_STREAM or GOAWAY frame.
pub(super) fn code_of(frame: &Frame) -> ErrorCode {
    match frame.kind {
        Kind::ResetStream => frame::reset_stream(&frame.payload).unwrap(),
        Kind::GoAway => frame::go_away(&frame.payload).unwrap().code,
        _ => panic!("{frame:?} has no code"),
    }
}

fn short(event: &Event) -> String {
    match event {
        Event::Request { stream, is_end: true, .. } => format!("request {stream} end"),
        Event::Request { stream, .. } => format!("request {stream}"),
        Event::TooLarge { stream } => format!("too large {stream}"),
        Event::Response { stream, head, is_end: true } => {
            format!("response {stream} {} end", head.status())
        }
        Event::Response { stream, head, .. } => format!("response {stream} {}", head.status()),
        Event::Data { stream } => format!("data {stream}"),
        Event::End { stream } => format!("end {stream}"),
        Event::Reset { stream, code, by_peer: true } => format!("reset {stream} {code} by peer"),
        Event::Reset { stream, code, .. } => format!("reset {stream} {code}"),
        Event::Room { stream } => format!("room {stream}"),
        Event::GoAway { code } => format!("goaway {code}"),
        Event::Refused { code, .. } => format!("refused {code}"),
    }
}

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let kind = Kind::from_number(kind);
    FrameHead { length: payload.len(), kind, flags, stream }.write(&mut out);
    out.extend_from_slice(payload);
    out
}

pub(super) fn settings(values: &[(u16, u32)]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write_settings(&mut out, values);
    out
}

pub(super) fn settings_ack() -> Vec<u8> {
    frame(4, 1, 0, &[])
}

pub(super) fn ping() -> Vec<u8> {
    frame(6, 0, 0, b"12345678")
}

pub(super) fn window(stream: u32, by: u32) -> Vec<u8> {
    frame(8, 0, stream, &by.to_be_bytes())
}

pub(super) fn reset(stream: u32, code: ErrorCode) -> Vec<u8> {
    frame(3, 0, stream, &code.number().to_be_bytes())
}

pub(super) fn go_away(last: u32, code: ErrorCode) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write_go_away(&mut out, last, code, b"words");
    out
}

pub(super) fn data(stream: u32, bytes: &[u8], end: bool) -> Vec<u8> {
    frame(0, u8::from(end), stream, bytes)
}

/// DATA with so many bytes of padding behind its bytes.
pub(super) fn padded(stream: u32, bytes: &[u8], padding: u8, end: bool) -> Vec<u8> {
    let mut payload = vec![padding];
    payload.extend_from_slice(bytes);
    payload.extend(std::iter::repeat_n(0, usize::from(padding)));
    frame(0, 8 | u8::from(end), stream, &payload)
}

/// A field block of these fields, pseudo-fields by their names.
pub(super) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        literal(&mut out, name, value);
    }
    out
}

/// A literal without indexing, with a new name, whatever it says.
fn literal(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(0);
    for text in [name, value] {
        match u8::try_from(text.len()) {
            Ok(length @ 0..127) => out.push(length),
            _ => {
                out.push(0x7f);
                let mut rest = text.len() - 127;
                while rest >= 128 {
                    out.push(0x80 | (rest % 128) as u8);
                    rest /= 128;
                }
                out.push(rest as u8);
            }
        }
        out.extend_from_slice(text.as_bytes());
    }
}

pub(super) fn headers(stream: u32, fields: &[(&str, &str)], end: bool) -> Vec<u8> {
    frame(1, 4 | u8::from(end), stream, &block(fields))
}

pub(super) const GET: &[(&str, &str)] =
    &[(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/")];
pub(super) const POST: &[(&str, &str)] =
    &[(":method", "POST"), (":scheme", "https"), (":authority", "a.test"), (":path", "/")];

/// A request without a body.
pub(super) fn get(stream: u32) -> Vec<u8> {
    headers(stream, GET, true)
}

/// A request whose body is still to come.
pub(super) fn post(stream: u32) -> Vec<u8> {
    headers(stream, POST, false)
}

/// A request whose body has this length.
pub(super) fn post_of(stream: u32, length: &str) -> Vec<u8> {
    headers(stream, &[POST, &[("content-length", length)]].concat(), false)
}

/// The head of a response.
pub(super) fn answer(stream: u32, status: &str, end: bool) -> Vec<u8> {
    headers(stream, &[(":status", status)], end)
}

pub(super) const fn id(stream: u32) -> StreamId {
    StreamId(stream)
}

/// What a HEADERS frame of the machine says.
pub(super) fn fields_of(frame: &Frame) -> Vec<(String, String)> {
    let mut list = hpack::FieldList::new();
    hpack::Decoder::new().decode(&frame.payload, &mut list, &Limits::default()).unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    list.iter().map(|(name, value)| (text(name), text(value))).collect()
}
