//! The future that moves a connection and keeps its time limits.
//!
//! One poll takes in all that has come. What the woken streams make of it is
//! written together, in the next poll.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::{fmt, io};

use model::{Limits, Millis};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Instant;
use wire::http2::{ErrorCode, Machine};

use super::alarm::Alarm;
use super::closing::Closing;
use super::end::End;
use super::pump::{Fed, Pump};
use super::shared::Shared;

/// How long a peer has to answer the PING that follows a first GOAWAY.
const FAREWELL: Duration = Duration::from_secs(1);

/// How long a peer is waited for.
pub(super) struct Patience {
    head: Millis,
    stall: Duration,
    idle: Option<Duration>,
}

impl Patience {
    pub(super) fn of_server(limits: &Limits) -> Self {
        Self { idle: Some(limits.idle_time.into()), ..Self::of_client(limits) }
    }

    pub(super) fn of_client(limits: &Limits) -> Self {
        Self { head: limits.head_time, stall: limits.body_stall_time.into(), idle: None }
    }
}

/// The work of one connection, to be polled or spawned by whoever began it.
/// Dropped before its end, all streams find their connection lost.
pub struct Driver<S> {
    shared: Rc<Shared>,
    pump: Pump<S>,
    patience: Patience,
    alarm: Alarm,
    /// The peer had its time to hear that we shut down.
    has_finished: bool,
    closing: Option<(Closing, End)>,
}

impl<S> Driver<S> {
    pub(super) fn new(shared: Rc<Shared>, pump: Pump<S>, patience: Patience) -> Self {
        let alarm = Alarm::default();
        Self { shared, pump, patience, alarm, has_finished: false, closing: None }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    /// Ready when the connection is over and only its last words are left.
    fn poll_run(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let ends = match self.go_round(cx) {
                Ok(()) => self.keep_time(cx),
                Err(end) => Err(end),
            };
            match ends {
                Ok(time) => ready!(time),
                Err(end) => return Poll::Ready(end),
            }
        }
    }

    /// Writes, reads, and writes what came of it, as far as it goes.
    fn go_round(&mut self, cx: &mut Context<'_>) -> Result<(), End> {
        let written = self.pump.write(cx);
        let fed = self.pump.read(cx);
        // A peer that has stopped reading may have said why.
        self.is_going_on()?;
        let fed = fed.map_err(|error| self.ended_by_peer(error))?;
        if matches!(fed, Fed::End) {
            let why = "the peer closed the connection with streams open";
            let error = io::Error::new(io::ErrorKind::UnexpectedEof, why);
            return Err(self.ended_by_peer(error));
        }
        written.map_err(|error| self.ended_by_peer(error))?;
        let goes_on = match fed {
            Fed::Enough => true,
            // Whoever was woken may have more to write with it.
            Fed::All { woken } => woken && self.has_output(),
            Fed::Held | Fed::End => false,
        };
        if goes_on {
            cx.waker().wake_by_ref();
        } else if !self.shared.is_blocked.get() {
            let is_all = self.pump.write(cx).map_err(|error| self.ended_by_peer(error))?;
            if is_all && matches!(fed, Fed::Held) {
                cx.waker().wake_by_ref();
            }
        }
        self.is_going_on()
    }

    /// Whether there is something to write that can be written.
    fn has_output(&self) -> bool {
        let machine = self.shared.look().filter(|_| !self.shared.is_blocked.get());
        machine.is_some_and(|machine| !machine.output().is_empty())
    }

    /// Over with an error at once, else when everything is written.
    fn is_going_on(&self) -> Result<(), End> {
        let Some(machine) = self.shared.look().filter(|machine| machine.is_over()) else {
            return Ok(());
        };
        match machine.error() {
            Some((code, why)) => Err(End::Error { code, why }),
            None if machine.output().is_empty() && self.pump.is_flushed() => Err(End::Closed),
            None => Ok(()),
        }
    }

    /// What it means that the byte stream has ended. A peer may leave as it
    /// likes when nothing is open.
    fn ended_by_peer(&self, error: io::Error) -> End {
        match self.shared.look().and_then(|machine| machine.error()) {
            Some((code, why)) => End::Error { code, why },
            None if self.shared.roster.is_working() => End::Broken(error),
            None => End::Closed,
        }
    }

    /// Does what is due. Ready when something was, so that others may be.
    fn keep_time(&mut self, cx: &mut Context<'_>) -> Result<Poll<()>, End> {
        let now = Instant::now();
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let (head, stall) = (self.head_deadline(), self.stall_deadline());
        let (farewell, idle) = (self.farewell_deadline(), self.idle_deadline(now));
        if due(stall) {
            let why = "the peer does not read what it is sent";
            return Err(End::Broken(io::Error::new(io::ErrorKind::TimedOut, why)));
        }
        if due(head) {
            let why = "a header block or another frame took longer than head_time";
            self.shared.with(|machine| machine.go_away(ErrorCode::EnhanceYourCalm, why));
        } else if due(farewell) {
            self.has_finished = true;
            self.shared.with(Machine::finish_shut_down);
        } else if due(idle) {
            self.shared.shut_down();
        } else {
            let first = [head, stall, farewell, idle].into_iter().flatten().min();
            return Ok(first.map_or(Poll::Pending, |at| self.alarm.poll(cx, at)));
        }
        Ok(Poll::Ready(()))
    }

    fn head_deadline(&self) -> Option<Instant> {
        let since = self.shared.look()?.header_block_since()?;
        self.shared.instant(since.plus(self.patience.head))
    }

    fn stall_deadline(&self) -> Option<Instant> {
        self.pump.stalled_since()?.checked_add(self.patience.stall)
    }

    fn farewell_deadline(&self) -> Option<Instant> {
        let told = self.shared.shut_down_at.get().filter(|_| !self.has_finished)?;
        told.checked_add(FAREWELL)
    }

    /// While streams are open it is moved on whenever it comes near, so nobody
    /// has to tell the driver of the last stream's end.
    fn idle_deadline(&self, now: Instant) -> Option<Instant> {
        let idle = self.patience.idle.filter(|_| self.shared.shut_down_at.get().is_none())?;
        self.shared.roster.idle_since().unwrap_or(now).checked_add(idle)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Future for Driver<S> {
    type Output = End;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<End> {
        let this = self.get_mut();
        this.shared.driver.wait(cx);
        if this.closing.is_none() {
            let end = ready!(this.poll_run(cx));
            this.shared.end(|| (end.to_string(), matches!(end, End::Error { .. })));
            this.closing = Some((Closing::begin(), end));
        }
        let Some((closing, end)) = &mut this.closing else { return Poll::Pending };
        if !matches!(end, End::Broken(_)) {
            ready!(closing.poll(cx, &mut this.pump, &mut this.alarm));
        }
        Poll::Ready(std::mem::replace(end, End::Closed))
    }
}

impl<S> Drop for Driver<S> {
    fn drop(&mut self) {
        self.shared.end(|| ("nobody drives it any more".to_owned(), false));
    }
}

impl<S> fmt::Debug for Driver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("is_closing", &self.closing.is_some())
            .finish_non_exhaustive()
    }
}
