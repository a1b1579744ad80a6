//! One stream that has an owner: how far each side of it has come, its
//! windows, and what was received and not read yet (RFC 9113, section 5.1).

use std::collections::VecDeque;

use super::window::{ReceiveWindow, SendWindow};
use crate::http::{Framing, ResponseHead, Trailers};

/// How far one direction of a stream has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Half {
    /// The final head hasn't gone or come.
    Head,
    /// The body, or its end, is next.
    Body,
    /// It has ended as it should.
    Ended,
}

/// What of the request decides how its response is read (RFC 9110,
/// section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A `HEAD`: no body comes.
    Head,
    /// A `CONNECT`, also an extended one: a tunnel comes.
    Connect,
    /// Any other method.
    Other,
}

impl Asked {
    pub(super) fn of(method: &str) -> Self {
        match method {
            "HEAD" => Self::Head,
            "CONNECT" => Self::Connect,
            _ => Self::Other,
        }
    }

    /// A method that stands for all of them.
    pub(super) const fn method(self) -> &'static str {
        match self {
            Self::Head => "HEAD",
            Self::Connect => "CONNECT",
            Self::Other => "GET",
        }
    }

    /// How many bytes of a body follow this head, when that is known. Behind
    /// the answer that makes a tunnel comes what the tunnel carries.
    pub(super) fn length_of(self, head: &ResponseHead) -> Option<u64> {
        let is_tunnel = self == Self::Connect && (200..300).contains(&head.status());
        match head.framing() {
            _ if is_tunnel => None,
            Framing::Length(length) => Some(length),
            Framing::None => Some(0),
            Framing::Chunked | Framing::UntilClose => None,
        }
    }
}

/// A stream from its first head until its owner closes it.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) receiving: Half,
    pub(super) sending: Half,
    /// Reset by either side: nothing goes or comes any more.
    pub(super) is_reset: bool,
    /// Whether its owner has heard of it.
    pub(super) is_told: bool,
    /// Whether a `Data` event waits to be taken.
    pub(super) tells_data: bool,
    /// Bytes of the body still to come, when the head said how many.
    pub(super) length: Option<u64>,
    pub(super) asked: Asked,
    /// Bytes of its head that came from the compression table.
    pub(super) borrowed: usize,
    /// Interim heads received.
    pub(super) interim: u32,
    pub(super) send_window: SendWindow,
    pub(super) receive_window: ReceiveWindow,
    pub(super) received: VecDeque<u8>,
    pub(super) trailers: Option<Box<Trailers>>,
    pub(super) turn: Turn,
}

/// Where a sender stands that found no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Turn {
    /// It doesn't wait.
    #[default]
    None,
    /// Its own window has to open first.
    Starved,
    /// It stands in the queue with this ticket.
    Queued(u64),
    /// It was told to try again, and keeps its ticket until it has.
    Called(u64),
}

impl Stream {
    pub(super) fn new(send_window: u32, receive_window: u32) -> Self {
        Self {
            receiving: Half::Head,
            sending: Half::Head,
            borrowed: 0,
            is_reset: false,
            is_told: false,
            tells_data: false,
            length: None,
            asked: Asked::Other,
            interim: 0,
            send_window: SendWindow::new(send_window),
            receive_window: ReceiveWindow::new(receive_window),
            received: VecDeque::new(),
            trailers: None,
            turn: Turn::None,
        }
    }

    /// Whether both sides have ended as they should.
    pub(super) fn is_finished(&self) -> bool {
        self.receiving == Half::Ended && self.sending == Half::Ended
    }

    /// Whether frames may still come or go.
    pub(super) fn is_live(&self) -> bool {
        !self.is_reset && !self.is_finished()
    }

    /// Whether data can be sent.
    pub(super) fn can_send(&self) -> bool {
        self.sending == Half::Body && !self.is_reset
    }

    /// Takes bytes of a body off the announced length; false when there are
    /// more than were announced.
    pub(super) fn count_body(&mut self, count: usize) -> bool {
        let Some(left) = self.length else { return true };
        self.length = left.checked_sub(count as u64);
        self.length.is_some()
    }

    /// Whether as much has come as was announced.
    pub(super) fn is_complete(&self) -> bool {
        self.length.is_none_or(|left| left == 0)
    }

    /// Received bytes that stand together.
    pub(super) fn received(&self) -> &[u8] {
        self.received.as_slices().0
    }

    /// Takes received bytes off the front; gives how many there were.
    pub(super) fn consume(&mut self, count: usize) -> usize {
        let count = count.min(self.received.len());
        if count == self.received.len() {
            self.received.clear();
        } else {
            self.received.drain(..count);
        }
        count
    }
}
