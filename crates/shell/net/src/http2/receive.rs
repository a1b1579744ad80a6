//! What comes in on a stream: heads of answers, the body, trailers.

use std::future::poll_fn;
use std::task::{Context, Poll};

use wire::http::{ResponseHead, Trailers};

use super::error::StreamError;
use super::stream::{IN_USE, Stream};

/// What there is to receive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readable {
    /// Bytes of the body, to be taken.
    Data,
    /// The end of the message. There may be trailers.
    End,
}

impl Stream {
    /// Client: the next head of the answer, interim ones (1xx) too, and
    /// whether the answer ends with it.
    ///
    /// # Errors
    /// When the stream is cut off, or its answer has been taken already.
    pub async fn answer(&self) -> Result<(Box<ResponseHead>, bool), StreamError> {
        poll_fn(|cx| self.poll_answer(cx)).await
    }

    fn poll_answer(
        &self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(Box<ResponseHead>, bool), StreamError>> {
        if let Some(answer) = self.slot.answers.borrow_mut().pop_front() {
            return Poll::Ready(Ok(answer));
        }
        if self.slot.has_ended.get() {
            let error = StreamError::OutOfTurn("the answer has ended");
            return Poll::Ready(Err(error));
        }
        if let Some(cut) = self.slot.cut.get() {
            return Poll::Ready(Err(self.error(cut)));
        }
        self.slot.reader.wait(cx);
        Poll::Pending
    }

    /// Waits until there is something to receive. A message that had come
    /// whole can still be read when the stream was cut off later.
    ///
    /// # Errors
    /// When the stream is cut off before the end of the message.
    pub async fn readable(&self) -> Result<Readable, StreamError> {
        poll_fn(|cx| self.poll_readable(cx)).await
    }

    /// As [`Stream::readable`].
    ///
    /// # Errors
    /// As for [`Stream::readable`].
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<Result<Readable, StreamError>> {
        let Some(machine) = self.shared.look() else { return Poll::Ready(Err(IN_USE)) };
        if !machine.received(self.id()).is_empty() {
            return Poll::Ready(Ok(Readable::Data));
        }
        drop(machine);
        if self.slot.has_ended.get() {
            return Poll::Ready(Ok(Readable::End));
        }
        if let Some(cut) = self.slot.cut.get() {
            return Poll::Ready(Err(self.error(cut)));
        }
        self.slot.reader.wait(cx);
        Poll::Pending
    }

    /// Moves up to `max` received bytes to the end of `out` and says how many;
    /// the peer may send as many more.
    pub fn take(&self, max: usize, out: &mut Vec<u8>) -> usize {
        let mut left = max;
        while left > 0 {
            let taken = self.with_received(|bytes| {
                let taken = bytes.get(..left).unwrap_or(bytes);
                out.extend_from_slice(taken);
                (taken.len(), taken.len())
            });
            if taken == 0 {
                break;
            }
            left = left.saturating_sub(taken);
        }
        max.saturating_sub(left)
    }

    /// Shows received bytes to `read`, which says how many it used; the peer may
    /// send as many more. They are not always all that is there, but none only
    /// when none is. `read` must not use this connection: it would find nothing
    /// there.
    pub fn with_received<T>(&self, read: impl FnOnce(&[u8]) -> (usize, T)) -> T {
        let Some(mut machine) = self.shared.lock() else { return read(&[]).1 };
        let (used, value) = read(machine.received(self.id()));
        if used > 0 {
            machine.consume(self.id(), used);
        }
        drop(machine);
        self.shared.settle();
        value
    }

    /// Shows the trailers of a message that has ended, if it had any.
    pub fn with_trailers<T>(&self, read: impl FnOnce(Option<&Trailers>) -> T) -> T {
        let machine = self.shared.look();
        read(machine.as_ref().and_then(|machine| machine.trailers(self.id())))
    }
}
