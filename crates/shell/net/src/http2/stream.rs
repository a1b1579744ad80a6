//! One stream of a connection: a request and its answer.
//!
//! Tasks share it as `&Stream`: one may send, one receive and one wait for the
//! end of it all at the same time. No method holds anything while it waits, so
//! every future here may be dropped at any point.

use std::fmt;
use std::future::poll_fn;
use std::rc::Rc;
use std::task::Poll;

use wire::http2::{ErrorCode, StreamId};

use super::error::StreamError;
use super::shared::Shared;
use super::slot::{Cut, Slot};

pub(super) const IN_USE: StreamError =
    StreamError::OutOfTurn("the connection is in use by the caller");

/// One stream. Dropping it ends it: unfinished, it is reset (with NO_ERROR
/// when a server's answer is complete, else with CANCEL).
///
/// For each of sending, receiving and [`lost`](Self::lost) one task may wait
/// at a time; of two, the later is woken.
pub struct Stream {
    pub(super) shared: Rc<Shared>,
    pub(super) slot: Rc<Slot>,
}

impl Stream {
    pub(super) const fn new(shared: Rc<Shared>, slot: Rc<Slot>) -> Self {
        Self { shared, slot }
    }

    /// Its number on the wire.
    #[must_use]
    pub fn id(&self) -> StreamId {
        self.slot.id.get()
    }

    /// Whether the peer has ended its side.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.slot.has_ended.get()
    }

    /// Client: whether the peer has surely not acted on the request: it refused
    /// it (RFC 9113, section 8.7), told so by GOAWAY, or was never sent a byte
    /// of it. It may be sent again, elsewhere.
    #[must_use]
    pub fn is_unprocessed(&self) -> bool {
        match self.slot.cut.get() {
            Some(Cut::Reset { code, by_peer }) => by_peer && code == ErrorCode::RefusedStream,
            Some(Cut::Lost) => self.shared.written.get() <= self.slot.opened_at.get(),
            None => false,
        }
    }

    /// Waits until the peer has reset the stream or the connection is gone. A
    /// reset without error behind a whole message is none (RFC 9113, section
    /// 8.1).
    pub async fn lost(&self) -> StreamError {
        poll_fn(|cx| match self.slot.lost() {
            Some(cut) => Poll::Ready(self.error(cut)),
            None => {
                self.slot.watcher.wait(cx);
                Poll::Pending
            }
        })
        .await
    }

    /// Ends the stream at once, in both directions.
    pub fn reset(&self, code: ErrorCode) {
        let id = self.id();
        if self.slot.cut.get().is_none() {
            self.slot.cut(Cut::Reset { code, by_peer: false });
            self.shared.with(|machine| machine.reset(id, code));
        }
    }

    #[cfg(test)]
    pub(super) fn slot_cut(&self) -> Option<Cut> {
        self.slot.cut.get()
    }

    pub(super) fn error(&self, cut: Cut) -> StreamError {
        match cut {
            Cut::Reset { code, by_peer } => StreamError::Reset { code, by_peer },
            Cut::Lost => {
                let (why, by_error) = self.shared.gone().unwrap_or_default();
                if by_error { StreamError::Broken(why) } else { StreamError::Lost(why) }
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.shared.close(&mut self.slot);
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").field("id", &self.id()).finish_non_exhaustive()
    }
}
