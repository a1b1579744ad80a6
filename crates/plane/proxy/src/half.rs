//! Two directions over one stream without a lock: both halves live in the
//! same task, and each borrows the stream only while it is polled.

use std::cell::RefCell;
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use model::Millis;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::timeout;

/// One end of a connection, shared by the two pumps of an exchange.
pub(crate) struct Half<'a, S>(&'a RefCell<S>);

impl<S> Clone for Half<'_, S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S> Copy for Half<'_, S> {}

impl<'a, S> Half<'a, S> {
    pub(crate) const fn new(stream: &'a RefCell<S>) -> Self {
        Self(stream)
    }
}

impl<S: AsyncWrite + Unpin> Half<'_, S> {
    /// Writes and flushes all of `bytes`.
    ///
    /// # Errors
    /// The stream's, or `TimedOut` when nothing could be written for `stall`:
    /// the other side does not read.
    pub(crate) async fn send(self, bytes: &[u8], stall: Millis) -> io::Result<()> {
        let mut rest = bytes;
        while !rest.is_empty() {
            let written = poll_fn(|cx| self.with(|s| s.poll_write(cx, rest)));
            let count = within(stall, written).await?;
            if count == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = rest.get(count..).unwrap_or_default();
        }
        within(stall, poll_fn(|cx| self.with(|s| s.poll_flush(cx)))).await
    }

    /// Says that nothing more comes from this side.
    ///
    /// # Errors
    /// As for [`Half::send`].
    pub(crate) async fn finish(self, stall: Millis) -> io::Result<()> {
        within(stall, poll_fn(|cx| self.with(|s| s.poll_shutdown(cx)))).await
    }
}

impl<S: Unpin> Half<'_, S> {
    fn with<T>(self, poll: impl FnOnce(Pin<&mut S>) -> T) -> T {
        poll(Pin::new(&mut *self.0.borrow_mut()))
    }
}

async fn within<T>(stall: Millis, done: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    timeout(stall.into(), done).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}

impl<S: AsyncRead + Unpin> AsyncRead for Half<'_, S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.with(|s| s.poll_read(cx, buf))
    }
}
