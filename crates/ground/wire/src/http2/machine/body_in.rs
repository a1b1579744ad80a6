//! DATA that comes: windows, padding, the announced length, and the bytes for
//! their reader (RFC 9113, sections 6.1 and 8.1.1).

use super::event::{Event, StreamId};
use super::fault::Fault;
use super::past::Past;
use super::state::{DataRest, Machine};
use super::stream::{Half, Stream};
use super::ward::Place;
use crate::http2::ErrorCode;
use crate::http2::frame::{self, FrameHead, HEAD_BYTES};

/// What a DATA frame gives back to the peer's account of control frames.
pub(super) const DATA_GIVES: usize = 3;

impl Machine {
    /// The head of a DATA frame and what is there of its payload.
    pub(super) fn data_frame(&mut self, head: FrameHead, behind: &[u8]) -> Result<usize, Fault> {
        let Some((overhead, padding)) = padding_of(&head, behind)? else { return Ok(0) };
        if !self.receive_window.take(head.length) {
            return Err(overrun());
        }
        let data = head.length - overhead - padding;
        let end = head.has(frame::END_STREAM);
        let id = StreamId(head.stream);
        let is_discarded = self.admit(id, head.length, (data, end))?;
        self.count_frame(data, end, is_discarded)?;
        let rest = DataRest { id, is_discarded, data, padding, end };
        self.credit_padding(&rest, overhead + padding);
        let behind = behind.get(overhead..).unwrap_or_default();
        Ok(HEAD_BYTES + overhead + self.data_bytes(rest, behind))
    }

    /// Whether the payload is for nobody. A fault of the stream alone ends it
    /// here, as its payload has still to be passed over.
    fn admit(
        &mut self,
        id: StreamId,
        length: usize,
        (data, end): (usize, bool),
    ) -> Result<bool, Fault> {
        match self.place(id.0) {
            Place::Live => {}
            Place::Gone(Past::Cut) => return Ok(true),
            Place::Gone(Past::Ended) => return Err(Fault::closed("DATA for a closed stream")),
            Place::Gone(_) => return Err(Fault::protocol("DATA for a stream that isn't open")),
        }
        let Some(stream) = self.streams.get_mut(id) else { return Ok(true) };
        let outcome = take(stream, length, (data, end));
        if let Err(code) = outcome {
            self.refuse(id, code);
        }
        Ok(outcome.is_err())
    }

    /// Frames without data cost, those with data pay for others.
    fn count_frame(&mut self, data: usize, end: bool, is_discarded: bool) -> Result<(), Fault> {
        match data {
            0 if end => Ok(()),
            0 => self.charge(1),
            _ => {
                let gives = if is_discarded { 0 } else { DATA_GIVES };
                self.control.give_back(gives);
                Ok(())
            }
        }
    }

    /// Padding counts for the windows and nobody reads it.
    fn credit_padding(&mut self, rest: &DataRest, count: usize) {
        if count == 0 {
            return;
        }
        self.credit(count);
        if !rest.is_discarded && !rest.end {
            self.credit_stream(rest.id, count);
        }
    }

    /// Payload of a DATA frame; says how much of the input it was.
    pub(super) fn data_bytes(&mut self, mut rest: DataRest, input: &[u8]) -> usize {
        let length = rest.data.min(input.len());
        let (data, behind) = input.split_at_checked(length).unwrap_or_default();
        let padding = rest.padding.min(behind.len());
        self.deliver(&rest, data);
        (rest.data, rest.padding) = (rest.data - data.len(), rest.padding - padding);
        let is_whole = rest.data == 0 && rest.padding == 0;
        self.reading.data = (!is_whole).then_some(rest);
        if is_whole && rest.end && !rest.is_discarded {
            self.end_received(rest.id);
        }
        data.len() + padding
    }

    fn deliver(&mut self, rest: &DataRest, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        let stream = self.streams.get_mut(rest.id).filter(|stream| stream.is_live());
        let Some(stream) = stream.filter(|_| !rest.is_discarded) else {
            return self.credit(data.len());
        };
        stream.received.extend(data);
        if !std::mem::replace(&mut stream.tells_data, true) {
            self.events.push_back(Event::Data { stream: rest.id });
        }
    }

    /// The peer has ended its side as it should.
    pub(super) fn end_received(&mut self, id: StreamId) {
        let Some(stream) = self.streams.get_mut(id).filter(|stream| stream.is_live()) else {
            return;
        };
        stream.receiving = Half::Ended;
        self.events.push_back(Event::End { stream: id });
        self.note_finished(id);
    }

    /// Received bytes of the body that weren't consumed yet. Not always all of
    /// them at once, but none only when there are none.
    #[must_use]
    pub fn received(&self, stream: StreamId) -> &[u8] {
        self.streams.get(stream).map_or(&[], Stream::received)
    }

    /// So many of the received bytes are done with; the peer may send more.
    pub fn consume(&mut self, stream: StreamId, count: usize) {
        let Some(found) = self.streams.get_mut(stream) else { return };
        let count = found.consume(count);
        if count > 0 {
            self.credit_stream(stream, count);
            self.credit(count);
        }
    }

    /// Gives bytes back to a stream's window while something may come.
    fn credit_stream(&mut self, id: StreamId, count: usize) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if stream.receiving != Half::Body || !stream.is_live() || self.is_over {
            return;
        }
        if let Some(increment) = stream.receive_window.give_back(count) {
            self.output.reply(|out| frame::write_window_update(out, id.0, increment));
        }
    }
}

/// Takes a frame off what the stream's peer may send; the code when it may
/// not.
fn take(stream: &mut Stream, length: usize, (data, end): (usize, bool)) -> Result<(), ErrorCode> {
    match stream.receiving {
        Half::Head => return Err(ErrorCode::ProtocolError),
        Half::Body => {}
        Half::Ended => return Err(ErrorCode::StreamClosed),
    }
    if !stream.receive_window.take(length) {
        return Err(ErrorCode::FlowControlError);
    }
    let is_as_announced = stream.count_body(data) && (!end || stream.is_complete());
    if is_as_announced { Ok(()) } else { Err(ErrorCode::ProtocolError) }
}

/// The byte that says how much padding there is, if one does, and how much;
/// `None` when it hasn't come yet.
fn padding_of(head: &FrameHead, behind: &[u8]) -> Result<Option<(usize, usize)>, Fault> {
    if head.stream == 0 {
        return Err(Fault::protocol("DATA without a stream"));
    }
    if !head.has(frame::PADDED) {
        return Ok(Some((0, 0)));
    }
    let Some(room) = head.length.checked_sub(1) else {
        let why = "DATA is too short for its padding";
        return Err(Fault::Connection(ErrorCode::FrameSizeError, why));
    };
    match behind.first().map(|padding| usize::from(*padding)) {
        None => Ok(None),
        Some(padding) if padding > room => Err(Fault::protocol("DATA has more padding than bytes")),
        Some(padding) => Ok(Some((1, padding))),
    }
}

const fn overrun() -> Fault {
    let why = "the peer sends more data than the connection's window has room for";
    Fault::Connection(ErrorCode::FlowControlError, why)
}
