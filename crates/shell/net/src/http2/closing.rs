//! The last second of a connection: what was said last has to arrive.
//!
//! Our side is ended first, then there is a short while of listening, or the
//! kernel would answer what still comes with a reset that overtakes it.

use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;

use super::alarm::Alarm;
use super::pump::Pump;

const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: usize = 256 * 1024;

/// A connection that is ending.
pub(super) struct Closing {
    deadline: Instant,
    has_shut: bool,
    seen: usize,
}

impl Closing {
    pub(super) fn begin() -> Self {
        Self { deadline: Instant::now() + LINGER, has_shut: false, seen: 0 }
    }

    /// Ready when the byte stream can be dropped.
    pub(super) fn poll<S>(
        &mut self,
        cx: &mut Context<'_>,
        pump: &mut Pump<S>,
        alarm: &mut Alarm,
    ) -> Poll<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if self.poll_last(cx, pump).is_ready() {
            return Poll::Ready(());
        }
        while Instant::now() < self.deadline {
            ready!(alarm.poll(cx, self.deadline));
        }
        Poll::Ready(())
    }

    /// Ready when the peer has ended its side too, or nothing helps.
    fn poll_last<S>(&mut self, cx: &mut Context<'_>, pump: &mut Pump<S>) -> Poll<()>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if !self.has_shut {
            match pump.write(cx) {
                Ok(true) => {}
                Ok(false) => return Poll::Pending,
                Err(_) => return Poll::Ready(()),
            }
            if ready!(pump.poll_shutdown(cx)).is_err() {
                return Poll::Ready(());
            }
            self.has_shut = true;
        }
        while self.seen < LINGER_BYTES {
            match ready!(pump.poll_waste(cx)) {
                Ok(count @ 1..) => self.seen = self.seen.saturating_add(count),
                Ok(0) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}
