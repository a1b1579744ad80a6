//! Heads and trailers on their way out (RFC 9113, section 8). It writes what
//! it is given, in the order it is given; which fields go on is the proxy's
//! matter.

use super::event::{RequestLine, SendError, StreamId};
use super::state::{Machine, TableNotice};
use super::stream::{Asked, Half, Stream};
use crate::http2::hpack;

/// What is kept of the buffer that blocks are encoded in.
const KEPT_BYTES: usize = 16 * 1024;
/// What each field counts besides its bytes (RFC 9113, section 6.5.2).
const FIELD_BYTES: usize = 32;
/// Says that our encoder keeps no table (RFC 7541, section 6.3).
const NO_TABLE: u8 = 0x20;

/// A header block being written. Nothing goes out before `send`; dropped
/// without it, nothing has happened.
#[derive(Debug)]
pub struct Block<'a> {
    machine: &'a mut Machine,
    kind: Kind,
    bytes: Vec<u8>,
    /// As the peer counts it.
    size: usize,
    is_malformed: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Request(Asked),
    Response(StreamId, u16),
    Trailers(StreamId),
}

impl Machine {
    /// Client: begins a request on a new stream.
    pub fn open(&mut self, line: RequestLine<'_>) -> Block<'_> {
        let mut block = self.block(Kind::Request(Asked::of(line.method)));
        block.request_line(&line);
        block
    }

    /// Server: begins an interim (1xx) or the final response.
    pub fn response(&mut self, stream: StreamId, status: u16) -> Block<'_> {
        let mut block = self.block(Kind::Response(stream, status));
        block.is_malformed = !(100..600).contains(&status) || status == 101;
        hpack::encode_status(&mut block.bytes, status);
        block
    }

    /// Begins the trailers, which end this side of the stream.
    pub fn trailers_out(&mut self, stream: StreamId) -> Block<'_> {
        self.block(Kind::Trailers(stream))
    }

    fn block(&mut self, kind: Kind) -> Block<'_> {
        let mut bytes = std::mem::take(&mut self.scratch);
        bytes.clear();
        if self.table == TableNotice::Due {
            bytes.push(NO_TABLE);
        }
        Block { machine: self, kind, bytes, size: 0, is_malformed: false }
    }

    /// Client: makes the stream of a request.
    fn begin(&mut self, asked: Asked) -> Result<StreamId, SendError> {
        if !self.is_open_for_streams() {
            return Err(SendError::Closing);
        }
        if !self.can_open() {
            return Err(SendError::Full);
        }
        let id = StreamId(self.next_id());
        let mut stream = Stream::new(self.peer.initial_window_size, self.window_now());
        (stream.asked, stream.is_told) = (asked, true);
        self.note_opened(id);
        self.streams.insert(id, stream);
        Ok(id)
    }

    /// The stream, if it stands where this block may go out.
    fn expect(&self, id: StreamId, wanted: Half) -> Result<StreamId, SendError> {
        let stream = self.streams.get(id).filter(|stream| !stream.is_reset && !self.is_over);
        match stream.map(|stream| stream.sending) {
            None | Some(Half::Ended) => Err(SendError::StreamClosed),
            Some(half) if half == wanted => Ok(id),
            Some(_) => Err(SendError::OutOfOrder),
        }
    }
}

impl Block<'_> {
    fn request_line(&mut self, line: &RequestLine<'_>) {
        let is_tunnel = line.method == "CONNECT" && line.protocol.is_none();
        let out = &mut self.bytes;
        let mut is_proper = hpack::encode_method(out, line.method);
        if !is_tunnel {
            is_proper &= hpack::encode_scheme(out, line.scheme);
            is_proper &= hpack::encode_path(out, line.path);
        }
        is_proper &= hpack::encode_authority(out, line.authority);
        if let Some(protocol) = line.protocol {
            is_proper &= line.method == "CONNECT" && hpack::encode_protocol(out, protocol);
        }
        self.is_malformed = !is_proper;
        let names = ":method:scheme:path:authority".len() + 4 * FIELD_BYTES;
        self.size = names
            + [line.method, line.scheme, line.path, line.authority]
                .map(str::len)
                .iter()
                .sum::<usize>();
    }

    /// Adds a field; the name goes out in lower case. Adds nothing and gives
    /// `false` for what can't stand in a header block: a name that is no token,
    /// a value with a control character, a field of HTTP/1 connections.
    pub fn field(&mut self, name: &str, value: &[u8]) -> bool {
        let is_proper = hpack::encode_field(&mut self.bytes, name, value);
        if is_proper {
            self.size = self.size.saturating_add(name.len() + value.len() + FIELD_BYTES);
        }
        is_proper
    }

    /// Sends it; `end` ends this side of the stream (trailers always do).
    ///
    /// # Errors
    /// When it can't be sent; nothing was written then.
    pub fn send(mut self, end: bool) -> Result<StreamId, SendError> {
        let placed = self.place(end);
        let Self { machine, kind, mut bytes, .. } = self;
        if let Ok(id) = placed {
            machine.put_head(id, &bytes, kind.ends(end));
            machine.note_sent(id, kind, kind.ends(end));
        }
        if bytes.capacity() > KEPT_BYTES {
            bytes = Vec::new();
        }
        machine.scratch = bytes;
        placed
    }

    /// The stream this goes out on, if it may.
    fn place(&mut self, end: bool) -> Result<StreamId, SendError> {
        if self.is_malformed {
            return Err(SendError::Malformed);
        }
        match self.kind {
            Kind::Request(_) if self.is_too_large() => Err(SendError::TooLarge),
            Kind::Request(asked) => self.machine.begin(asked),
            Kind::Response(_, 100..200) if end => Err(SendError::OutOfOrder),
            Kind::Response(id, _) => self.machine.expect(id, Half::Head),
            Kind::Trailers(id) => self.machine.expect(id, Half::Body),
        }
    }

    fn is_too_large(&self) -> bool {
        let max = self.machine.peer.max_header_list_size;
        max.is_some_and(|max| self.size > usize::try_from(max).unwrap_or(usize::MAX))
    }
}

impl Kind {
    const fn ends(self, end: bool) -> bool {
        end || matches!(self, Self::Trailers(_))
    }
}

impl Machine {
    fn put_head(&mut self, id: StreamId, block: &[u8], end: bool) {
        if self.table == TableNotice::Due {
            self.table = TableNotice::Given;
        }
        self.output.head(id.0, block, end);
    }

    fn note_sent(&mut self, id: StreamId, kind: Kind, end: bool) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if matches!(kind, Kind::Response(_, 100..200)) {
            return;
        }
        stream.sending = if end { Half::Ended } else { Half::Body };
        let turn = std::mem::take(&mut stream.turn);
        self.drop_turn(turn);
        if end {
            self.note_finished(id);
        }
    }
}
