//! The end of a connection as its owner wants it (RFC 9113, section 6.8), and
//! whether it takes new streams until then.

use super::control_in::FAREWELL;
use super::event::StreamId;
use super::past::Past;
use super::state::{Ending, Machine};
use crate::http2::ErrorCode;
use crate::http2::frame;
use crate::http2::settings::WINDOW_MAX;

/// No stream has a larger id.
const LAST_ID: u32 = WINDOW_MAX;
/// Streams open at once before the peer has said how many it wants.
const STREAMS_UNTOLD: u32 = 100;

impl Machine {
    /// Begins to end the connection: open streams go on, and it is over with
    /// the last of them. A server says so at once, and refuses new streams once
    /// its peer has surely heard; a client opens no more.
    pub fn shut_down(&mut self) {
        if self.is_over || self.ending != Ending::Open {
            return;
        }
        if !self.is_server {
            return self.finish_shut_down();
        }
        self.ending = Ending::Announced;
        self.output.reply(|out| {
            frame::write_go_away(out, LAST_ID, ErrorCode::NoError, &[]);
            frame::write_ping(out, FAREWELL, false);
        });
    }

    /// The peer had its time to hear of `shut_down`: streams it opens from now
    /// on are not looked at.
    pub fn finish_shut_down(&mut self) {
        if self.is_over || matches!(self.ending, Ending::Last(_)) {
            return;
        }
        let last = self.last_looked_at();
        self.ending = Ending::Last(last);
        self.output.reply(|out| frame::write_go_away(out, last, ErrorCode::NoError, &[]));
        self.end_if_done();
    }

    /// Ends the connection now, whatever is open. With NO_ERROR that is no
    /// error.
    pub fn go_away(&mut self, code: ErrorCode, why: &'static str) {
        self.fail(code, why);
    }

    /// Client: whether a new stream can be opened, as of the last `receive`.
    /// Also not while this side has reset half as many streams as a peer like
    /// us would stand: what one caller cancels must not end the connection of
    /// the others.
    #[must_use]
    pub fn can_open(&self) -> bool {
        self.is_open_for_streams()
            && self.streams.unfinished() < self.streams_allowed()
            && self.resets.is_half_left()
    }

    /// Client: whether new streams will be possible again at all.
    pub(super) fn is_open_for_streams(&self) -> bool {
        let is_welcome = self.ending == Ending::Open && !self.is_peer_leaving;
        !self.is_server && !self.is_over && is_welcome && self.next_id() <= LAST_ID
    }

    fn streams_allowed(&self) -> usize {
        let allowed = match self.peer.max_concurrent_streams {
            Some(allowed) => allowed,
            None if self.has_peer_settings => u32::MAX,
            None => STREAMS_UNTOLD,
        };
        usize::try_from(allowed).unwrap_or(usize::MAX)
    }

    /// The id of the next stream this side opens.
    pub(super) fn next_id(&self) -> u32 {
        match self.history.last() {
            0 => 1,
            last => last.saturating_add(2),
        }
    }

    /// Whether the peer's first SETTINGS have come: what it allows is known.
    #[must_use]
    pub const fn has_peer_settings(&self) -> bool {
        self.has_peer_settings
    }

    /// Client: whether the peer takes extended CONNECT (RFC 8441).
    #[must_use]
    pub const fn peer_allows_connect_protocol(&self) -> bool {
        self.peer.enable_connect_protocol
    }

    /// Takes note of a stream this side opens.
    pub(super) fn note_opened(&mut self, id: StreamId) {
        self.history.begin(id.0);
        self.history.end(id, Past::Cut);
    }
}
