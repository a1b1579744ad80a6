//! Header blocks that come: put together, decoded, and read as what they are
//! at their place: a request, a response, trailers (RFC 9113, sections 4.3,
//! 6.2, 6.10 and 8.1).

use super::event::{Event, StreamId};
use super::fault::Fault;
use super::past::Past;
use super::state::{Ending, Machine, OpenBlock};
use super::stream::{Half, Stream};
use super::ward::Place;
use crate::http::{Framing, RequestHead, ResponseHead, Trailers};
use crate::http2::ErrorCode;
use crate::http2::frame::{self, FrameHead};
use crate::http2::{HpackError, MalformedHead};

/// What a new stream gives back to the peer's account of control frames.
const STREAM_GIVES: usize = 10;
/// So many times the largest head, and no more of a block is taken. Up to
/// there a caller gets its 431; FieldList is as patient.
const BLOCK_TIMES: usize = 4;
/// So many times the largest head may be held for open streams without having
/// been sent: named from the compression table, at a byte or two for each
/// field (HPACK bomb).
const BORROWED_TIMES: usize = 3;
/// What is kept of the buffer that blocks are put together in.
const KEPT_BYTES: usize = 16 * 1024;

impl Machine {
    pub(super) fn headers_frame(&mut self, head: &FrameHead, payload: &[u8]) -> Result<(), Fault> {
        let read = frame::headers(head, payload);
        let read = read.map_err(|e| Fault::Connection(e.code(), "HEADERS are malformed"))?;
        self.check_place(head.stream)?;
        let block = OpenBlock {
            id: StreamId(head.stream),
            end: head.has(frame::END_STREAM),
            is_own_parent: read.priority.is_some_and(|to| to.dependency == head.stream),
            continuations: 0,
            since: self.now,
        };
        if head.has(frame::END_HEADERS) {
            return self.whole_block(block, read.fragment);
        }
        self.reading.bytes.clear();
        self.reading.bytes.extend_from_slice(read.fragment);
        self.reading.block = Some(block);
        Ok(())
    }

    /// Whether a header block may begin for this stream (RFC 9113,
    /// sections 5.1 and 5.1.1).
    fn check_place(&self, id: u32) -> Result<(), Fault> {
        if id.is_multiple_of(2) {
            return Err(Fault::protocol("HEADERS for a stream its sender can't open"));
        }
        match self.place(id) {
            Place::Gone(Past::Ended) => Err(Fault::closed("HEADERS for a closed stream")),
            Place::Gone(Past::Skipped) => {
                Err(Fault::protocol("HEADERS for a stream before the last one"))
            }
            Place::Gone(Past::Idle) if !self.is_server => {
                Err(Fault::protocol("HEADERS for a stream nobody opened"))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn continuation_frame(
        &mut self,
        head: &FrameHead,
        payload: &[u8],
    ) -> Result<(), Fault> {
        let Some(mut block) = self.reading.block.take() else { return Ok(()) };
        block.continuations += 1;
        let size = self.reading.bytes.len().saturating_add(payload.len());
        if block.continuations > self.limits.http2_continuations_max
            || size > self.limits.head_bytes_max.saturating_mul(BLOCK_TIMES)
        {
            return Err(Fault::calm("a header block is longer than allowed"));
        }
        let mut bytes = std::mem::take(&mut self.reading.bytes);
        bytes.extend_from_slice(payload);
        let mut outcome = Ok(());
        if head.has(frame::END_HEADERS) {
            outcome = self.whole_block(block, &bytes);
            bytes = if bytes.capacity() > KEPT_BYTES { Vec::new() } else { bytes };
        } else {
            self.reading.block = Some(block);
        }
        self.reading.bytes = bytes;
        outcome
    }

    /// A complete block. It is decoded wherever it belongs, or the tables of
    /// both sides would differ from here on.
    fn whole_block(&mut self, block: OpenBlock, bytes: &[u8]) -> Result<(), Fault> {
        let decoded = self.decoder.decode(bytes, &mut self.fields, &self.limits);
        decoded.map_err(undecodable)?;
        let id = block.id;
        match self.place(id.0) {
            Place::Gone(Past::Idle) => return self.new_request(&block),
            Place::Gone(_) => return self.charge(1),
            Place::Live if block.is_own_parent => return Err(Fault::stream(id)),
            Place::Live => {}
        }
        match self.streams.get(id).map(|stream| stream.receiving) {
            Some(Half::Head) => self.response_head(&block),
            Some(Half::Body) => self.trailers_in(&block),
            _ => Err(Fault::Stream(id, ErrorCode::StreamClosed)),
        }
    }

    fn new_request(&mut self, block: &OpenBlock) -> Result<(), Fault> {
        let id = block.id;
        self.history.begin(id.0);
        // What holds if it gets no owner.
        self.history.end(id, if block.end { Past::Ended } else { Past::Cut });
        if matches!(self.ending, Ending::Last(last) if id.0 > last) {
            return self.charge(1);
        }
        if block.is_own_parent {
            return Err(Fault::stream(id));
        }
        if self.is_full() {
            return Err(Fault::Stream(id, ErrorCode::RefusedStream));
        }
        let borrowed = self.streams.borrowed().saturating_add(self.fields.borrowed());
        if borrowed > self.limits.head_bytes_max.saturating_mul(BORROWED_TIMES) {
            return Err(Fault::Stream(id, ErrorCode::RefusedStream));
        }
        let mut head = Box::new(RequestHead::new());
        let event = match head.read_http2(&self.fields, block.end, &self.limits) {
            Ok(()) => None,
            Err(MalformedHead::TooLarge) => Some(Event::TooLarge { stream: id }),
            Err(malformed) => {
                self.reading.why = Some(malformed.to_string());
                return Err(Fault::stream(id));
            }
        };
        self.accept(block, head.framing());
        let request = Event::Request { stream: id, head, is_end: block.end };
        self.events.push_back(event.unwrap_or(request));
        Ok(())
    }

    /// Whether no more requests are taken. A stream that has come to its end
    /// is free for its peer, who may open the next one before our owner has
    /// closed it; only so many of those, though.
    fn is_full(&self) -> bool {
        let max = self.limits.http2_streams_max;
        self.streams.unfinished() >= max || self.streams.len() >= max.saturating_mul(2)
    }

    fn accept(&mut self, block: &OpenBlock, framing: Framing) {
        let mut stream = Stream::new(self.peer.initial_window_size, self.window_now());
        stream.receiving = if block.end { Half::Ended } else { Half::Body };
        stream.borrowed = self.fields.borrowed();
        stream.length = match framing {
            Framing::Length(length) => Some(length),
            _ => None,
        };
        self.streams.insert(block.id, stream);
        self.control.give_back(STREAM_GIVES);
    }

    fn response_head(&mut self, block: &OpenBlock) -> Result<(), Fault> {
        let id = block.id;
        let Some(stream) = self.streams.get_mut(id) else { return Ok(()) };
        let mut head = Box::new(ResponseHead::new());
        let method = stream.asked.method();
        match head.read_http2(&self.fields, method, block.end) {
            Ok(()) => {}
            Err(MalformedHead::TooLarge) => return Err(too_much(id)),
            Err(_) => return Err(Fault::stream(id)),
        }
        if head.is_interim() {
            stream.interim = stream.interim.saturating_add(1);
            if stream.interim > self.limits.interim_responses_max {
                return Err(too_much(id));
            }
        } else {
            stream.receiving = if block.end { Half::Ended } else { Half::Body };
            stream.length = stream.asked.length_of(&head);
        }
        self.events.push_back(Event::Response { stream: id, head, is_end: block.end });
        self.note_finished(id);
        Ok(())
    }

    /// A block behind the head ends the stream, or is malformed (RFC 9113,
    /// section 8.1).
    fn trailers_in(&mut self, block: &OpenBlock) -> Result<(), Fault> {
        let id = block.id;
        // Names and values alone, as HTTP/1.1 has them: what one version lets
        // in must not break the link it goes on by.
        let size: usize = self.fields.iter().map(|(name, value)| name.len() + value.len()).sum();
        if self.fields.is_over() || size > self.limits.trailer_bytes_max {
            return Err(too_much(id));
        }
        let Some(stream) = self.streams.get_mut(id) else { return Ok(()) };
        let mut trailers = Box::new(Trailers::new());
        let is_proper = trailers.read_http2(&self.fields).is_ok();
        if !is_proper || !block.end || !stream.is_complete() {
            return Err(Fault::stream(id));
        }
        stream.trailers = Some(trailers);
        self.end_received(id);
        Ok(())
    }

    /// The trailers of a message that has ended, if it had any.
    #[must_use]
    pub fn trailers(&self, stream: StreamId) -> Option<&Trailers> {
        self.streams.get(stream)?.trailers.as_deref()
    }
}

/// The stream costs more than is allowed; the others go on.
const fn too_much(id: StreamId) -> Fault {
    Fault::Stream(id, ErrorCode::EnhanceYourCalm)
}

fn undecodable(error: HpackError) -> Fault {
    let why = match error {
        HpackError::TooLarge => "a header block decodes to far more than allowed",
        _ => "a header block can't be decoded",
    };
    Fault::Connection(error.code(), why)
}
