//! The bytes of a connection, in and out: what was read goes to the machine,
//! what the machine made goes to the byte stream.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::input::{Input, Read};
use super::shared::Shared;

/// Reads before others on this thread have their turn.
const READS_MAX: usize = 8;

/// A byte stream and the connection on it.
pub(super) struct Pump<S> {
    io: S,
    shared: Rc<Shared>,
    input: Input,
    /// What is left of the input waits for output to go first.
    is_held: bool,
    has_unflushed: bool,
    /// Since when the byte stream has taken nothing, though there is something.
    stalled_since: Option<Instant>,
}

/// What reading came to.
pub(super) enum Fed {
    /// All that is there was read; whether somebody was woken by it.
    All { woken: bool },
    /// There is more, but the peer has to read first.
    Held,
    /// There may be more, but others have their turn first.
    Enough,
    /// The peer has ended its side.
    End,
}

impl<S> Pump<S> {
    pub(super) const fn new(io: S, already_read: Vec<u8>, shared: Rc<Shared>) -> Self {
        Self {
            io,
            shared,
            is_held: !already_read.is_empty(),
            input: Input::new(already_read),
            has_unflushed: false,
            stalled_since: None,
        }
    }

    pub(super) const fn stalled_since(&self) -> Option<Instant> {
        self.stalled_since
    }

    pub(super) const fn is_flushed(&self) -> bool {
        !self.has_unflushed
    }

    /// The byte stream takes nothing now; it will wake the driver.
    fn stall(&mut self) {
        self.shared.is_blocked.set(true);
        self.stalled_since.get_or_insert_with(Instant::now);
    }

    fn wants_input(&self) -> bool {
        self.shared.look().is_some_and(|machine| machine.wants_input())
    }
}

impl<S: AsyncWrite + Unpin> Pump<S> {
    /// Writes all there is, as far as it goes, and says whether that was all.
    ///
    /// # Errors
    /// The byte stream's.
    pub(super) fn write(&mut self, cx: &mut Context<'_>) -> io::Result<bool> {
        self.shared.is_blocked.set(false);
        loop {
            match self.write_once(cx)? {
                Poll::Ready(true) => {}
                Poll::Ready(false) => break,
                Poll::Pending => {
                    self.stall();
                    return Ok(false);
                }
            }
        }
        if self.has_unflushed {
            if Pin::new(&mut self.io).poll_flush(cx)?.is_pending() {
                self.stall();
                return Ok(false);
            }
            self.has_unflushed = false;
        }
        self.stalled_since = None;
        Ok(true)
    }

    /// Writes once; whether there was something to write.
    fn write_once(&mut self, cx: &mut Context<'_>) -> io::Result<Poll<bool>> {
        let shared = &self.shared;
        let Some(machine) = shared.look() else { return Ok(Poll::Ready(false)) };
        let output = machine.output();
        if output.is_empty() {
            return Ok(Poll::Ready(false));
        }
        let count = match Pin::new(&mut self.io).poll_write(cx, output) {
            Poll::Ready(count) => count?,
            Poll::Pending => return Ok(Poll::Pending),
        };
        drop(machine);
        if count == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        self.has_unflushed = true;
        self.stalled_since = None;
        shared.took(count);
        Ok(Poll::Ready(true))
    }

    /// Says in the byte stream's own way that nothing more comes.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> Pump<S> {
    /// Reads what is there and has the machine understand it.
    ///
    /// # Errors
    /// The byte stream's.
    pub(super) fn read(&mut self, cx: &mut Context<'_>) -> io::Result<Fed> {
        let mut woken = false;
        for _ in 0..READS_MAX {
            if !self.wants_input() {
                return Ok(Fed::Held);
            }
            let shared = &self.shared;
            if self.is_held {
                self.input.offer(|bytes| shared.receive(bytes));
            } else {
                match self.input.poll_read(cx, &mut self.io, |bytes| shared.receive(bytes)) {
                    Poll::Ready(Ok(Read::Bytes)) => {}
                    Poll::Ready(Ok(Read::End)) => return Ok(Fed::End),
                    Poll::Ready(Err(error)) => return Err(error),
                    Poll::Pending => return Ok(Fed::All { woken }),
                }
            }
            woken |= shared.hand_out_all();
            self.is_held = !self.input.is_empty() && !self.wants_input();
        }
        Ok(Fed::Enough)
    }

    /// Reads once and drops what came: how much, 0 for the end.
    pub(super) fn poll_waste(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let mut count = 0;
        let read = self.input.poll_read(cx, &mut self.io, |bytes| {
            count = bytes.len();
            count
        });
        read.map_ok(|_| count)
    }
}
