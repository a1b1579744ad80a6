//! The bytes of a connection that are read and not yet understood.
//!
//! Reading goes through one large buffer that all connections of a thread
//! share; a connection keeps only what is left of a frame that has not come
//! whole. An idle one keeps nothing.

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

/// Room for a frame of the largest size we allow and as much again.
const SIZE: usize = 32 * 1024;
/// An empty remainder keeps this much memory at most.
const KEPT: usize = 512;

thread_local! {
    /// Taken while one connection reads, so there is one for each thread.
    static SHARED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// What is left of what was read.
pub(super) struct Input {
    rest: Vec<u8>,
}

/// What one read brought.
pub(super) enum Read {
    Bytes,
    End,
}

impl Input {
    /// Starts with bytes that were read before.
    pub(super) const fn new(rest: Vec<u8>) -> Self {
        Self { rest }
    }

    /// Whether nothing is left.
    pub(super) const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads once and offers everything that is there to `eat`, which says how
    /// much of it it used; the rest is offered again with more.
    pub(super) fn poll_read<S>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut S,
        eat: impl FnOnce(&[u8]) -> usize,
    ) -> Poll<io::Result<Read>>
    where
        S: AsyncRead + Unpin,
    {
        let mut buffer = SHARED.take();
        buffer.resize(SIZE, 0);
        let read = self.read_with(cx, io, &mut buffer, eat);
        SHARED.set(buffer);
        read
    }

    fn read_with<S>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut S,
        buffer: &mut [u8],
        eat: impl FnOnce(&[u8]) -> usize,
    ) -> Poll<io::Result<Read>>
    where
        S: AsyncRead + Unpin,
    {
        let before = self.rest.len();
        let split = buffer.split_at_mut_checked(before);
        let Some((front, room)) = split.filter(|(_, room)| !room.is_empty()) else {
            return Poll::Ready(Err(io::ErrorKind::OutOfMemory.into()));
        };
        let mut room = ReadBuf::new(room);
        let read = Pin::new(io).poll_read(cx, &mut room);
        if read.is_pending() && self.rest.is_empty() {
            self.rest.shrink_to(KEPT);
        }
        ready!(read)?;
        let count = room.filled().len();
        if count == 0 {
            return Poll::Ready(Ok(Read::End));
        }
        front.copy_from_slice(&self.rest);
        let whole = buffer.get(..before.saturating_add(count)).unwrap_or_default();
        let used = eat(whole);
        self.rest.clear();
        self.rest.extend_from_slice(whole.get(used..).unwrap_or_default());
        Poll::Ready(Ok(Read::Bytes))
    }

    /// Offers what is left once more.
    pub(super) fn offer(&mut self, eat: impl FnOnce(&[u8]) -> usize) {
        let used = eat(&self.rest);
        self.rest.drain(..used.min(self.rest.len()));
    }
}
