//! What becomes of a stream or a connection when a frame isn't accepted, and
//! which streams a frame may come for (RFC 9113, sections 5.1 and 5.4).

use super::event::{Event, StreamId};
use super::fault::Fault;
use super::past::Past;
use super::state::Machine;
use super::stream::{Half, Stream};
use crate::http2::ErrorCode;
use crate::http2::frame;

/// What a frame names.
pub(super) enum Place {
    /// A stream on which something may still come or go.
    Live,
    /// One that was ended or reset, or hasn't begun.
    Gone(Past),
}

impl Machine {
    /// What this id names now. Even ones are never opened: nobody may push.
    pub(super) fn place(&self, id: u32) -> Place {
        if self.streams.get(StreamId(id)).is_some_and(Stream::is_live) {
            return Place::Live;
        }
        Place::Gone(if id.is_multiple_of(2) { Past::Idle } else { self.history.of(id) })
    }

    /// Lets the peer pay for a frame.
    pub(super) fn punish(&mut self, fault: Fault) {
        match fault {
            Fault::Connection(code, why) => self.fail(code, why),
            Fault::Stream(id, code) => self.refuse(id, code),
        }
    }

    /// Resets a stream because of its peer, and counts that: a peer that makes
    /// us reset streams costs as much as one that resets them (H2-02).
    pub(super) fn refuse(&mut self, id: StreamId, code: ErrorCode) {
        self.write_reset(id, code);
        let why = self.reading.why.take();
        if !self.resets.spend(1) && self.is_server {
            return self.fail(ErrorCode::EnhanceYourCalm, TOO_MANY_RESETS);
        }
        let is_told = self.streams.get(id).is_some_and(|stream| stream.is_told);
        if self.is_server && !is_told {
            let why = why.unwrap_or_else(|| words(code).to_owned());
            self.events.push_back(Event::Refused { code, why });
        }
        if let Some(stream) = self.streams.get(id) {
            let past = past_of(stream);
            self.settle_reset(id, past);
            self.tell_reset(id, code, false);
        }
    }

    /// Writes RST_STREAM.
    pub(super) fn write_reset(&mut self, id: StreamId, code: ErrorCode) {
        self.output.reply(|out| frame::write_reset_stream(out, id.0, code));
    }

    /// Lets go of a stream that is reset from now on: bytes nobody will read,
    /// its place in the queue. `past` is what may still come for it.
    pub(super) fn settle_reset(&mut self, id: StreamId, past: Past) {
        self.history.end(id, past);
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.is_reset = true;
        let turn = std::mem::take(&mut stream.turn);
        // Data of a message that is complete stays readable: an answer may
        // come whole while the rest of its request is refused (RFC 9113,
        // section 8.1).
        let unread = match (past, stream.receiving) {
            (Past::Ended, Half::Ended) => 0,
            _ => stream.consume(usize::MAX),
        };
        self.drop_turn(turn);
        self.credit(unread);
    }

    /// The peer has reset a live stream.
    pub(super) fn reset_by_peer(&mut self, id: StreamId, code: ErrorCode) -> Result<(), Fault> {
        if self.is_server && !self.resets.spend(1) {
            return Err(Fault::calm(TOO_MANY_RESETS));
        }
        self.settle_reset(id, Past::Ended);
        self.tell_reset(id, code, true);
        Ok(())
    }

    /// Tells the owner that a stream was reset; one it never heard of is
    /// forgotten instead, its events with it, so that no work begins for it
    /// (H2-01, H2-08).
    pub(super) fn tell_reset(&mut self, id: StreamId, code: ErrorCode, by_peer: bool) {
        if self.streams.get(id).is_some_and(|stream| stream.is_told) {
            self.events.push_back(Event::Reset { stream: id, code, by_peer });
            return;
        }
        let unread = self.streams.remove(id).map_or(0, |stream| stream.received.len());
        self.credit(unread);
        self.end_if_done();
    }
}

/// What may still come for a stream that this side resets.
pub(super) fn past_of(stream: &Stream) -> Past {
    if stream.receiving == Half::Ended { Past::Ended } else { Past::Cut }
}

/// What a peer did wrong with a stream that nobody has heard of.
const fn words(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::RefusedStream => "more is open on the connection than allowed",
        ErrorCode::FlowControlError => "the stream has more data than its window",
        ErrorCode::EnhanceYourCalm => "the stream costs more than allowed",
        ErrorCode::StreamClosed => "something came behind the end of the stream",
        _ => "the stream breaks the protocol",
    }
}

const TOO_MANY_RESETS: &str = "the peer resets more streams, or causes more resets, than allowed";
