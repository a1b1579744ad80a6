//! The frames that carry nothing but steer the connection: SETTINGS, PING,
//! WINDOW_UPDATE, RST_STREAM, GOAWAY, PRIORITY (RFC 9113, sections 6.3 to
//! 6.9). Each costs its sender a little.

use super::event::{Event, StreamId};
use super::fault::Fault;
use super::past::Past;
use super::state::{Ending, FIRST_WINDOW, Machine, TableNotice};
use super::stream::{Stream, Turn};
use super::ward::Place;
use crate::http2::ErrorCode;
use crate::http2::frame::{self, FrameError, FrameHead};
use crate::http2::settings::{HEADER_TABLE_SIZE, SettingsError};

/// What our own PING carries: the question whether GOAWAY was read.
pub(super) const FAREWELL: [u8; 8] = *b"farewell";
/// The size every compression table begins with (RFC 9113, section 6.5.2).
const FIRST_TABLE: u32 = 4_096;
/// So many settings in one frame cost as much as a frame.
const SETTINGS_PER_CHARGE: usize = 8;

impl Machine {
    pub(super) fn settings_frame(&mut self, head: &FrameHead, payload: &[u8]) -> Result<(), Fault> {
        if head.stream != 0 {
            return Err(Fault::protocol("SETTINGS for a stream"));
        }
        let settings =
            frame::settings(payload).map_err(|e| wrong_size(e, "SETTINGS have a wrong size"))?;
        if head.has(frame::ACK) {
            return self.settings_acknowledged(payload);
        }
        let window = self.peer.initial_window_size;
        let mut count = 0;
        for (id, value) in settings {
            count += 1;
            self.peer.take(id, value).map_err(refused)?;
            if id == HEADER_TABLE_SIZE && value < FIRST_TABLE && self.table != TableNotice::Given {
                self.table = TableNotice::Due;
            }
        }
        self.charge(1 + count / SETTINGS_PER_CHARGE)?;
        self.has_peer_settings = true;
        self.shift_windows(window)?;
        self.output.reply(frame::write_settings_ack);
        Ok(())
    }

    /// Applies a new initial window to what is open (RFC 9113, section 6.9.2).
    fn shift_windows(&mut self, before: u32) -> Result<(), Fault> {
        let by = i64::from(self.peer.initial_window_size) - i64::from(before);
        if by == 0 {
            return Ok(());
        }
        for (id, stream) in self.streams.all_mut() {
            if !stream.send_window.change(by) {
                let why = "the peer's INITIAL_WINDOW_SIZE overflows a stream's window";
                return Err(Fault::Connection(ErrorCode::FlowControlError, why));
            }
            if stream.turn == Turn::Starved && stream.send_window.open() > 0 {
                stream.turn = Turn::Queued(self.turns.join(id, None));
            }
        }
        Ok(())
    }

    fn settings_acknowledged(&mut self, payload: &[u8]) -> Result<(), Fault> {
        if !payload.is_empty() {
            return Err(wrong_size(FrameError::Size, "SETTINGS have a wrong size"));
        }
        self.charge(1)?;
        let ours = self.stream_window();
        if !std::mem::replace(&mut self.is_acknowledged, true) && ours < FIRST_WINDOW {
            for (_, stream) in self.streams.all_mut() {
                stream.receive_window.shrink(FIRST_WINDOW, ours);
            }
        }
        Ok(())
    }

    pub(super) fn ping_frame(&mut self, head: &FrameHead, payload: &[u8]) -> Result<(), Fault> {
        if head.stream != 0 {
            return Err(Fault::protocol("PING for a stream"));
        }
        let data = frame::ping(payload).map_err(|e| wrong_size(e, "PING has a wrong size"))?;
        self.charge(1)?;
        if !head.has(frame::ACK) {
            self.output.reply(|out| frame::write_ping(out, data, true));
        } else if data == FAREWELL && self.ending == Ending::Announced {
            self.finish_shut_down();
        }
        Ok(())
    }

    pub(super) fn go_away_frame(&mut self, id: u32, payload: &[u8]) -> Result<(), Fault> {
        if id != 0 {
            return Err(Fault::protocol("GOAWAY for a stream"));
        }
        let said = frame::go_away(payload).map_err(|e| wrong_size(e, "GOAWAY has a wrong size"))?;
        self.charge(1)?;
        let code = said.code;
        if !std::mem::replace(&mut self.is_peer_leaving, true) {
            self.events.push_back(Event::GoAway { code });
        }
        if code != ErrorCode::NoError && self.failure.is_none() {
            self.failure = Some((code, "the peer has ended the connection"));
        }
        self.forsake(said.last);
        self.end_if_done();
        Ok(())
    }

    /// Our streams above the last one the peer looks at: nothing was done for
    /// them, and nothing will be.
    fn forsake(&mut self, last: u32) {
        if self.is_server {
            return;
        }
        let is_lost = |id: StreamId, stream: &Stream| id.0 > last && stream.is_live();
        let lost = self.streams.all_mut().filter(|(id, stream)| is_lost(*id, stream));
        let mut lost: Vec<_> = lost.map(|(id, _)| id).collect();
        lost.sort_unstable();
        for id in lost {
            self.settle_reset(id, Past::Cut);
            self.tell_reset(id, ErrorCode::RefusedStream, true);
        }
    }

    pub(super) fn reset_frame(&mut self, id: u32, payload: &[u8]) -> Result<(), Fault> {
        let code = frame::reset_stream(payload)
            .map_err(|e| wrong_size(e, "RST_STREAM has a wrong size"))?;
        match self.place(id) {
            Place::Live => self.reset_by_peer(StreamId(id), code),
            Place::Gone(Past::Ended | Past::Cut) => self.charge(1),
            Place::Gone(_) => Err(Fault::protocol("RST_STREAM for a stream that isn't open")),
        }
    }

    pub(super) fn window_frame(&mut self, id: u32, payload: &[u8]) -> Result<(), Fault> {
        let by = frame::window_update(payload)
            .map_err(|e| wrong_size(e, "WINDOW_UPDATE has a wrong size"))?;
        self.charge(1)?;
        if id == 0 {
            return self.open_connection(by);
        }
        match self.place(id) {
            Place::Live => self.open_stream(StreamId(id), by),
            Place::Gone(Past::Ended | Past::Cut) if by > 0 => Ok(()),
            Place::Gone(_) => Err(Fault::protocol("WINDOW_UPDATE where none can be")),
        }
    }

    fn open_connection(&mut self, by: u32) -> Result<(), Fault> {
        if by == 0 {
            return Err(Fault::protocol("WINDOW_UPDATE by nothing"));
        }
        if self.send_window.change(i64::from(by)) {
            return Ok(());
        }
        let why = "WINDOW_UPDATE overflows the connection's window";
        Err(Fault::Connection(ErrorCode::FlowControlError, why))
    }

    fn open_stream(&mut self, id: StreamId, by: u32) -> Result<(), Fault> {
        let Some(stream) = self.streams.get_mut(id) else { return Ok(()) };
        if by == 0 {
            return Err(Fault::stream(id));
        }
        if !stream.send_window.change(i64::from(by)) {
            return Err(Fault::Stream(id, ErrorCode::FlowControlError));
        }
        if stream.turn == Turn::Starved && stream.send_window.open() > 0 {
            stream.turn = Turn::Queued(self.turns.join(id, None));
        }
        Ok(())
    }

    /// Nobody follows priorities; what is wrong with one is said all the same.
    pub(super) fn priority_frame(&mut self, id: u32, payload: &[u8]) -> Result<(), Fault> {
        self.charge(1)?;
        if id == 0 {
            return Err(Fault::protocol("PRIORITY without a stream"));
        }
        let code = match frame::priority(payload) {
            Err(error) => error.code(),
            Ok(priority) if priority.dependency == id => ErrorCode::ProtocolError,
            Ok(_) => return Ok(()),
        };
        match self.place(id) {
            Place::Live => Err(Fault::Stream(StreamId(id), code)),
            Place::Gone(_) => Err(Fault::Connection(code, "PRIORITY is malformed")),
        }
    }
}

const fn wrong_size(error: FrameError, why: &'static str) -> Fault {
    Fault::Connection(error.code(), why)
}

fn refused(error: SettingsError) -> Fault {
    let why = match error {
        SettingsError::Push => "the peer's ENABLE_PUSH has a value it can't have",
        SettingsError::Window => "the peer's INITIAL_WINDOW_SIZE is too large",
        SettingsError::FrameSize => "the peer's MAX_FRAME_SIZE has a value it can't have",
        SettingsError::ConnectProtocol => {
            "the peer's ENABLE_CONNECT_PROTOCOL has a value it can't have"
        }
    };
    Fault::Connection(error.code(), why)
}
