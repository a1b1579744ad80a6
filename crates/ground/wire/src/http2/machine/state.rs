//! One connection: what it keeps, how it begins, and the few steps that more
//! than one kind of frame takes. Frames are read and written elsewhere.

use std::collections::VecDeque;

use model::{Limits, Timestamp};

use super::budget::Budget;
use super::event::{Event, StreamId};
use super::fault::Fault;
use super::output::Output;
use super::past::{History, Past};
use super::stream::Stream;
use super::streams::Streams;
use super::turns::Turns;
use super::window::{ReceiveWindow, SendWindow};
use crate::http2::ErrorCode;
use crate::http2::frame;
use crate::http2::hpack::{Decoder, FieldList};
use crate::http2::settings::{self, Settings, WINDOW_MAX};

/// The window every connection and stream begins with (RFC 9113,
/// section 6.9.2).
pub(super) const FIRST_WINDOW: u32 = 65_535;

/// One HTTP/2 connection, either side.
///
/// Its owner gives it the bytes that come (`receive`), asks what happened
/// (`event`), and writes what waits (`output`, `sent`).
#[derive(Debug)]
pub struct Machine {
    pub(super) is_server: bool,
    pub(super) limits: Limits,
    pub(super) now: Timestamp,
    pub(super) reading: Reading,
    pub(super) streams: Streams,
    pub(super) history: History,
    pub(super) events: VecDeque<Event>,
    pub(super) output: Output,
    pub(super) turns: Turns,
    pub(super) decoder: Decoder,
    pub(super) fields: FieldList,
    /// Where blocks are encoded before they go out.
    pub(super) scratch: Vec<u8>,
    pub(super) peer: Settings,
    pub(super) has_peer_settings: bool,
    /// Whether the peer has acknowledged our settings.
    pub(super) is_acknowledged: bool,
    /// Whether our next block has to say that we keep no table.
    pub(super) table: TableNotice,
    pub(super) send_window: SendWindow,
    pub(super) receive_window: ReceiveWindow,
    /// Server: resets by the peer or because of it. Client: resets by us.
    pub(super) resets: Budget,
    pub(super) control: Budget,
    pub(super) ending: Ending,
    /// Whether the peer has said GOAWAY.
    pub(super) is_peer_leaving: bool,
    pub(super) failure: Option<(ErrorCode, &'static str)>,
    pub(super) is_over: bool,
}

/// What of the input is unfinished.
#[derive(Debug, Default)]
pub(super) struct Reading {
    /// Bytes of the preface that were read.
    pub(super) preface: usize,
    /// What is left of a DATA frame.
    pub(super) data: Option<DataRest>,
    /// A header block that needs more CONTINUATION.
    pub(super) block: Option<OpenBlock>,
    /// Its bytes so far; the buffer is used again.
    pub(super) bytes: Vec<u8>,
    /// Since when something is unfinished.
    pub(super) since: Option<Timestamp>,
    /// What is wrong with the head that was read last.
    pub(super) why: Option<String>,
}

/// A DATA frame whose payload hasn't all come.
#[derive(Clone, Copy, Debug)]
pub(super) struct DataRest {
    pub(super) id: StreamId,
    /// Whether the bytes are for nobody.
    pub(super) is_discarded: bool,
    pub(super) data: usize,
    pub(super) padding: usize,
    pub(super) end: bool,
}

/// A header block that has begun.
#[derive(Clone, Copy, Debug)]
pub(super) struct OpenBlock {
    pub(super) id: StreamId,
    pub(super) end: bool,
    /// Whether its priority names itself (RFC 7540, section 5.3.1).
    pub(super) is_own_parent: bool,
    pub(super) continuations: usize,
    pub(super) since: Timestamp,
}

/// Whether the peer knows that our encoder has no table. It has to be told
/// only when its own limit is below the first size (RFC 7541, section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TableNotice {
    NotAsked,
    Due,
    Given,
}

/// How far the end of the connection has come on this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// New streams are welcome.
    Open,
    /// The peer was told that there will be no new ones soon.
    Announced,
    /// Streams above this one are not looked at.
    Last(u32),
}

impl Machine {
    /// The side that is called. Its SETTINGS wait in `output`.
    #[must_use]
    pub fn server(limits: &Limits) -> Self {
        let mut machine = Self::new(limits, true);
        machine.greet(&[
            (settings::MAX_CONCURRENT_STREAMS, number(limits.http2_streams_max)),
            (settings::INITIAL_WINDOW_SIZE, machine.stream_window()),
            (settings::MAX_HEADER_LIST_SIZE, number(limits.head_bytes_max)),
            (settings::ENABLE_CONNECT_PROTOCOL, 1),
        ]);
        machine
    }

    /// The side that calls. Preface and SETTINGS wait in `output`.
    #[must_use]
    pub fn client(limits: &Limits) -> Self {
        let mut machine = Self::new(limits, false);
        machine.output.reply(|out| out.extend_from_slice(frame::PREFACE));
        machine.greet(&[
            (settings::ENABLE_PUSH, 0),
            (settings::INITIAL_WINDOW_SIZE, machine.stream_window()),
            (settings::MAX_HEADER_LIST_SIZE, number(limits.head_bytes_max)),
        ]);
        machine
    }

    fn new(limits: &Limits, is_server: bool) -> Self {
        Self {
            is_server,
            limits: limits.clone(),
            now: Timestamp(0),
            reading: Reading::default(),
            streams: Streams::default(),
            history: History::new(),
            events: VecDeque::new(),
            output: Output::default(),
            turns: Turns::default(),
            decoder: Decoder::new(),
            fields: FieldList::default(),
            scratch: Vec::new(),
            peer: Settings::of(!is_server),
            has_peer_settings: false,
            is_acknowledged: false,
            table: TableNotice::NotAsked,
            send_window: SendWindow::new(FIRST_WINDOW),
            receive_window: ReceiveWindow::new(connection_window(limits)),
            resets: Budget::new(limits.http2_resets_max),
            control: Budget::new(limits.http2_control_frames_max),
            ending: Ending::Open,
            is_peer_leaving: false,
            failure: None,
            is_over: false,
        }
    }

    /// Says our settings, and opens the connection's window.
    fn greet(&mut self, ours: &[(u16, u32)]) {
        let more = connection_window(&self.limits).saturating_sub(FIRST_WINDOW);
        self.output.reply(|out| {
            frame::write_settings(out, ours);
            if more > 0 {
                frame::write_window_update(out, 0, more);
            }
        });
    }

    /// The window our settings give to streams.
    pub(super) fn stream_window(&self) -> u32 {
        number(self.limits.http2_stream_window_bytes).clamp(1, WINDOW_MAX)
    }

    /// The window a stream begins with that the peer opens now: until it has
    /// heard of a smaller one, it is right to use the first.
    pub(super) fn window_now(&self) -> u32 {
        let ours = self.stream_window();
        if self.is_acknowledged { ours } else { ours.max(FIRST_WINDOW) }
    }

    /// What has to be written to the peer.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        self.output.waiting()
    }

    /// So many bytes of the output were written.
    pub fn sent(&mut self, count: usize) {
        self.output.sent(count);
        self.turns.forget_calls();
        if self.streams.is_empty() {
            self.output.rest();
        }
    }

    /// Whether the connection is over: write `output`, then close.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Why it ended, or soon will, when by an error of either side; the words
    /// are for a log.
    #[must_use]
    pub const fn error(&self) -> Option<(ErrorCode, &'static str)> {
        self.failure
    }

    /// Streams whose owner hasn't closed them.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.streams.len()
    }

    /// Ends the connection by an error, at once.
    pub(super) fn fail(&mut self, code: ErrorCode, why: &'static str) {
        if self.is_over {
            return;
        }
        let last = self.last_looked_at();
        self.output.reply(|out| frame::write_go_away(out, last, code, &[]));
        if code != ErrorCode::NoError {
            self.failure = Some((code, why));
        }
        self.is_over = true;
    }

    /// The peer's last stream that this side looks at.
    pub(super) fn last_looked_at(&self) -> u32 {
        match self.ending {
            Ending::Last(last) => last,
            _ if self.is_server => self.history.last(),
            _ => 0,
        }
    }

    /// Ends the connection once nothing is open on it and nothing will be.
    pub(super) fn end_if_done(&mut self) {
        let takes_none = matches!(self.ending, Ending::Last(_));
        let gets_none = !self.is_server && self.is_peer_leaving;
        if self.streams.is_empty() && (takes_none || gets_none) {
            self.is_over = true;
        }
    }

    /// Gives bytes back to the connection's window.
    pub(super) fn credit(&mut self, count: usize) {
        if let Some(increment) = self.receive_window.give_back(count)
            && !self.is_over
        {
            self.output.reply(|out| frame::write_window_update(out, 0, increment));
        }
    }

    /// One direction may have ended, and maybe it was the second.
    pub(super) fn note_finished(&mut self, id: StreamId) {
        if !self.streams.get(id).is_some_and(Stream::is_finished) {
            return;
        }
        self.history.end(id, Past::Ended);
        self.streams.note_finished();
        if self.is_server {
            self.resets.give_back(1);
        }
    }

    /// Takes frames that carry nothing off the peer's account.
    pub(super) fn charge(&mut self, count: usize) -> Result<(), Fault> {
        if self.control.spend(count) {
            return Ok(());
        }
        Err(Fault::calm("the peer sends more control frames than allowed"))
    }
}

/// What the connection's window is opened to.
fn connection_window(limits: &Limits) -> u32 {
    number(limits.http2_connection_window_bytes).clamp(FIRST_WINDOW, WINDOW_MAX)
}

/// The same number in 32 bits, the largest for what is beyond them.
pub(super) fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}
