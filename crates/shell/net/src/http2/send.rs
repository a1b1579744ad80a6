//! What goes out on a stream: heads, the body as far as there is room, trailers.

use std::future::poll_fn;
use std::task::{Context, Poll};

use model::Millis;
use tokio::time::timeout;
use wire::http2::{Block, SendError, StreamId};

use super::error::StreamError;
use super::stream::{IN_USE, Stream};

/// How many bytes were taken to be sent.
type Sent = Result<usize, StreamError>;

impl Stream {
    /// Server: sends an interim head (1xx) or the final one; `end` ends the
    /// answer with it. `fields` must not use this connection otherwise.
    ///
    /// # Errors
    /// When the stream is cut off, or the head can't be sent now.
    pub fn respond(
        &self,
        status: u16,
        fields: impl FnOnce(&mut Block<'_>),
        end: bool,
    ) -> Result<(), StreamError> {
        self.can_send()?;
        let sent = self.shared.with(|machine| {
            let mut block = machine.response(self.id(), status);
            fields(&mut block);
            block.send(end)
        });
        self.sent(sent, end)?;
        self.slot.has_begun.set(status >= 200);
        Ok(())
    }

    /// Sends trailers, which end this side of the stream. `fields` must not
    /// use this connection otherwise.
    ///
    /// # Errors
    /// As for [`Stream::respond`].
    pub fn trailers(&self, fields: impl FnOnce(&mut Block<'_>)) -> Result<(), StreamError> {
        self.can_send()?;
        let sent = self.shared.with(|machine| {
            let mut block = machine.trailers_out(self.id());
            fields(&mut block);
            block.send(true)
        });
        self.sent(sent, true)
    }

    fn sent(
        &self,
        sent: Option<Result<StreamId, SendError>>,
        end: bool,
    ) -> Result<(), StreamError> {
        sent.ok_or(IN_USE)??;
        self.slot.is_finished.set(end);
        Ok(())
    }

    /// Sends all of `bytes`; `end` ends this side of the stream with them.
    /// Dropped half-way, some of them may have been sent.
    ///
    /// # Errors
    /// When the stream is cut off, the body can't be sent now, or `TimedOut`
    /// when no byte could be sent for `stall`.
    pub async fn send(&self, bytes: &[u8], end: bool, stall: Millis) -> Result<(), StreamError> {
        let _turn = Turn(self);
        let mut rest = bytes;
        while !rest.is_empty() || (end && !self.slot.is_finished.get()) {
            let taken = self.send_some(rest, end, stall).await?;
            rest = rest.get(taken..).unwrap_or_default();
        }
        Ok(())
    }

    async fn send_some(&self, bytes: &[u8], end: bool, stall: Millis) -> Sent {
        // Only who has to wait pays for a timer.
        match poll_fn(|cx| Poll::Ready(self.poll_send(cx, bytes, end))).await {
            Poll::Ready(sent) => sent,
            Poll::Pending => timeout(stall.into(), poll_fn(|cx| self.poll_send(cx, bytes, end)))
                .await
                .unwrap_or(Err(StreamError::TimedOut)),
        }
    }

    /// Sends what there is room for of `bytes`, at least one; `end` ends this
    /// side of the stream if that is all of them. Whoever was not taken all
    /// from and will not ask again says so by [`Stream::stop_sending`] or drops
    /// the stream, or others wait for it.
    ///
    /// # Errors
    /// When the stream is cut off, or the body can't be sent now.
    pub fn poll_send(&self, cx: &mut Context<'_>, bytes: &[u8], end: bool) -> Poll<Sent> {
        self.can_send()?;
        if !self.slot.has_begun.get() {
            return Poll::Ready(Err(SendError::OutOfOrder.into()));
        }
        let Some(mut machine) = self.shared.lock() else { return Poll::Ready(Err(IN_USE)) };
        let taken = machine.data(self.id(), bytes, end);
        drop(machine);
        let is_all = taken == bytes.len();
        let is_stuck = taken == 0 && !is_all;
        self.slot.is_finished.set(end && is_all);
        self.slot.wants_room.set(!is_all);
        if is_stuck {
            // Before anything is handed out: room may be among it.
            self.slot.writer.wait(cx);
        }
        self.shared.settle();
        if is_stuck { Poll::Pending } else { Poll::Ready(Ok(taken)) }
    }

    /// Gives up the place in the queue of those who wait for room.
    pub fn stop_sending(&self) {
        if self.slot.wants_room.replace(false) {
            let id = self.id();
            self.shared.with(|machine| machine.data(id, &[], false));
        }
    }

    fn can_send(&self) -> Result<(), StreamError> {
        match self.slot.cut.get() {
            Some(cut) => Err(self.error(cut)),
            None if self.slot.is_finished.get() => Err(SendError::StreamClosed.into()),
            None => Ok(()),
        }
    }
}

/// A place in the queue of those who wait for room; nobody keeps one that
/// isn't waiting.
struct Turn<'a>(&'a Stream);

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.0.stop_sending();
    }
}
