//! What goes out on streams besides heads: data as far as windows and the
//! waiting output allow, resets, and who may send next; and the events.

use super::body_in::DATA_GIVES;
use super::event::{Event, StreamId};
use super::state::Machine;
use super::stream::{Half, Turn};
use super::ward::past_of;
use crate::http2::ErrorCode;
use crate::http2::frame::{HEAD_BYTES, PAYLOAD_BYTES};

/// A full frame.
const FRAME_BYTES: usize = HEAD_BYTES + PAYLOAD_BYTES;

impl Machine {
    /// The next event. Ask until there is none, after `receive` and after
    /// anything that makes or takes room: `sent`, `data`, `close`, `reset`.
    pub fn event(&mut self) -> Option<Event> {
        while let Some(event) = self.events.pop_front() {
            let Some(id) = event.stream() else { return Some(event) };
            // Whoever closed a stream hears no more of it.
            let Some(stream) = self.streams.get_mut(id) else { continue };
            stream.is_told = true;
            if matches!(event, Event::Data { .. }) {
                stream.tells_data = false;
                if stream.received.is_empty() {
                    continue;
                }
            }
            return Some(event);
        }
        if self.is_over { None } else { self.call_sender() }
    }

    /// Hands room to the sender that waits longest: a frame for each.
    fn call_sender(&mut self) -> Option<Event> {
        let free = self.output_max().saturating_sub(self.output.len()) / FRAME_BYTES;
        let at_once = free.min(self.send_window.open().div_ceil(PAYLOAD_BYTES));
        while let Some((ticket, id)) = self.turns.call(at_once) {
            match self.streams.get_mut(id).filter(|stream| stream.can_send()) {
                Some(stream) if stream.send_window.open() > 0 => {
                    stream.turn = Turn::Called(ticket);
                    return Some(Event::Room { stream: id });
                }
                Some(stream) => stream.turn = Turn::Starved,
                None => {}
            }
            self.turns.answered();
        }
        None
    }

    /// Gives bytes of a body to send and says how many were taken: what the
    /// stream's window, the connection's and the waiting output have room for,
    /// and no more than a frame while others wait. The stream ends only when
    /// all of them were taken; without bytes, `end` always goes.
    ///
    /// When not all were taken, [`Event::Room`] says when to try again.
    pub fn data(&mut self, stream: StreamId, bytes: &[u8], end: bool) -> usize {
        let Some(found) = self.streams.get_mut(stream).filter(|_| !self.is_over) else { return 0 };
        if !found.can_send() {
            return 0;
        }
        let turn = std::mem::take(&mut found.turn);
        let count = self.fitting(stream, bytes.len(), turn);
        self.drop_turn(turn);
        let (part, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
        if !part.is_empty() || (rest.is_empty() && end) {
            self.put_data(stream, part, end && rest.is_empty());
        }
        if !rest.is_empty() {
            self.wait(stream, if part.is_empty() { ticket_of(turn) } else { None });
        }
        count
    }

    /// How many bytes `data` would take now.
    #[must_use]
    pub fn room(&self, stream: StreamId) -> usize {
        let found = self.streams.get(stream).filter(|stream| stream.can_send() && !self.is_over);
        found.map_or(0, |found| self.fitting(stream, usize::MAX, found.turn))
    }

    /// How much of so many bytes goes out now.
    fn fitting(&self, id: StreamId, length: usize, turn: Turn) -> usize {
        let Some(stream) = self.streams.get(id) else { return 0 };
        let may_go = matches!(turn, Turn::Called(_)) || self.turns.is_first(ticket_of(turn));
        if !may_go {
            return 0;
        }
        let share = if self.turns.is_contended(turn) { PAYLOAD_BYTES } else { usize::MAX };
        let window = stream.send_window.open().min(self.send_window.open());
        let wanted = length.min(window).min(share);
        let free = self.output_max().saturating_sub(self.output.len());
        let heads = wanted.div_ceil(PAYLOAD_BYTES).saturating_mul(HEAD_BYTES);
        if wanted.saturating_add(heads) <= free {
            return wanted;
        }
        // Whole frames only, rather than many small ones.
        free / FRAME_BYTES * PAYLOAD_BYTES
    }

    fn put_data(&mut self, id: StreamId, bytes: &[u8], end: bool) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.send_window.take(bytes.len());
        self.send_window.take(bytes.len());
        self.output.data(id.0, bytes, end);
        self.control.give_back(bytes.len().div_ceil(PAYLOAD_BYTES) * DATA_GIVES);
        if end {
            stream.sending = Half::Ended;
            self.note_finished(id);
        }
    }

    /// Puts a sender in the queue, or lets it wait for its own window first.
    fn wait(&mut self, id: StreamId, ticket: Option<u64>) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        stream.turn = match stream.send_window.open() {
            0 => Turn::Starved,
            _ => Turn::Queued(self.turns.join(id, ticket)),
        };
    }

    /// A sender doesn't wait any more.
    pub(super) fn drop_turn(&mut self, turn: Turn) {
        match turn {
            Turn::Queued(ticket) => self.turns.leave(ticket),
            Turn::Called(_) => self.turns.answered(),
            Turn::None | Turn::Starved => {}
        }
    }

    /// How much output may wait; a frame at least.
    pub(super) fn output_max(&self) -> usize {
        self.limits.http2_output_bytes_max.max(FRAME_BYTES)
    }

    /// Ends a stream by RST_STREAM, unless it has ended. Its owner still closes
    /// it.
    pub fn reset(&mut self, stream: StreamId, code: ErrorCode) {
        let Some(found) = self.streams.get(stream).filter(|stream| stream.is_live()) else {
            return;
        };
        let past = past_of(found);
        if self.is_over {
            return;
        }
        self.write_reset(stream, code);
        self.settle_reset(stream, past);
        if !self.is_server {
            self.resets.spend(1);
        }
    }

    /// The owner is done with the stream and hears no more of it. What is
    /// unfinished is reset: NO_ERROR when a server's answer is complete, else
    /// CANCEL.
    pub fn close(&mut self, stream: StreamId) {
        let Some(found) = self.streams.get(stream) else { return };
        let is_answered = self.is_server && found.sending == Half::Ended;
        self.reset(stream, if is_answered { ErrorCode::NoError } else { ErrorCode::Cancel });
        let Some(found) = self.streams.remove(stream) else { return };
        self.drop_turn(found.turn);
        self.credit(found.received.len());
        self.end_if_done();
        if self.streams.is_empty() {
            self.output.rest();
        }
    }
}

const fn ticket_of(turn: Turn) -> Option<u64> {
    match turn {
        Turn::Queued(ticket) | Turn::Called(ticket) => Some(ticket),
        Turn::None | Turn::Starved => None,
    }
}
