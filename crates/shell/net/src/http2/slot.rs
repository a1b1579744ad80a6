//! What one stream is waiting for and what it was told, shared by its owner
//! and the driver.
//!
//! Everything is a cell of its own: nothing is borrowed while somebody is
//! woken, since waking may drop a task, and with it streams.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::{Context, Waker};

use wire::http::ResponseHead;
use wire::http2::{ErrorCode, StreamId};

/// One task that waits for one thing.
#[derive(Default)]
pub(super) struct Waiter(Cell<Option<Waker>>);

impl Waiter {
    /// Has this task woken next, in place of whoever waited before.
    pub(super) fn wait(&self, cx: &Context<'_>) {
        let before = self.0.take();
        let waker = match &before {
            Some(waker) if waker.will_wake(cx.waker()) => before,
            _ => {
                self.0.set(Some(cx.waker().clone()));
                // May drop a task, and with it whatever it held.
                drop(before);
                return;
            }
        };
        self.0.set(waker);
    }

    /// Wakes who waits, once. True if somebody did.
    pub(super) fn wake(&self) -> bool {
        self.0.take().map(Waker::wake).is_some()
    }
}

/// How a stream was cut off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    Reset { code: ErrorCode, by_peer: bool },
    Lost,
}

/// A response head and whether the stream ended with it.
pub(super) type Answer = (Box<ResponseHead>, bool);

/// One stream's state.
pub(super) struct Slot {
    pub(super) id: Cell<StreamId>,
    /// Waits for a head or a body.
    pub(super) reader: Waiter,
    /// Waits for room to send.
    pub(super) writer: Waiter,
    /// Waits for the end of it all.
    pub(super) watcher: Waiter,
    /// The machine limits how many interim ones there can be.
    pub(super) answers: RefCell<VecDeque<Answer>>,
    /// The peer's END_STREAM was seen.
    pub(super) has_ended: Cell<bool>,
    /// The head that a body can follow was sent.
    pub(super) has_begun: Cell<bool>,
    /// Our END_STREAM was sent.
    pub(super) is_finished: Cell<bool>,
    /// Not all that was to be sent was taken: the machine keeps a turn for it.
    pub(super) wants_room: Cell<bool>,
    pub(super) cut: Cell<Option<Cut>>,
    /// How many bytes the connection had been given before the stream's first.
    pub(super) opened_at: Cell<u64>,
}

impl Slot {
    pub(super) fn new(id: StreamId) -> Self {
        Self {
            id: Cell::new(id),
            reader: Waiter::default(),
            writer: Waiter::default(),
            watcher: Waiter::default(),
            answers: RefCell::default(),
            has_ended: Cell::new(false),
            has_begun: Cell::new(false),
            is_finished: Cell::new(false),
            wants_room: Cell::new(false),
            cut: Cell::new(None),
            opened_at: Cell::new(0),
        }
    }

    /// Makes it ready for another stream.
    pub(super) fn renew(&mut self, id: StreamId) {
        let mut answers = std::mem::take(self.answers.get_mut());
        answers.clear();
        *self = Self { answers: RefCell::new(answers), ..Self::new(id) };
    }

    /// Cuts the stream off and tells all who wait. What was cut first stays.
    /// True if somebody waited.
    pub(super) fn cut(&self, cut: Cut) -> bool {
        if self.cut.get().is_none() {
            self.cut.set(Some(cut));
        }
        let woken = [self.reader.wake(), self.writer.wake(), self.watcher.wake()];
        woken.contains(&true)
    }

    /// Whether both sides have ended as they should.
    pub(super) const fn is_complete(&self) -> bool {
        self.has_ended.get() && self.is_finished.get()
    }

    /// How it was cut off, if something was lost by that: not when all was
    /// said, nor when the peer only said after its whole answer that it needs
    /// no more of the request (RFC 9113, section 8.1).
    pub(super) fn lost(&self) -> Option<Cut> {
        let cut = self.cut.get().filter(|_| !self.is_complete())?;
        let no_error = Cut::Reset { code: ErrorCode::NoError, by_peer: true };
        (cut != no_error || !self.has_ended.get()).then_some(cut)
    }
}
