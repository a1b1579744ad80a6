//! From bytes to frames: the preface, the order frames may come in, and whose
//! matter each is (RFC 9113, sections 3.4, 4 and 5.5).

use model::Timestamp;

use super::fault::Fault;
use super::state::Machine;
use crate::http2::ErrorCode;
use crate::http2::frame::{self, FrameHead, HEAD_BYTES, Kind, PREFACE};

impl Machine {
    /// Takes bytes of the peer and says how many it used: whole frames, except
    /// that DATA is taken as it comes. The rest is offered again, with more
    /// behind it, as soon as `wants_input`.
    ///
    /// With no bytes it only moves the time on.
    pub fn receive(&mut self, input: &[u8], now: Timestamp) -> usize {
        self.tell_time(now);
        let mut rest = input;
        while !self.is_over && self.wants_input() {
            let used = self.step(rest);
            if used == 0 {
                break;
            }
            rest = rest.get(used..).unwrap_or_default();
        }
        if self.is_over {
            return input.len();
        }
        self.note_unfinished(rest, rest.len() < input.len());
        input.len() - rest.len()
    }

    /// False while too much of our own output waits to be read by the peer;
    /// `receive` then uses nothing.
    #[must_use]
    pub fn wants_input(&self) -> bool {
        let max = self.output_max();
        let heads = if self.is_server { self.output.heads() } else { 0 };
        self.is_over || (self.output.replies() <= max / 4 && heads <= max)
    }

    /// Since when the preface, a header block or a frame other than DATA has
    /// been unfinished.
    #[must_use]
    pub const fn header_block_since(&self) -> Option<Timestamp> {
        self.reading.since
    }

    fn tell_time(&mut self, now: Timestamp) {
        self.now = now;
        self.resets.advance(now);
        self.control.advance(now);
        self.turns.forget_calls();
    }

    /// Takes note of what is unfinished, for whoever times it. Slow DATA is
    /// its stream's matter.
    fn note_unfinished(&mut self, rest: &[u8], has_moved: bool) {
        let is_data = rest.get(3) == Some(&Kind::Data.number());
        let is_partial = self.reading.data.is_none() && !rest.is_empty() && !is_data;
        // What we don't read for now is not the peer's delay.
        let is_partial = is_partial && self.wants_input();
        self.reading.since = match self.reading.block {
            Some(block) => Some(block.since),
            None if self.has_preface() && !is_partial => None,
            None if has_moved && self.has_preface() => Some(self.now),
            None => self.reading.since.or(Some(self.now)),
        };
    }

    const fn has_preface(&self) -> bool {
        !self.is_server || self.reading.preface == PREFACE.len()
    }

    /// Takes the next piece of the input; 0 when there is too little of it.
    fn step(&mut self, input: &[u8]) -> usize {
        if !self.has_preface() {
            return self.preface(input);
        }
        if let Some(rest) = self.reading.data {
            return self.data_bytes(rest, input);
        }
        let Some(head) = FrameHead::read(input) else { return 0 };
        let behind = input.get(HEAD_BYTES..).unwrap_or_default();
        match self.frame(head, behind) {
            Ok(used) => used,
            Err(fault) => {
                self.punish(fault);
                HEAD_BYTES.saturating_add(head.length)
            }
        }
    }

    fn preface(&mut self, input: &[u8]) -> usize {
        let wanted = PREFACE.get(self.reading.preface..).unwrap_or_default();
        let same = wanted.iter().zip(input).take_while(|(a, b)| a == b).count();
        if same < wanted.len().min(input.len()) {
            self.fail(ErrorCode::ProtocolError, "the peer doesn't begin as HTTP/2 does");
        }
        self.reading.preface += same;
        same
    }

    /// One frame, or the beginning of a DATA frame; 0 when too little of it is
    /// there.
    fn frame(&mut self, head: FrameHead, behind: &[u8]) -> Result<usize, Fault> {
        if head.length > frame::PAYLOAD_BYTES {
            let why = "the peer sends a frame larger than allowed";
            return Err(Fault::Connection(ErrorCode::FrameSizeError, why));
        }
        self.check_order(&head)?;
        if head.kind == Kind::Data {
            return self.data_frame(head, behind);
        }
        let Some((payload, _)) = behind.split_at_checked(head.length) else { return Ok(0) };
        self.whole_frame(&head, payload)?;
        Ok(HEAD_BYTES + head.length)
    }

    /// SETTINGS come first; inside a header block comes nothing but more of it
    /// (RFC 9113, sections 3.4 and 6.10).
    fn check_order(&self, head: &FrameHead) -> Result<(), Fault> {
        let is_settings = head.kind == Kind::Settings && !head.has(frame::ACK);
        if !self.has_peer_settings && !is_settings {
            return Err(Fault::protocol("the peer's first frame isn't SETTINGS"));
        }
        let is_more = head.kind == Kind::Continuation;
        match self.reading.block {
            Some(block) if !is_more || block.id.number() != head.stream => {
                Err(Fault::protocol("another frame stands inside a header block"))
            }
            None if is_more => Err(Fault::protocol("CONTINUATION continues nothing")),
            _ => Ok(()),
        }
    }

    fn whole_frame(&mut self, head: &FrameHead, payload: &[u8]) -> Result<(), Fault> {
        match head.kind {
            Kind::Headers => self.headers_frame(head, payload),
            Kind::Continuation => self.continuation_frame(head, payload),
            Kind::Priority => self.priority_frame(head.stream, payload),
            Kind::ResetStream => self.reset_frame(head.stream, payload),
            Kind::Settings => self.settings_frame(head, payload),
            Kind::Ping => self.ping_frame(head, payload),
            Kind::GoAway => self.go_away_frame(head.stream, payload),
            Kind::WindowUpdate => self.window_frame(head.stream, payload),
            Kind::PushPromise => Err(Fault::protocol("the peer pushes though nobody may")),
            Kind::Data | Kind::Unknown(_) => self.charge(1),
        }
    }
}
